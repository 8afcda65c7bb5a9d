"""What a fleet takes, for programs: the body of a JSON document, and rows of CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.fleet.measured import unlike

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.fleet.records import Cells
    from ptelist.fleet.report import FleetReport


def body(report: FleetReport) -> dict[str, Any]:
    """Return every group, under every what-if."""
    assumed = report.kernels.assumed(report.census)
    known = report.host_memory
    return {
        "baseline": report.what_ifs[0].name,
        "by": list(report.by),
        "rows": report.census.rows,
        "set_aside": len(report.census.rejects),
        "per_host": _spread(report),
        "measured": [each._asdict() | {"predicted": each.predicted._asdict()} for each in report.measured.counts],
        "layouts_unlike": [each._asdict() for each in unlike(report.measured.layouts)],
        "nested_by_cpu": report.nested_by_cpu,
        "merged": dict(report.measured.merged),
        "host_memory_said": known and {"hosts": known.hosts, "bytes": known.size},
        "total": _group(report, None, assumed.total()),
        "groups": [_group(report, group, assumed[group]) for group in report.groups()] if report.by else [],
    }


def _spread(report: FleetReport) -> dict[str, Any]:
    spread = report.spread
    told: dict[str, Any] = {
        "figure": spread.figure,
        "percentiles": {str(percent): ends._asdict() for percent, ends in spread.percentiles.items()},
    }
    if spread.hosts or spread.kernels:
        told["top_hosts"] = [{"host": each.name, "kernel": each.kernel, **each.ends._asdict()} for each in spread.hosts]
        told["top_kernels"] = [
            {"kernel": each.name, "hosts": each.hosts, **each.ends._asdict()} for each in spread.kernels
        ]
    return told


def _group(report: FleetReport, group: Cells | None, assumed: int) -> dict[str, Any]:
    counted = report.counted(group)
    told: dict[str, Any] = {
        "hosts": counted.hosts,
        "hosts_assumed": assumed,
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
    yield *report.by, *head, "hosts_assumed"
    assumed = report.kernels.assumed(report.census)
    for group in report.groups() if report.by else [None]:
        counted = report.counted(group)
        hosts_assumed = assumed.total() if group is None else assumed[group]
        for number, what_if in enumerate(report.what_ifs):
            for figure, unit in report.figures.items():
                (low, high), change = report.value(group, number, figure)
                delta = (change.low, change.high) if change else ("", "")
                counts = counted.hosts, counted.vms, counted.vcpus
                yield *(group or ()), *counts, what_if.name, figure, low, high, unit.value, *delta, hosts_assumed
