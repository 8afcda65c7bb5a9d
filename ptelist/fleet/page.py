"""What a fleet takes: a table of figures, or of what-ifs, and one of the groups it is summed by."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.compare.comparison import PART, WHOLE
from ptelist.engine.account import DESC
from ptelist.fleet.census import Group
from ptelist.fleet.totals import CHANGE_HIGH, CHANGE_LOW, ENDS, HIGH, LOW
from ptelist.interval import Change
from ptelist.note import Note
from ptelist.output import numbers
from ptelist.output.page import Document, Table
from ptelist.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.engine.ledger import Unit
    from ptelist.fleet.census import Census
    from ptelist.fleet.fleet import WhatIf
    from ptelist.fleet.inventory import Cells
    from ptelist.fleet.totals import Part

USUAL = (PART, WHOLE)
"""Figures of which a table of several what-ifs, or of groups, has the room."""

EXPLAIN = Note("explain", "--explain HOST shows how a figure of one host follows")
SUMS = Note("hosts", "each by itself, rounded to its own slabs once for all its VMs, then added up")


class Report(NamedTuple):
    """All that `ptelist fleet` found."""

    by: Cells
    census: Census
    what_ifs: list[WhatIf]
    figures: dict[str, Unit]
    part: Part
    wanted: bool
    """Whether the figures are those that were asked for."""
    notes: tuple[Note, ...]
    assumptions: tuple[Note, ...]
    command: str

    def groups(self) -> list[Cells]:
        """Return the groups, numbers in them by their size."""
        return sorted(self.census.groups, key=lambda group: [_natural(cell) for cell in group])

    def value(self, group: Cells | None, what_if: int, figure: str) -> tuple[tuple[int, int], Change | None]:
        """Return a figure's ends and its change against the fleet as it is; None is the whole fleet."""
        groups = self.part.sums.values() if group is None else [self.part.sums[group]]
        place = list(self.figures).index(figure) * ENDS
        ends = [self._sums(list(groups), number * len(self.figures) * ENDS + place) for number in (0, what_if)]
        old, new = ends
        if not what_if:
            return (old[LOW], old[HIGH]), None
        low, high = new[CHANGE_LOW], new[CHANGE_HIGH]
        return (new[LOW], new[HIGH]), Change(low, high, _ratio(old, new))

    def _sums(self, groups: list[list[int]], place: int) -> list[int]:
        return [sum(values[place + end] for values in groups) for end in range(ENDS)]


def _ratio(old: list[int], new: list[int]) -> tuple[Fraction, Fraction] | None:
    """Return the change as a part of the old value, as tightly as the ends and the change itself bound it."""
    if not old[LOW]:
        return None
    parts = [Fraction(end, base) for end in new[CHANGE_LOW:] for base in old[: HIGH + 1]]
    low = max(min(parts), Fraction(new[LOW], old[HIGH]) - 1)
    return low, min(max(parts), Fraction(new[HIGH], old[LOW]) - 1)


def plural(count: int, what: str) -> str:
    """Return 1 host, 2 hosts."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]+)", text) if part]


def document(report: Report, width: int | None) -> Document:
    """Return the tables, what was set aside, and what was assumed."""
    tables = list(_whole(report, width))
    if report.by:
        tables += _groups(report, width)
    notes = (*report.notes, SUMS, *report.assumptions, EXPLAIN)
    return Document(tuple(table.within(width) for table in tables), notes, report.command)


def _cells(report: Report, group: Cells | None, what_if: int, figure: str) -> tuple[str, ...]:
    ends, change = report.value(group, what_if, figure)
    value = numbers.interval(*ends)
    return (value, numbers.change(change), numbers.percent(change)) if what_if else (value,)


def _counted(group: Group) -> tuple[str, str, str]:
    return numbers.integer(group.hosts), numbers.integer(group.vms), numbers.integer(group.vcpus)


def total(report: Report) -> Group:
    """Return all groups as one."""
    groups = list(report.census.groups.values())
    known = [group.memory for group in groups if group.memory is not None]
    return Group(
        sum(group.hosts for group in groups),
        sum(group.vms for group in groups),
        sum(group.vcpus for group in groups),
        sum(known) if len(known) == len(groups) else None,
    )


def _whole(report: Report, width: int | None) -> Iterator[Table]:
    """Yield the whole fleet: figures as rows beside one what-if, else what-ifs as rows."""
    everything = total(report)
    counts = ((everything.hosts, "host"), (everything.vms, "VM"), (everything.vcpus, "vCPU"))
    title = ", ".join(plural(count, what) for count, what in counts)
    names = [what_if.name for what_if in report.what_ifs]
    shown = list(report.figures) if report.wanted else [name for name in USUAL if name in report.figures]
    if len(names) <= len(USUAL):
        head = ("figure", names[0], *((names[1], "change", "") if len(names) > 1 else ()))
        rows = [] if report.wanted else [(DESC, *[""] * (len(head) - 1))]
        for figure in report.figures:
            label = figure if report.wanted or figure == WHOLE else f"  {figure.removeprefix(f'{DESC}.')}"
            rows.append(
                (label, *(cell for number in range(len(names)) for cell in _cells(report, None, number, figure)))
            )
        yield from Table(head, tuple(rows), title).panels(width)
        return
    for figure in shown:
        rows = [
            (name, *(_cells(report, None, number, figure) if number else (*_cells(report, None, 0, figure), "", "")))
            for number, name in enumerate(names)
        ]
        named = f"{figure}, {report.figures[figure].value}: {title}"
        yield from Table(("what if", "in all", "change", ""), tuple(rows), named).panels(width)


def _groups(report: Report, width: int | None) -> Iterator[Table]:
    """Yield the groups as rows, with one what-if or with each in a table of its own."""
    shown = list(report.figures) if report.wanted else [PART]
    for figure in shown:
        for number in range(1, len(report.what_ifs)) or (0,):
            name = report.what_ifs[number].name
            head = [", ".join(report.by), "hosts", "VMs", "vCPUs", report.what_ifs[0].name]
            head += [name, "change", ""] if number else []
            rows = []
            for group in report.groups():
                cells = [*_counted(report.census.groups[group]), *_cells(report, group, 0, figure)]
                cells += _cells(report, group, number, figure) if number else ()
                rows.append((", ".join(group), *cells))
            title = f"{figure}, {report.figures[figure].value}{f', {name}' if number else ''}"
            yield from Table(tuple(head), tuple(rows), title).panels(width)


def notes(report: Report, label: str, rejects: str, unused: list[str]) -> Iterator[Note]:
    """Yield what became of the rows, the columns and the what-ifs, and the hosts' own memory."""
    census = report.census
    if census.rejects:
        left, cut = plural(census.hosts_left_out, "host"), plural(census.hosts_cut, "host")
        rows = f"{len(census.rejects):,} of {plural(census.rows, 'row')}"
        text = f"{rows}, to {rejects} with what is wrong: {left} left out, {cut} with VMs missing"
        yield Note("set aside", text)
    for (number, reason), hosts in sorted(report.part.unchanged.items()):
        name = report.what_ifs[number].name
        text = f"{name} cannot be applied to {plural(hosts, 'host')}, counted as before: {reason}"
        yield Note("unchanged", text)
    if unused:
        yield Note("not used", f"{', '.join(unused)} in {label}")
    memory = total(report).memory
    if memory:
        low, high = report.value(None, 0, WHOLE)[0] if WHOLE in report.figures else (0, 0)
        if high:
            share = numbers.share((Fraction(low, memory), Fraction(high, memory)))
            yield Note("host memory", f"{format_size(memory)} in all, {WHOLE} is {share} of it")


def assumed(report: Report) -> list[Note]:
    """Return all that is to be known of the sums."""
    return [*report.notes, SUMS, *report.assumptions]


def body(report: Report) -> dict[str, Any]:
    """Return every group, under every what-if."""
    return {
        "baseline": report.what_ifs[0].name,
        "by": list(report.by),
        "rows": report.census.rows,
        "set_aside": len(report.census.rejects),
        "total": _group(report, None),
        "groups": [_group(report, group) for group in report.groups()] if report.by else [],
    }


def _group(report: Report, group: Cells | None) -> dict[str, Any]:
    counted = total(report) if group is None else report.census.groups[group]
    found: dict[str, Any] = {
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
    return found if group is None else found | {"group": dict(zip(report.by, group, strict=True))}


def _figure(report: Report, group: Cells | None, number: int, figure: str) -> dict[str, Any]:
    (low, high), change = report.value(group, number, figure)
    found = {"low": low, "high": high, "unit": report.figures[figure].value}
    return found | ({"change": {"low": change.low, "high": change.high}} if change else {})


def rows(report: Report) -> Iterator[tuple[object, ...]]:
    """Return a row for every group, what-if and figure; without groups the whole fleet is one."""
    head = ("hosts", "vms", "vcpus", "what_if", "figure", "low", "high", "unit", "change_low", "change_high")
    yield *report.by, *head
    for group in report.groups() if report.by else [None]:
        counted = total(report) if group is None else report.census.groups[group]
        for number, what_if in enumerate(report.what_ifs):
            for figure, unit in report.figures.items():
                (low, high), change = report.value(group, number, figure)
                delta = (change.low, change.high) if change else ("", "")
                counts = counted.hosts, counted.vms, counted.vcpus
                yield *(group or ()), *counts, what_if.name, figure, low, high, unit.value, *delta
