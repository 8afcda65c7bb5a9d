"""The gate's report: what is over budget and why, then every budget."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.gate import finding, totals
from ptelist.gate.check import STATUSES
from ptelist.gate.configured import AFTER, BEFORE
from ptelist.gate.sentence import if_intended
from ptelist.output import numbers, plain, sentence
from ptelist.output.branches import draw
from ptelist.output.note import Note
from ptelist.output.page import FINE, HEAD, MAIL_WIDTH, TEXT, Document, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ptelist.engine.ledger import Term
    from ptelist.gate.check import Finding
    from ptelist.gate.configured import Configured
    from ptelist.gate.totals import Total
    from ptelist.output.page import Line

LOUDEST = ("fail", "removed", "new", "warn")
LOUD = frozenset(LOUDEST)
MOST_LOUD, FEW = 8, 4
"""Findings that a screen has room for, and so many of more than these."""
INDENT = "  "
TOLD = frozenset((AFTER, BEFORE, "kernel", "config", "host", "caches", "slabs", "lockdep", "UNVERIFIED"))
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
    totals: Sequence[Total] = ()
    """What each scenario takes in all, where there is something before."""
    builds: tuple[Configured, ...] = ()

    @property
    def causes(self) -> tuple[str, ...]:
        """Return what changed: of what is no pass, or else of all that moved."""
        told: list[Finding | Total] = [*loud(self)]
        told = told or [*self.totals, *self.findings]
        return tuple(dict.fromkeys(cause for each in told for cause in each.causes))

    @property
    def notes(self) -> tuple[Note, ...]:
        """Return how builds were configured, and what else was taken for granted."""
        return (*(each.note() for each in self.builds), *self.assumptions)


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
    return [Note("baseline", report.baseline), *report.notes, Note("command", report.command)]


def document(report: GateReport, width: int | None) -> Document:
    """Return the text formats' page: what is wrong and why, or else what moved and every budget; the totals."""
    is_fine = not loud(report)
    lines = tuple((_moved if is_fine else _lines)(report, width or MAIL_WIDTH))
    tables = [totals.table(report.totals)] if report.totals else []
    tables += [_table(report)] if is_fine else []
    return Document(tuple(table.within(width) for table in tables), tuple(_notes(report)), report.command, lines)


def loud(report: GateReport) -> list[Finding]:
    """Return the findings that are no pass, the loudest first."""
    return sorted(
        (each for each in report.findings if each.status in LOUD), key=lambda each: LOUDEST.index(each.status)
    )


def telling(report: GateReport) -> Finding | None:
    """Return the figure over its budget that tells most, of the loudest ones."""
    over = [each for each in loud(report) if each.over]
    return max((each for each in over if each.status == over[0].status), key=_telling, default=None)


def status(each: Finding) -> str:
    """Return the word for a finding's verdict, loud where it is no pass."""
    return each.status.upper() if each.status in LOUD else each.status


def _lines(report: GateReport, width: int) -> Iterator[Line]:
    """Yield the causes, once; what is not a pass; how a figure moved; the commands that come next."""
    found = loud(report)
    for cause in report.causes:
        yield from _wrapped(HEAD, f"why: {cause}", "", width)
    alike = [[each] for each in found] if len(found) <= MOST_LOUD else _alike(found)
    shown = alike if len(alike) <= MOST_LOUD else alike[:FEW]
    told = {""}
    for each, *others in shown:
        place = f" {each.rule.place}" if each.rule else ""
        more = f" and {sentence.plural(len(others), 'other')}" if others else ""
        text = f"{status(each)} {each.scenario}{more}: {finding.headline(each)}{place}"
        yield from _wrapped(TEXT, text, "", width)
        if each.rule and each.rule.message not in told:
            told.add(each.rule.message)
            yield from _wrapped(FINE, each.rule.message, INDENT, width)
    if len(alike) > len(shown):
        left = sum(map(len, alike[len(shown) :]))
        yield from _wrapped(TEXT, f"({left} more: --format json has all)", "", width)
    if first := telling(report):
        yield from _next(report, first, width)


def _moved(report: GateReport, width: int) -> Iterator[Line]:
    """Yield why figures moved that are within their budgets, and what shows how the total follows that moved most."""
    for cause in report.causes:
        yield from _wrapped(HEAD, f"why: {cause}", "", width)
    if most := totals.most_moved(report.totals):
        yield from ((FINE, line) for line in plain.command(most.reproduce(), width).split("\n"))


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


def _derived(old: Term, new: Term, width: int) -> tuple[Line, ...]:
    """Return what a difference comes of."""
    from ptelist.compare.waterfall_tree import between  # noqa: PLC0415 -- for figures that moved only

    return draw(between(old, new), width, None)


def _next(report: GateReport, first: Finding, width: int) -> Iterator[Line]:
    """Yield how a figure moved, what shows how it follows, and what accepts it."""
    if first.old and first.term and first.growth != (0, 0):
        yield TEXT, ""
        yield TEXT, f"{first.scenario}, against {report.baseline}:"
        yield from _derived(first.old, first.term, width)
    elif first.steps:
        yield TEXT, ""
        yield TEXT, f"what moved in {first.scenario}:"
        for text in finding.moved((), first.steps):
            yield from _wrapped(TEXT, text, INDENT, width)
    yield TEXT, ""
    yield from ((FINE, line) for line in plain.command(finding.reproduce(first), width).split("\n"))
    meant, command = if_intended(report.findings, report.accept)
    if meant:
        yield from _wrapped(TEXT, meant, "", width)
    if command:
        yield from ((FINE, line) for line in plain.command(command, width).split("\n"))


def _wrapped(meaning: str, text: str, indent: str, width: int) -> Iterator[Line]:
    wrapped = plain.wrapped(text, max(width - len(indent), 1), INDENT * 2)
    yield from ((meaning, indent + line) for line in wrapped.split("\n"))


def _table(report: GateReport) -> Table:
    """Return every budget, each with the signed change of its figure if there is something before."""
    columns = ("now", "change", "at most") if any(each.before for each in report.findings) else ("now", "at most")
    rows = []
    for scenario, findings in by_scenario(report).items():
        rows.append((scenario, *[""] * len(columns)))
        for each in findings:
            value = numbers.integer(each.term.high) if each.term else ""
            cells = {"now": value, "change": numbers.change(each.change), "at most": finding.budget(each)}
            rows.append((f"  {finding.label(each, findings)}", *(cells[column] for column in columns)))
    return Table(("figure", *columns), tuple(rows))


def _notes(report: GateReport) -> Iterator[Note]:
    yield Note("result", summary(report))
    yield Note("baseline", report.baseline)
    if any(each.term and not each.term.exact for each in report.findings):
        yield Note("now", "'now' is the upper bound; budgets apply to it")
    yield from _first_of_each_topic(note for note in report.notes if note.topic in TOLD)
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
        "builds": [each.json() for each in report.builds],
        "summary": counts(report),
        "totals": [each.json() for each in report.totals],
        "findings": [finding.json(each) for each in report.findings],
    }
