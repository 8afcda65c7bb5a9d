"""The gate's report: what is over budget and why, then every budget."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.compare.branches import draw
from ptelist.compare.waterfall_tree import branch
from ptelist.engine.waterfall import waterfall
from ptelist.gate import finding
from ptelist.gate.check import STATUSES
from ptelist.output import numbers, plain, sentence
from ptelist.output.note import Note
from ptelist.output.page import FINE, HEAD, MAIL_WIDTH, TEXT, Document, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ptelist.gate.check import Finding
    from ptelist.output.page import Line

LOUDEST = ("fail", "removed", "new", "warn")
LOUD = frozenset(LOUDEST)
MOST_LOUD, FEW = 8, 4
"""Findings that a screen has room for, and so many of more than these."""
INDENT = "  "
TOLD = frozenset(("kernel", "config", "host", "caches", "slabs", "UNVERIFIED"))
"""Topics that a report tells; what VMs are, its scenarios say themselves."""


class GateReport(NamedTuple):
    """All that a format may show."""

    findings: Sequence[Finding]
    assumptions: tuple[Note, ...]
    baseline: str
    """What figures were compared with."""
    command: str
    accept: str
    """The command that takes the figures as they are for the next baseline; "" if there is no file to take them."""


def counts(report: GateReport) -> dict[str, int]:
    """Return how many findings have each status."""
    by_status = Counter(each.status for each in report.findings)
    return {status: by_status[status] for status in STATUSES}


def summary(report: GateReport) -> str:
    """Return the counts in words, what is wrong first."""
    by_status = counts(report)
    return ", ".join(f"{by_status[status]} {status}" for status in (*STATUSES[:0:-1], "pass") if by_status[status])


def by_scenario(report: GateReport) -> dict[str, list[Finding]]:
    """Return the findings of each scenario, in their order."""
    groups: dict[str, list[Finding]] = {}
    for each in report.findings:
        groups.setdefault(each.scenario, []).append(each)
    return groups


def context(report: GateReport) -> list[Note]:
    """Return what figures were compared with, what was assumed, the command."""
    return [Note("baseline", report.baseline), *report.assumptions, Note("command", report.command)]


def document(report: GateReport, width: int | None) -> Document:
    """Return the text formats' page: what is wrong and why, or else every budget."""
    lines = tuple(_lines(report, width or MAIL_WIDTH))
    tables = () if lines else (_table(report).within(width),)
    return Document(tables, tuple(_notes(report)), report.command, lines)


def _lines(report: GateReport, width: int) -> Iterator[Line]:
    """Yield the causes, once; what is not a pass; how a figure moved; the commands that come next."""
    loud = [each for each in report.findings if each.status in LOUD]
    loud.sort(key=lambda each: LOUDEST.index(each.status))
    for cause in dict.fromkeys(cause for each in loud for cause in each.causes):
        yield from _wrapped(HEAD, f"why: {cause}", "", width)
    alike = [[each] for each in loud] if len(loud) <= MOST_LOUD else _alike(loud)
    shown = alike if len(alike) <= MOST_LOUD else alike[:FEW]
    for each, *others in shown:
        place = f" {each.rule.place}" if each.rule else ""
        more = f" and {sentence.plural(len(others), 'other')}" if others else ""
        text = f"{each.status.upper()} {each.scenario}{more}: {finding.headline(each)}{place}"
        yield from _wrapped(TEXT, text, "", width)
    if len(alike) > len(shown):
        left = sum(map(len, alike[len(shown) :]))
        yield from _wrapped(TEXT, f"({left} more: --format json has all)", "", width)
    for message in dict.fromkeys(first.rule.message for first, *_ in shown if first.rule and first.rule.message):
        yield from _wrapped(FINE, message, INDENT, width)
    over = [each for each in loud if each.over]
    worst = [each for each in over if each.status == over[0].status]
    if worst:
        yield from _next(report, max(worst, key=_telling), width)


def _alike(loud: Sequence[Finding]) -> list[list[Finding]]:
    """Return findings of one rule and verdict together: it holds for several scenarios, one of which tells how."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for each in loud:
        rule = each.rule
        key = (each.status, rule.figure, rule.kind, rule.place) if rule else (each.status, each.scenario)
        groups.setdefault(key, []).append(each)
    return list(groups.values())


def _telling(each: Finding) -> tuple[bool, int]:
    """Return how much the way tells that a figure moved: most if it is one number."""
    return each.term is not None and each.term.exact, len(each.steps)


def _next(report: GateReport, first: Finding, width: int) -> Iterator[Line]:
    """Yield how a figure moved, what shows how it follows, and what accepts it."""
    if first.old and first.term and first.growth != (0, 0):
        yield TEXT, ""
        yield TEXT, f"{first.scenario}, against {report.baseline}:"
        yield from draw(branch(waterfall(first.old, first.term)), width, None)
    elif first.steps:
        yield TEXT, ""
        yield TEXT, f"what moved in {first.scenario}:"
        for text in finding.moved((), first.steps):
            yield from _wrapped(TEXT, text, INDENT, width)
    yield TEXT, ""
    yield from ((FINE, line) for line in plain.command(finding.reproduce(first), width).split("\n"))
    if report.accept:
        meant = "If intended, raise the limit where it stands, or accept the growth with:"
        yield from _wrapped(TEXT, meant, "", width)
        yield from ((FINE, line) for line in plain.command(report.accept, width).split("\n"))


def _wrapped(meaning: str, text: str, indent: str, width: int) -> Iterator[Line]:
    wrapped = plain.wrapped(text, max(width - len(indent), 1), INDENT * 2)
    yield from ((meaning, indent + line) for line in wrapped.split("\n"))


def _table(report: GateReport) -> Table:
    rows = []
    for scenario, findings in by_scenario(report).items():
        rows.append((scenario, "", "", ""))
        for each in findings:
            value = numbers.integer(each.term.high) if each.term else ""
            figure = each.rule.figure if each.rule else finding.name(each)
            status = each.status.upper() if each.status in LOUD else each.status
            rows.append((f"  {figure}", value, finding.budget(each), status))
    return Table(("figure", "now", "at most", ""), tuple(rows))


def _notes(report: GateReport) -> Iterator[Note]:
    yield Note("result", summary(report))
    yield Note("baseline", report.baseline)
    if any(each.term and not each.term.exact for each in report.findings):
        yield Note("now", "'now' is the upper bound; budgets apply to it")
    yield from _first_of_each_topic(note for note in report.assumptions if note.topic in TOLD)
    yield Note("more", "--format json tells all that was assumed")


def _first_of_each_topic(notes: Iterable[Note]) -> Iterator[Note]:
    """Yield a note a topic; where scenarios differ in it, that of the first one that says so."""
    topics: dict[str, list[Note]] = {}
    for note in notes:
        topics.setdefault(note.topic, []).append(note)
    for first, *others in topics.values():
        yield first._replace(text=f"{first.text}; other scenarios differ") if others else first


def body(report: GateReport) -> dict[str, Any]:
    """Return all of it, findings in their order."""
    return {
        "baseline": report.baseline,
        "accept": report.accept,
        "summary": counts(report),
        "findings": [_json(each) for each in report.findings],
    }


def _json(each: Finding) -> dict[str, Any]:
    body: dict[str, Any] = {"scenario": each.scenario, "status": each.status}
    if each.rule is None or each.term is None:
        return body
    rule, change = each.rule, each.change
    return body | {
        "figure": rule.figure,
        "unit": each.term.unit.value,
        "kind": rule.kind,
        "limit": rule.limit.text,
        "most": each.most,
        "severity": rule.severity,
        "message": rule.message,
        "file": rule.place.file,
        "line": rule.place.line or None,
        "before": _ends(each.before),
        "after": _ends((each.term.low, each.term.high)),
        "delta": change and change.high,
        "why": each.causes,
        "moved": [{"figure": figure, "before": _ends(old), "after": _ends(new)} for figure, old, new in each.steps],
        "reproduce": finding.reproduce(each),
    }


def _ends(ends: tuple[int, int] | None) -> dict[str, int] | None:
    return ends and {"low": ends[0], "high": ends[1]}
