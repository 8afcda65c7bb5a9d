"""The verdict of a gate, in a sentence or two, and what to do if it is meant to be so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.interval import Change, Interval, Ratio
from ptelist.gate.check import FAIL, PASS
from ptelist.gate.limits import EXACT, GROWTH
from ptelist.gate.totals import said
from ptelist.output import numbers, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.gate.check import Finding
    from ptelist.gate.totals import Total


def headline(findings: Sequence[Finding], totals: Sequence[Total] = ()) -> str:
    """Return that all budgets hold and what moved, or how many are exceeded and the first of them, failures first."""
    over = sorted((each for each in findings if each.over and not _unsure(each)), key=lambda each: each.status != FAIL)
    failed = [each for each in over if each.status == FAIL]
    ruled = sum(each.rule is not None for each in findings)
    unheld = list(dict.fromkeys(each.scenario for each in findings if not each.over and each.status != PASS))
    told = f"The baseline does not have the same scenarios: {sentence.named(unheld)}." if unheld else ""
    if over:
        first, others = failed or over, len(over) - len(failed) if failed else 0
        which = "" if failed else ", with a warning"
        warned = f", and {others} {'warns' if others == 1 else 'warn'}" if others else ""
        count = f"{len(first)} of {sentence.plural(ruled, 'budget')} {'is' if len(first) == 1 else 'are'} exceeded"
        return f"{count}{which}{warned}: {_excess(first[0])}. {told}".rstrip()
    hidden = next(filter(_unsure, findings), None)
    if hidden:
        return f"No budget is exceeded for sure: {_width(hidden)}. {told}".rstrip()
    hold = f"All {sentence.plural(ruled, 'budget')} hold" if ruled > 1 else "The budget holds"
    moved = f": {said(totals, figures=sum(each.moved for each in findings))}" if totals else ""
    return told or f"{hold}{moved}."


def if_intended(findings: Sequence[Finding], accept: str) -> tuple[str, str]:
    """Return what to do about figures that are meant to be so, and the command if a new baseline is part of that.

    `accept` is the command that writes one. Without it there is no file to say anything in: both are "".
    """
    over = [each.rule for each in findings if each.over and each.rule]
    relative = [rule for rule in over if rule.relative]
    if not accept:
        return "", ""
    if not over:
        return "If intended, write the baseline anew with:", accept
    if not relative:
        return "If intended, raise the limit where it stands.", ""
    if len(relative) < len(over):
        return "If intended, raise each limit where it stands; growth since the baseline is accepted with:", accept
    return "If intended, raise the limit where it stands, or accept the growth with:", accept


def _unsure(finding: Finding) -> bool:
    """Return whether a figure is within its budget as far as can be told, and too open to tell."""
    within = finding.term is not None and finding.most is not None and finding.term.high <= finding.most
    return within and finding.hidden > 0


def _excess(finding: Finding) -> str:
    """Return by how much a figure is over its budget, which bounds its high end or its growth."""
    rule, term, most = finding.rule, finding.term, finding.most
    if rule is None or term is None or most is None:
        return finding.scenario
    text = f"{rule.figure} of {finding.scenario} is {sentence.amount(term, term.unit)}"
    if rule.kind == GROWTH and finding.before and finding.change:
        words = sentence.difference(finding.change, term.unit, sentence.part(finding.change))
        return f"{text}, {words} than before, and may grow by {numbers.integer(most - finding.before.high)}"
    more = term.high - most
    if rule.kind == EXACT or more <= 0:
        wanted = finding.before if rule.relative and finding.before else Interval(most, most)
        return f"{text}, not the {numbers.interval(*wanted)} that it must be"
    change = Change(more, more, (Ratio(more, most), Ratio(more, most)) if most else None)
    words = sentence.difference(change, term.unit, sentence.part(change))
    return f"{text}, {words} than the {numbers.integer(most)} allowed"


def _width(finding: Finding) -> str:
    """Return that a figure is too open to tell whether it grew by more than it may."""
    name = f"{finding.rule.figure} of {finding.scenario}" if finding.rule else finding.scenario
    return f"{name} is {numbers.integer(finding.hidden)} wide, which hides growth of more than is allowed"
