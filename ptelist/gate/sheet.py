"""The gate's report as a page that draws and folds: what is over budget and why, then every budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare import waterfall_sheet
from ptelist.compare.waterfall_tree import between
from ptelist.gate import finding, totals
from ptelist.gate.page import LOUD, MOST_LOUD, by_scenario, loud, status, telling
from ptelist.gate.sentence import if_intended
from ptelist.output import numbers
from ptelist.output.branches import Branch
from ptelist.output.page import Table
from ptelist.output.sheet import Reasons

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.gate.check import Finding
    from ptelist.gate.page import GateReport
    from ptelist.output.sheet import Block, Waterfall

HEAD = ("figure", "scenario", "verdict", "now", "at most", "over", "before", "change")


def blocks(report: GateReport) -> tuple[Block, ...]:
    """Return what changed, the totals, all budgets, what of it tells most, and each finding that is no pass."""
    whole = (totals.table(report.totals),) if report.totals else ()
    return (*_causes(report), *whole, _table(report), *_moved(report), *_reasons(report))


def _causes(report: GateReport) -> Iterator[Table]:
    if report.causes:
        yield Table(("Why",), tuple((cause,) for cause in report.causes))


def _reasons(report: GateReport) -> Iterator[Reasons]:
    found = loud(report)
    if found:
        shown = tuple(map(_branch, found[:MOST_LOUD]))
        meant, command = if_intended(report.findings, report.accept)
        accept = (Branch(meant, (f"$ {command}",) if command else (), ()),) if meant else ()
        more = f" ({MOST_LOUD} of {len(found)})" if len(found) > MOST_LOUD else ""
        yield Reasons(f"Each finding, and what shows how it follows{more}", (*shown, *accept), 0)


def _branch(each: Finding) -> Branch:
    """Return a finding: its sentence, what bears on it, and how its figure moved."""
    moved = each.old and each.term and each.growth != (0, 0)
    parts = (between(each.old, each.term),) if moved and each.old and each.term else ()
    return Branch(f"{each.scenario}: {finding.headline(each)}", tuple(finding.reasons(each)), parts, status(each))


def _moved(report: GateReport) -> Iterator[Waterfall]:
    """Yield the steps of the difference that the page of text tells."""
    first = telling(report)
    if first and first.old and first.term:
        drawn = waterfall_sheet.of(("baseline", "now"), first.old, first.term)
        yield from (drawn._replace(title=f"{first.scenario}: {drawn.title}"),) if drawn else ()


def _table(report: GateReport) -> Table:
    rows = []
    groups = by_scenario(report)
    for each in report.findings:
        value = numbers.integer(each.term.high) if each.term else ""
        over = each.term.high - each.most if each.over and each.term and each.most is not None else 0
        before = numbers.interval(*each.before) if each.before else ""
        figure = finding.label(each, groups[each.scenario])
        change = numbers.change(each.change)
        more = numbers.integer(over) if over > 0 else ""
        rows.append((figure, each.scenario, status(each), value, finding.budget(each), more, before, change))
    strong = frozenset(number for number, each in enumerate(report.findings) if each.status in LOUD)
    return Table(HEAD, tuple(rows), "Every budget", strong=strong, sortable=True)
