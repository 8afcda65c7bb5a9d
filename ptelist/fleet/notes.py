"""What became of the rows of an inventory, its columns and the what-ifs, and what is known of its hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.fleet import measured_page
from ptelist.fleet.guess import said
from ptelist.fleet.page import human
from ptelist.fleet.unknown import MOST, listed, needed
from ptelist.output import numbers
from ptelist.output.note import Note
from ptelist.output.sentence import plural
from ptelist.scenario.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.fleet.census import Census
    from ptelist.fleet.guess import FieldColumn
    from ptelist.fleet.report import FleetReport


def set_aside(census: Census, rejects: str) -> Iterator[Note]:
    """Yield how many rows were set aside and where they went, if any was."""
    if census.rejects:
        left, cut = plural(census.hosts_left_out, "host"), plural(census.hosts_cut, "host")
        rows = f"{len(census.rejects):,} of {plural(census.rows, 'row')}"
        text = f"{rows}, to {rejects} with what is wrong: {left} left out, {cut} with VMs missing"
        yield Note("set aside", text)


def notes(
    report: FleetReport, label: str, rejects: str, unused: list[str], guesses: dict[str, FieldColumn]
) -> Iterator[Note]:
    """Yield what became of the rows, the columns and the what-ifs, and the hosts' own memory."""
    census = report.census
    if guesses:
        yield Note("columns", f"taken by their names for --column {said(guesses)}")
    yield from set_aside(census, rejects)
    if census.unknown:
        text, brief = (_left_out(census, most) for most in (None, MOST))
        yield Note("unknown kernels", text, brief=brief if brief != text else None)
    for (number, why), hosts in sorted(report.sums.unchanged.items()):
        name = report.what_ifs[number].name
        counted = "which is counted as it is" if hosts == 1 else "which are counted as they are"
        text = f"{name} cannot be applied to {plural(hosts, 'host')}, {counted}: {why.text}"
        yield Note("unchanged", text)
    if unused:
        yield Note("not used", f"{', '.join(unused)} in {label}")
    if report.counted(None).hosts > 1:
        yield Note("per host", _percentiles(report))
    yield from (*measured_page.notes(report.measured), *_in_part(report))


def _in_part(report: FleetReport) -> Iterator[Note]:
    """Yield what is known of some VMs or hosts, or in part."""
    if report.unknown_vms:
        on = f"{sum(report.unknown_vms.values()):,} on {plural(len(report.unknown_vms), 'host')}"
        text = f"{on} are not counted: the collector could not tell their vCPUs"
        yield Note("unknown VMs", text)
    if report.nested_by_cpu:
        vms = f"{report.nested_by_cpu:,} of {plural(report.counted(None).vms, 'VM')}"
        text = f"{vms}; no counter says whether an L2 ever ran there, --nested off is without"
        yield Note("nested by their CPU model", text)
    if memory := report.counted(None).memory:
        yield Note("host memory", f"{format_size(memory)} in all")
    if known := report.host_memory:
        of_hosts = f"known of {known.hosts:,} of {plural(report.counted(None).hosts, 'host')}"
        share = f"{format_size(known.size)} in all: the share is of these" if known.size else "so there is no share"
        yield Note("host memory", f"{of_hosts}, {share}")


def _left_out(census: Census, most: int | None) -> str:
    """Return which kernels were left out, so many of them, and the options that would take them in."""
    text = f"hosts left out, as nothing stands for their kernels: {listed(census.unknown, most)}"
    options = needed(census.unknown, most)
    return f"{text}. To take them in, say what they count as: {options}" if options else text


def _percentiles(report: FleetReport) -> str:
    """Return what most hosts take at most."""
    figure, unit = report.spread.figure, report.figures[report.spread.figure]
    said = {50: "half of the hosts take at most", 90: "90%", 99: "99%", 100: "the most is"}
    parts = [
        f"{said[percent]} {human(ends, unit) or numbers.interval(*ends)}"
        for percent, ends in report.spread.percentiles.items()
    ]
    return f"{figure}: {', '.join(parts)}"
