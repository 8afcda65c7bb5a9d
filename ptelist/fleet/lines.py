"""A fleet host by host, for other engines to join."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.fleet.fields import HOST, HOST_MEMORY
from ptelist.fleet.usual import ENDS
from ptelist.fleet.values import CHANGE_HIGH, CHANGE_LOW, HIGH, LOW, HostValues
from ptelist.settings.axes import AXES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.fleet.fleet import Fleet, Parse
    from ptelist.fleet.records import Cells
    from ptelist.fleet.report import FleetReport

OPTIONS = {name: name for name in AXES} | {HOST_MEMORY: "memory"}
"""By field, the option that has its kind of values."""


def lines(report: FleetReport, fields: tuple[Cells, Cells], choices: Parse, fleet: Fleet) -> Iterator[dict[str, Any]]:
    """Yield an object a host: its name, what the inventory says of it, and its figures under every what-if.

    `fields` are those of hosts, and of the columns to sum by. What it says are the values that were computed
    with: bytes, numbers, whether something is on.
    """
    hosts = HostValues(fleet, list(report.figures))
    measured: dict[str, dict[str, Any]] = {}
    for each in report.measured.counts:
        found = {**each.predicted._asdict(), "measured": each.measured}
        measured.setdefault(each.host, {}).setdefault("measured", {})[each.figure] = found
    for layout in report.measured.layouts:
        found = {"predicted": layout.predicted, "measured": layout.measured}
        measured.setdefault(layout.host, {}).setdefault("layout", {})[layout.figure] = found
    for kind, names in report.census.hosts.items():
        values, failed = hosts.of(kind)
        unchanged = {number for number, _ in failed}
        what_ifs = [
            {"name": what_if.name, "figures": dict(_figures(report, values, number))}
            | ({"unchanged": True} if number in unchanged else {})
            for number, what_if in enumerate(report.what_ifs)
        ]
        about = _said(choices, (*fields[0], HOST_MEMORY), (*kind.about.cells, kind.about.memory))
        for name, field, cell in zip(report.by, fields[1], kind.about.by, strict=True):
            about[name] = _said(choices, (field,), (cell,)).get(field) if field in OPTIONS and field != HOST else cell
        standing = report.kernels.of(kind)
        about |= {"kernel_profile": standing.profile, "kernel_assumed": standing.assumed}
        vms = sum(group.vms for group in kind.groups)
        for name in names:
            yield {"host": name, **about, "vms": vms, "what_ifs": what_ifs, **measured.get(name, {})}


def _said(choices: Parse, fields: Cells, cells: Cells) -> dict[str, Any]:
    """Return the values of the cells that say one."""
    said = {field: cell for field, cell in zip(fields, cells, strict=True) if cell}
    chosen = choices(tuple(said), tuple(said.values()))
    return {field: AXES[OPTIONS[field]].kind.plain(choice) for field, choice in chosen.items()}


def _figures(report: FleetReport, values: list[int], number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for place, (figure, unit) in enumerate(report.figures.items()):
        start = (number * len(report.figures) + place) * ENDS
        told = {"low": values[start + LOW], "high": values[start + HIGH], "unit": unit.value}
        change = {"low": values[start + CHANGE_LOW], "high": values[start + CHANGE_HIGH]}
        yield figure, told | ({"change": change} if number else {})
