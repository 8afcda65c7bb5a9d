"""What the gate says of one finding, in lines that every format shares."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from ptelist.engine.ledger import Unit
from ptelist.gate.check import NEW, REMOVED, WARN
from ptelist.gate.limits import EXACT
from ptelist.output import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.compare.moved import Step
    from ptelist.gate.check import Finding

UNITLESS = frozenset((Unit.COUNT, Unit.ORDER))


def name(found: Finding) -> str:
    """Return what tells a scenario's findings apart: figure, kind of limit, and severity if it is not the usual one."""
    if found.rule is None:
        return "in the baseline only"
    return f"{found.rule.figure} {found.rule.kind}{' (warn)' if found.rule.severity == WARN else ''}"


def now(found: Finding) -> str:
    """Return the figure with its unit."""
    if found.term is None:
        return ""
    return numbers.term(found.term) + ("" if found.term.unit in UNITLESS else f" {found.term.unit}")


def budget(found: Finding) -> str:
    """Return what the figure's high end may be, e.g. "1,392,640", or "= 128" for exactly that."""
    if found.rule is None or found.most is None:
        return "-"
    return f"{'= ' if found.rule.kind == EXACT else ''}{numbers.integer(found.most)}"


def limit(found: Finding) -> str:
    """Return the limit as it was written, and what that comes to."""
    if found.rule is None or found.most is None:
        return ""
    written = f"{found.rule.kind} = {found.rule.limit.text}"
    exact = found.rule.kind == EXACT
    return f"{written}, so at most {numbers.integer(found.most)}" if found.rule.relative and not exact else written


def delta(found: Finding) -> str:
    """Return before, after and the difference of the high ends, e.g. "128 -> 136 bytes, +8 (+6.3%)"."""
    value = found.change
    if found.before is None or value is None:
        return now(found)
    percent = numbers.percent(value).removeprefix("0.0%")
    change = f"{numbers.change(value)}{f' ({percent})' if percent else ''}"
    return f"{numbers.interval(*found.before)} -> {now(found)}, {change}"


def headline(found: Finding) -> str:
    """Return the finding in one sentence, without its scenario."""
    if found.status == REMOVED:
        return "in the baseline, but no scenario of that name is left"
    if found.rule is None or found.term is None:
        return ""
    if found.status == NEW:
        return f"{found.rule.figure} = {now(found)}: not in the baseline"
    if not found.over:
        return f"{found.rule.figure} = {now(found)} ({limit(found)})"
    return f"{found.rule.figure} {delta(found)} ({limit(found)})"


def reasons(found: Finding) -> Iterator[str]:
    """Yield message, what changed and the figures that moved for it, where the budget stands, the command."""
    if found.rule and found.rule.message:
        yield found.rule.message
    yield from moved(found.causes, found.steps)
    if found.rule and found.over:
        yield f"budget: {found.rule.place}"
        yield f"$ {reproduce(found)}"


def moved(causes: Sequence[str], steps: Sequence[Step]) -> Iterator[str]:
    """Yield figures that moved, causes before consequences; what changed stands with the first, or before all."""
    why = f": {causes[0]}" if len(causes) == 1 and steps else ""
    if not why:
        yield from (f"why: {cause}" for cause in causes)
    for step in steps:
        yield f"{step.figure} {numbers.interval(*step.before)} -> {numbers.interval(*step.after)}{why}"
        why = ""


def reproduce(found: Finding) -> str:
    """Return the command that shows how the figure follows."""
    return shlex.join(["ptelist", "explain", found.rule.figure, *found.words]) if found.rule else ""
