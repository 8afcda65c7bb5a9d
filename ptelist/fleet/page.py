"""What a fleet takes: a table of figures, or of what-ifs, and one of the groups it is summed by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.engine.figure_kinds import DESC, DESC_TOTAL, TOTAL
from ptelist.output import numbers
from ptelist.output.note import Note
from ptelist.output.page import Document, Table
from ptelist.output.sentence import plural
from ptelist.scenario.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.fleet.census import HostGroup
    from ptelist.fleet.inventory import Cells
    from ptelist.fleet.report import FleetReport

USUAL = (DESC_TOTAL, TOTAL)
"""Figures of which a table of several what-ifs, or of groups, has the room."""

EXPLAIN = Note("explain", "--explain HOST shows how a figure of one host follows")
SUMMED_BY = Note("hosts", "each by itself, rounded to its own slabs once for all its VMs, then added up")


def document(report: FleetReport, width: int | None) -> Document:
    """Return the tables, what was set aside, and what was assumed."""
    tables = list(_whole(report, width))
    if report.by:
        tables += _groups(report, width)
    notes = (*report.notes, SUMMED_BY, *report.assumptions, EXPLAIN)
    return Document(tuple(table.within(width) for table in tables), notes, report.command)


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
        head = ("figure", names[0], *((names[1], "change", "") if len(names) > 1 else ()))
        rows = [] if report.wanted else [(DESC, *[""] * (len(head) - 1))]
        for figure in report.figures:
            label = figure if report.wanted or figure == TOTAL else f"  {figure.removeprefix(f'{DESC}.')}"
            rows.append(
                (label, *(cell for number in range(len(names)) for cell in _cells(report, None, number, figure)))
            )
        totals = frozenset(
            number for number, row in enumerate(rows) if row[0].strip() in {TOTAL, DESC_TOTAL, "bytes.total"}
        )
        table = Table(head, tuple(rows), title, strong=totals)
        yield table if width is None or table.width() <= width else _apart(_without(table, {4}), width)
        return
    for figure in shown:
        rows = [
            (name, *(_cells(report, None, number, figure) if number else (*_cells(report, None, 0, figure), "", "")))
            for number, name in enumerate(names)
        ]
        named = f"{figure}, {report.figures[figure].value}: {title}"
        table = Table(("what if", "in all", "change", ""), tuple(rows), named)
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
            yield _fitted(Table(tuple(head), tuple(rows), title), width)


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


def notes(report: FleetReport, label: str, rejects: str, unused: list[str]) -> Iterator[Note]:
    """Yield what became of the rows, the columns and the what-ifs, and the hosts' own memory."""
    census = report.census
    if census.rejects:
        left, cut = plural(census.hosts_left_out, "host"), plural(census.hosts_cut, "host")
        rows = f"{len(census.rejects):,} of {plural(census.rows, 'row')}"
        text = f"{rows}, to {rejects} with what is wrong: {left} left out, {cut} with VMs missing"
        yield Note("set aside", text)
    for (number, reason), hosts in sorted(report.sums.unchanged.items()):
        name = report.what_ifs[number].name
        text = f"{name} cannot be applied to {plural(hosts, 'host')}, counted as before: {reason}"
        yield Note("unchanged", text)
    if unused:
        yield Note("not used", f"{', '.join(unused)} in {label}")
    if memory := report.counted(None).memory:
        yield Note("host memory", f"{format_size(memory)} in all")


def assumed(report: FleetReport) -> list[Note]:
    """Return all that is to be known of the sums."""
    return [*report.notes, SUMMED_BY, *report.assumptions]


def body(report: FleetReport) -> dict[str, Any]:
    """Return every group, under every what-if."""
    return {
        "baseline": report.what_ifs[0].name,
        "by": list(report.by),
        "rows": report.census.rows,
        "set_aside": len(report.census.rejects),
        "total": _group(report, None),
        "groups": [_group(report, group) for group in report.groups()] if report.by else [],
    }


def _group(report: FleetReport, group: Cells | None) -> dict[str, Any]:
    counted = report.counted(group)
    told: dict[str, Any] = {
        "hosts": counted.hosts,
        "vms": counted.vms,
        "vcpus": counted.vcpus,
        "host_memory": counted.memory,
        "what_ifs": [
            {
                "name": what_if.name,
                "figures": {figure: _figure(report, group, number, figure) for figure in report.figures},
            }
            for number, what_if in enumerate(report.what_ifs)
        ],
    }
    return told if group is None else told | {"group": dict(zip(report.by, group, strict=True))}


def _figure(report: FleetReport, group: Cells | None, number: int, figure: str) -> dict[str, Any]:
    (low, high), change = report.value(group, number, figure)
    told = {"low": low, "high": high, "unit": report.figures[figure].value}
    return told | ({"change": {"low": change.low, "high": change.high}} if change else {})


def rows(report: FleetReport) -> Iterator[tuple[object, ...]]:
    """Return a row for every group, what-if and figure; without groups the whole fleet is one."""
    head = ("hosts", "vms", "vcpus", "what_if", "figure", "low", "high", "unit", "change_low", "change_high")
    yield *report.by, *head
    for group in report.groups() if report.by else [None]:
        counted = report.counted(group)
        for number, what_if in enumerate(report.what_ifs):
            for figure, unit in report.figures.items():
                (low, high), change = report.value(group, number, figure)
                delta = (change.low, change.high) if change else ("", "")
                counts = counted.hosts, counted.vms, counted.vcpus
                yield *(group or ()), *counts, what_if.name, figure, low, high, unit.value, *delta
