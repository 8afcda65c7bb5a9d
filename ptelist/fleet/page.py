"""What a fleet takes: a table of figures, or of what-ifs, and one of the groups it is summed by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.figure_kinds import DESC, DESC_TOTAL, TOTAL
from ptelist.engine.ledger import Unit
from ptelist.fleet import measured_page
from ptelist.output import numbers
from ptelist.output.note import Note
from ptelist.output.page import Document, Table
from ptelist.output.sentence import plural
from ptelist.output.sheet import Folded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ptelist.engine.interval import Interval
    from ptelist.fleet.census import HostGroup
    from ptelist.fleet.records import Cells
    from ptelist.fleet.report import FleetReport
    from ptelist.fleet.spread import Spread
    from ptelist.output.sheet import Block

USUAL = (DESC_TOTAL, TOTAL)
"""Figures of which a table of several what-ifs, or of groups, has the room."""

MOST_HOSTS = 1_000
"""Hosts, and kernels, of which a format that sorts and filters has a table."""

EXPLAIN = Note("explain", "--explain HOST shows how a figure of one host follows")
SUMMED_BY = Note("hosts", "each by itself, rounded to its own slabs once for all its VMs, then added up")


def document(report: FleetReport, width: int | None) -> Document:
    """Return the tables, what was set aside, and what was assumed."""
    tables = list(_whole(report, width))
    if report.by:
        tables += _groups(report, width)
    tables += [*top(report), *measured_page.tables(report.measured.counts)]
    notes = (*report.notes, SUMMED_BY, *report.assumptions, EXPLAIN)
    return Document(tuple(table.within(width) for table in tables), notes, report.command)


def sheet(report: FleetReport, page: Document, most: Callable[[int], Spread]) -> tuple[Block, ...]:
    """Return the tables of the endless page, and below them folded those of the figures that it leaves out.

    Between them stand the hosts that take the most, so many as `most` is asked for, unless others were.
    """
    titles = {table.title for table in page.tables}
    every = document(report._replace(wanted=True), None).tables
    hosts = () if report.spread.hosts else top(report._replace(spread=most(MOST_HOSTS)), said=True)
    return (*page.tables, *hosts, *(Folded(table) for table in every if table.title not in titles))


def _cells(report: FleetReport, group: Cells | None, what_if: int, figure: str) -> tuple[str, ...]:
    ends, change = report.value(group, what_if, figure)
    value = numbers.interval(*ends)
    return (value, numbers.change(change), numbers.percent(change)) if what_if else (value,)


def _counted(group: HostGroup) -> tuple[str, str, str]:
    return numbers.integer(group.hosts), numbers.integer(group.vms), numbers.integer(group.vcpus)


def _whole(report: FleetReport, width: int | None) -> Iterator[Table]:
    """Yield the whole fleet: figures as rows beside one what-if, else what-ifs as rows."""
    everything = report.counted(None)
    counts = ((everything.hosts, "host"), (everything.vms, "VM"), (everything.vcpus, "vCPU"))
    title = ", ".join(plural(count, what) for count, what in counts)
    names = [what_if.name for what_if in report.what_ifs]
    shown = list(report.figures) if report.wanted else [name for name in USUAL if name in report.figures]
    if len(names) <= len(USUAL):
        humans = len(names) == 1 and Unit.BYTES in report.figures.values()
        head = ("figure", names[0], *((names[1], "change", "") if len(names) > 1 else ("",) * humans))
        rows = [] if report.wanted else [(DESC, *[""] * (len(head) - 1))]
        for figure in report.figures:
            label = figure if report.wanted or figure == TOTAL else f"  {figure.removeprefix(f'{DESC}.')}"
            cells = [cell for number in range(len(names)) for cell in _cells(report, None, number, figure)]
            if humans:
                cells.append(human(report.value(None, 0, figure)[0], report.figures[figure]))
            rows.append((label, *cells))
        totals = frozenset(
            number for number, row in enumerate(rows) if row[0].strip() in {TOTAL, DESC_TOTAL, "bytes.total"}
        )
        table = Table(head, tuple(rows), title, strong=totals)
        narrow = _without(table, {len(head) - 1} if humans or len(names) > 1 else set())
        yield table if width is None or table.width() <= width else _apart(narrow, width)
        return
    for figure in shown:
        rows = [
            (name, *(_cells(report, None, number, figure) if number else (*_cells(report, None, 0, figure), "", "")))
            for number, name in enumerate(names)
        ]
        named = f"{figure}, {report.figures[figure].value}: {title}"
        table = Table(("what if", "in all", "change", ""), tuple(rows), named, sortable=True)
        yield table if width is None or table.width() <= width else _downwards(_without(table, {3}), width)


def _groups(report: FleetReport, width: int | None) -> Iterator[Table]:
    """Yield the groups as rows, with one what-if or with each in a table of its own."""
    shown = list(report.figures) if report.wanted else [DESC_TOTAL]
    for figure in shown:
        for number in range(1, len(report.what_ifs)) or (0,):
            name = report.what_ifs[number].name
            head = [", ".join(report.by), "hosts", "VMs", "vCPUs", report.what_ifs[0].name]
            head += [name, "change", ""] if number else []
            rows = []
            for group in report.groups():
                cells = [*_counted(report.counted(group)), *_cells(report, group, 0, figure)]
                cells += _cells(report, group, number, figure) if number else ()
                rows.append((", ".join(group), *cells))
            title = f"{figure}, {report.figures[figure].value}{f', {name}' if number else ''}"
            yield _fitted(Table(tuple(head), tuple(rows), title, sortable=True), width)


def _fitted(table: Table, width: int | None) -> Table:
    """Return one table: without counts, then percents; at last with a row for each what-if, where room is short."""
    counts = {1, 2, 3}
    for left_out in (set(), {3}, {2, 3}, counts, {*counts, 7}):
        narrower = _without(table, left_out)
        if width is None or narrower.width() <= width:
            return narrower
    return _apart(narrower, width)


def _without(table: Table, left_out: set[int]) -> Table:
    """Return a table without some of its columns."""
    head, *rows = (tuple(cell for n, cell in enumerate(row) if n not in left_out) for row in (table.head, *table.rows))
    return table._replace(head=head, rows=tuple(rows))


def _apart(table: Table, width: int | None) -> Table:
    """Return a table of values as they are, others and their change, if it is too wide with a row for each value."""
    if width is None or table.width() <= width:
        return table
    label, old, *new = table.head
    rows: list[tuple[str, ...]] = []
    for name, value, *changed in table.rows:
        indent = " " * (len(name) - len(name.lstrip()) + 2)
        rows.append((name, "", ""))
        rows += [(f"{indent}{old}", value, "")] if value else []
        rows += [(f"{indent}{new[0]}", *changed)] if any(changed) else []
    return _downwards(Table((label, "in all", "change"), tuple(rows), table.title), width)


def _downwards(table: Table, width: int) -> Table:
    """Return a table of values and changes, if it is too wide with each change below its value."""
    if table.width() <= width:
        return table
    rows: list[tuple[str, ...]] = []
    for name, value, change in table.rows:
        rows += [(name, value), *([("      change", change)] if change else [])]
    return Table(table.head[:2], tuple(rows), table.title)


def top(report: FleetReport, *, said: bool = False) -> Iterator[Table]:
    """Yield the hosts and the kernels that take the most, if they were asked for; `said`: how many of them all."""
    figure = report.spread.figure
    unit = report.figures[figure]
    for what, most in (("host", report.spread.hosts), ("kernel", report.spread.kernels)):
        if most:
            about = "kernel" if what == "host" else "hosts"
            beside = [each.kernel if what == "host" else numbers.integer(each.hosts) for each in most]
            rows = [
                (each.name, cell, numbers.interval(*each.ends), human(each.ends, unit))
                for each, cell in zip(most, beside, strict=True)
            ]
            title = f"the {what}s that take the most {figure}"
            title += f", {len(most):,} of {report.spread.counts[what]:,}" if said else ""
            yield Table((what, about, unit.value, ""), tuple(rows), title, sortable=True)


def human(ends: Interval, unit: Unit) -> str:
    """Return bytes for a human, nothing of other units."""
    return numbers.human(*ends) if unit is Unit.BYTES else ""


def assumed(report: FleetReport) -> list[Note]:
    """Return all that is to be known of the sums."""
    return [*report.notes, SUMMED_BY, *report.assumptions]
