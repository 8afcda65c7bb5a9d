"""ptelist fleet: what it does."""

from __future__ import annotations

import os
from contextlib import nullcontext
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.comparison import compare
from ptelist.compare.explain_command import derivation
from ptelist.engine.figure_kinds import DESC_TOTAL
from ptelist.errors import PtelistError
from ptelist.fleet import body, host_memory, observations, page
from ptelist.fleet.configurations import counted
from ptelist.fleet.empty import empty_cells
from ptelist.fleet.fields import KERNEL, mapped
from ptelist.fleet.fleet import Fleet
from ptelist.fleet.inventory import Inventory
from ptelist.fleet.kernels import of_no_host, taken_for
from ptelist.fleet.lines import lines
from ptelist.fleet.measured import compared
from ptelist.fleet.notes import notes, set_aside
from ptelist.fleet.reader import Reader
from ptelist.fleet.report import FleetReport
from ptelist.fleet.sentence import headline
from ptelist.fleet.spread import spread
from ptelist.fleet.standing import Kernels
from ptelist.fleet.summed import counting, figures
from ptelist.fleet.totals import add_up
from ptelist.fleet.what_ifs import assumed
from ptelist.output.command_line import command_line
from ptelist.output.files import bar, opened, size
from ptelist.output.result import Result
from ptelist.scenario.inputs import is_stream
from ptelist.scenario.presets.mapping import KernelMap
from ptelist.settings.columns import Column, Columns
from ptelist.settings.kernel_map import mapped as mapped_kernels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.fleet.census import Census
    from ptelist.fleet.totals import Sums
    from ptelist.output.command_line import Options
    from ptelist.output.note import Note
    from ptelist.output.page import Document

MANY = 10_000
"""Hosts from which on a progress bar is worth it."""


def run(  # noqa: PLR0913, PLR0917 -- all that can be said of an inventory
    options: Options,
    inventory: str,
    by: str | None,
    column: tuple[str, ...],
    assume: tuple[str, ...],
    figure: tuple[str, ...],
    maps: tuple[str, ...],
    keep_going: bool,
    rejects: str | None,
    processes: int | None,
    explain: str | None,
    top: int | None,
) -> Result:
    """Add up what the hosts of an inventory take; bad rows go to a file of their own where they are not fatal."""
    line = _line(options, inventory, by, column, assume, figure, maps, keep_going, rejects, explain, top)
    units = figures(figure)
    rejects = rejects or _rejects(inventory)
    known = KernelMap(maps)
    read = _read(mapped_kernels(options, known), inventory, by, column, assume, known, keep_going, explain)
    rows, fleet, census = read.rows, read.fleet, read.census
    beside = ((read.rejected, rejects),) if read.rejected else ()
    aside = [*set_aside(census, rejects)]
    if explain:
        return _below(_explained(fleet, census, explain, figure, line), aside)._replace(beside=beside)
    sums = _added(fleet, census, list(units), processes)
    most = partial(spread, census, sums.each, counting(units), place=rows.kernel_place)
    standing = Kernels(rows.kernel_place, fleet.assumed_kernel, rows.kernel)
    assumptions = tuple(counted(fleet.notes(), census, fleet, standing))
    report = FleetReport(
        rows.by, census, fleet.what_ifs, units, sums, bool(figure), (), assumptions, line, most(top or 0), standing
    )
    taken = _taken(read, known, maps, _kernels(options, assume))
    report = _with_more(report, rows, fleet)
    report = report._replace(notes=(*taken, *notes(report, inventory, rejects, rows.unused, rows.guessed)))
    return Result(
        line,
        page.assumed(report),
        lambda width: page.document(report, width),
        lambda: body.body(report),
        lambda: body.rows(report),
        headline=lambda: headline(report),
        sheet=lambda endless: page.sheet(report, endless, most),
        beside=beside,
        lines=lambda: lines(report, (rows.host_fields, rows.by_fields), rows.choices, fleet),
        lacks="".join(f"{inventory}: {note}" for note in aside),
    )


def _line(  # noqa: PLR0913, PLR0917 -- as run
    options: Options,
    inventory: str,
    by: str | None,
    column: tuple[str, ...],
    assume: tuple[str, ...],
    figure: tuple[str, ...],
    maps: tuple[str, ...],
    keep_going: bool,
    rejects: str | None,
    explain: str | None,
    top: int | None,
) -> str:
    """Return the command that does it again."""
    own = [("by", by), *(("column", text) for text in column), *(("assume", text) for text in assume)]
    own += [*(("figure", name) for name in figure), *(("map-kernel", text) for text in maps)]
    own += [("rejects", rejects), ("explain", explain), ("top", str(top or ""))]
    line = command_line("fleet", (inventory,), [*((name, text) for name, text in own if text), *options])
    return f"{line} --keep-going" if keep_going else line


class _Read(NamedTuple):
    """An inventory that was read once."""

    path: str
    rows: Inventory
    fleet: Fleet
    census: Census
    rejected: str
    """The rows that were set aside, as a file."""


def _read(  # noqa: PLR0913, PLR0917 -- all that says how
    options: Options,
    inventory: str,
    by: str | None,
    column: tuple[str, ...],
    assume: tuple[str, ...],
    known: KernelMap,
    keep_going: bool,
    explain: str | None,
) -> _Read:
    groups = tuple(name.strip() for name in by.split(",")) if by else ()
    saved = observations.listed(inventory)
    source = nullcontext(observations.inventory_of(saved)) if saved else None
    with source or opened(inventory, "CSV or JSON lines", again=keep_going) as file:
        lacking = assumed(assume, known)
        rows = Inventory(file, inventory, mapped(column), groups, known, assumed=lacking.keys(), files=saved)
        fleet = Fleet((rows.host_fields, rows.vm_fields), rows.choices, lacking, options)
        census = _census(rows, fleet, keep_going, explain, inventory)
        rejected = "".join(rows.again().rejected(census.rejects)) if census.rejects else ""
    return _Read(inventory, rows, fleet, census, rejected)


def _taken(read: _Read, known: KernelMap, maps: tuple[str, ...], asked: set[str]) -> Iterator[Note]:
    """Yield what was taken for what: kernels, saved observations, empty cells."""
    rows, fleet, census = read.rows, read.fleet, read.census
    kernels = census.by_kernel(rows.kernel_place, fleet.assumed_kernel)
    yield from taken_for(kernels, known)
    yield from of_no_host(maps, {*kernels, *(each.text for each in census.unknown), *asked})
    yield from observations.told(kernels, read.path)
    yield from empty_cells(census, (rows.host_fields, rows.vm_fields), fleet.assumed)


def _rejects(inventory: str) -> str:
    """Return where rejected rows go: beside the inventory, if it has a name of its own."""
    name = inventory.rstrip("/")
    nameless = is_stream(inventory) or os.path.basename(name) in {"", ".", ".."}  # noqa: PTH119 -- ".." stays
    return f"{'inventory' if nameless else name}.rejected"


def _with_more(report: FleetReport, rows: Inventory, fleet: Fleet) -> FleetReport:
    """Return a report with what the inventory tells of hosts beside what they are."""
    census, told = report.census, rows.records.collected
    names = chain.from_iterable(census.hosts.values()) if told else ()
    collected = {name: told[name] for name in names if name in told}
    in_part = rows.says_memory and report.counted(None).memory is None
    return report._replace(
        host_memory=host_memory.said(census, report.sums.each, rows.choices) if in_part else None,
        measured=compared(census, told, fleet, report.kernels.name),
        unknown_vms={name: each.unknown_vms for name, each in collected.items() if each.unknown_vms},
        nested_by_cpu=sum(each.nested_by_cpu for each in collected.values()),
    )


def _kernels(options: Options, assume: tuple[str, ...]) -> set[str]:
    """Return the kernels that options name."""
    said = [*options, *((name, text) for name, _, text in (each.partition("=") for each in assume))]
    return {each.strip() for name, text in said if name == KERNEL for each in text.split(",")}


def _census(rows: Inventory, fleet: Fleet, keep_going: bool, explain: str | None, path: str) -> Census:
    with bar(size(path), "reading") as progress:
        return Reader(rows, fleet, keep_going=keep_going, explain=explain or "").census(progress)


def _added(fleet: Fleet, census: Census, figures: list[str], processes: int | None) -> Sums:
    jobs = [(kind, len(names)) for kind, names in census.hosts.items()]
    with bar(len(jobs), "adding up", MANY) as progress:
        return add_up(fleet, jobs, figures, processes or len(os.sched_getaffinity(0)), progress)


def _explained(fleet: Fleet, census: Census, host: str, figure: tuple[str, ...], line: str) -> Result:
    if len(figure) > 1:
        raise PtelistError("--explain: one figure at a time, give one --figure")
    if census.explained is None:
        raise PtelistError(f'--explain: no host "{host}" with VMs is in the inventory')
    number = len(fleet.what_ifs) - 1
    scenario = fleet.scenario(number, census.explained)
    name = f"{host}, {fleet.what_ifs[number].name}"
    comparison = compare(Columns((Column(name, {}, scenario, 0),), name, by_preset=True), line)
    return derivation(comparison, figure[0] if figure else DESC_TOTAL)


def _below(result: Result, more: list[Note]) -> Result:
    """Return a result with more notes below it."""

    def page_of(width: int | None) -> Document:
        whole = result.page(width)
        return whole._replace(notes=(*whole.notes, *more))

    return result._replace(notes=[*result.notes, *more], page=page_of)
