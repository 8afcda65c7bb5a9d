"""What the gate says of one finding, in lines that every format shares, and in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.gate.check import NEW, REMOVED, WARN
from ptelist.gate.limits import EXACT
from ptelist.output import numbers
from ptelist.output.command_line import line
from ptelist.output.signed import Number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.compare.moved import Moved
    from ptelist.gate.check import Finding


def name(finding: Finding) -> str:
    """Return what tells a scenario's findings apart: figure, kind of limit, and severity if it is not the usual one."""
    if finding.rule is None:
        return "in the baseline only"
    return f"{finding.rule.figure} {finding.rule.kind}{' (warn)' if finding.rule.severity == WARN else ''}"


def label(finding: Finding, others: Sequence[Finding]) -> str:
    """Return the figure, with what tells its budget from those that others have for it."""
    if finding.rule is None:
        return name(finding)
    same = [each.rule for each in others if each.rule and each.rule.figure == finding.rule.figure]
    kind = f" {finding.rule.kind}" if len({rule.kind for rule in same}) > 1 else ""
    return f"{finding.rule.figure}{kind}{' (warn)' if finding.rule.severity == WARN else ''}"


def now(finding: Finding) -> str:
    """Return the figure with its unit."""
    return "" if finding.term is None else numbers.with_unit(finding.term)


def budget(finding: Finding) -> str:
    """Return what the figure's high end may be, e.g. "1,392,640", or "= 128" for exactly that."""
    if finding.rule is None or finding.most is None:
        return "-"
    most = numbers.integer(finding.most)
    return Number(f"= {most}", 2 * finding.most) if finding.rule.kind == EXACT else most


def limit(finding: Finding) -> str:
    """Return the limit as it was written, and what that comes to."""
    if finding.rule is None or finding.most is None:
        return ""
    written = f"{finding.rule.kind} = {finding.rule.limit.text}"
    exact = finding.rule.kind == EXACT
    return f"{written}, so at most {numbers.integer(finding.most)}" if finding.rule.relative and not exact else written


def delta(finding: Finding) -> str:
    """Return before, after and the difference of the high ends, e.g. "128 -> 136 bytes, +8 (+6.3%)"."""
    value = finding.change
    if finding.before is None or value is None:
        return now(finding)
    percent = numbers.percent(value).removeprefix("0.0%")
    change = f"{numbers.change(value)}{f' ({percent})' if percent else ''}"
    return f"{numbers.interval(*finding.before)} -> {now(finding)}, {change}"


def headline(finding: Finding) -> str:
    """Return the finding in one sentence, without its scenario."""
    if finding.status == REMOVED:
        return "in the baseline, but no scenario of that name is left"
    if finding.rule is None or finding.term is None:
        return ""
    if finding.status == NEW:
        return f"{finding.rule.figure} = {now(finding)}: not in the baseline"
    if finding.hidden:
        width = numbers.integer(finding.hidden)
        return f"{finding.rule.figure} = {now(finding)}: {width} wide, so that growth beyond {limit(finding)} is hidden"
    if not finding.over:
        return f"{finding.rule.figure} = {now(finding)} ({limit(finding)})"
    return f"{finding.rule.figure} {delta(finding)} ({limit(finding)})"


def reasons(finding: Finding) -> Iterator[str]:
    """Yield message, what changed and the figures that moved for it, where the budget stands, the command."""
    if finding.rule and finding.rule.message:
        yield finding.rule.message
    yield from moved(finding.causes, finding.steps)
    if finding.rule and finding.over:
        yield f"budget: {finding.rule.place}"
        yield f"$ {reproduce(finding)}"


def moved(causes: Sequence[str], steps: Sequence[Moved]) -> Iterator[str]:
    """Yield figures that moved, causes before consequences; what changed stands with the first, or before all."""
    why = f": {causes[0]}" if len(causes) == 1 and steps else ""
    if not why:
        yield from (f"why: {cause}" for cause in causes)
    for step in steps:
        yield f"{step.figure} {numbers.interval(*step.before)} -> {numbers.interval(*step.after)}{why}"
        why = ""


def reproduce(finding: Finding) -> str:
    """Return the command that shows how the figure follows."""
    return line(["explain", finding.rule.figure, *finding.words]) if finding.rule else ""


def json(finding: Finding) -> dict[str, Any]:
    """Return all of it for programs."""
    body: dict[str, Any] = {"scenario": finding.scenario, "status": finding.status}
    if finding.rule is None or finding.term is None:
        return body
    rule, change = finding.rule, finding.change
    return body | {
        "figure": rule.figure,
        "unit": finding.term.unit.value,
        "kind": rule.kind,
        "limit": rule.limit.text,
        "most": finding.most,
        "severity": rule.severity,
        "message": rule.message,
        "file": rule.place.file,
        "line": rule.place.line or None,
        "before": _ends(finding.before),
        "after": _ends((finding.term.low, finding.term.high)),
        "delta": change and change.high,
        "why": finding.causes,
        "moved": [{"figure": figure, "before": _ends(old), "after": _ends(new)} for figure, old, new in finding.steps],
        "reproduce": reproduce(finding),
    }


def _ends(ends: tuple[int, int] | None) -> dict[str, int] | None:
    return ends and {"low": ends[0], "high": ends[1]}
