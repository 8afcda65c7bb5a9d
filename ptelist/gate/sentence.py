"""The verdict of a gate, in a sentence or two."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from ptelist.gate.check import FAIL, PASS
from ptelist.gate.limits import EXACT
from ptelist.interval import Change
from ptelist.output import numbers, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.gate.check import Finding


def headline(findings: Sequence[Finding]) -> str:
    """Return that all budgets hold, or how many are exceeded and the first of them, failures before warnings."""
    over = sorted((each for each in findings if each.over), key=lambda each: each.status != FAIL)
    ruled = sum(each.rule is not None for each in findings)
    unheld = list(dict.fromkeys(each.scenario for each in findings if not each.over and each.status != PASS))
    told = f" The baseline does not have the same scenarios: {sentence.named(unheld)}." if unheld else ""
    if over:
        which = "" if over[0].status == FAIL else ", with a warning"
        count = f"{len(over)} of {sentence.plural(ruled, 'budget')} {'is' if len(over) == 1 else 'are'} exceeded"
        return f"{count}{which}: {_excess(over[0])}.{told}"
    if told:
        return told.strip()
    return f"All {sentence.plural(ruled, 'budget')} hold." if ruled > 1 else "The budget holds."


def _excess(finding: Finding) -> str:
    """Return by how much a figure is over its budget; a budget bounds the high end."""
    rule, term, most = finding.rule, finding.term, finding.most
    if rule is None or term is None or most is None:
        return finding.scenario
    text = f"{rule.figure} of {finding.scenario} is {sentence.amount(term, term.unit)}"
    more = term.high - most
    if rule.kind == EXACT or more <= 0:
        return f"{text}, not the {numbers.integer(most)} that it must be"
    ratio = (Fraction(more, most), Fraction(more, most)) if most else None
    change = Change(more, more, ratio)
    words = sentence.difference(change, term.unit, sentence.part(change))
    return f"{text}, {words} than the {numbers.integer(most)} allowed"
