"""ptelist fleet: what it does."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ptelist.compare.comparison import compare
from ptelist.compare.explain_command import derivation
from ptelist.engine.figure_kinds import DESC_TOTAL, is_aside
from ptelist.errors import PtelistError
from ptelist.fleet import page
from ptelist.fleet.census import Reader
from ptelist.fleet.fleet import Fleet
from ptelist.fleet.inventory import Inventory, mapped
from ptelist.fleet.page import notes
from ptelist.fleet.report import FleetReport
from ptelist.fleet.sentence import headline
from ptelist.fleet.summed import figures
from ptelist.fleet.totals import add_up
from ptelist.fleet.what_ifs import assumed
from ptelist.output.command_line import command_line
from ptelist.output.files import bar, opened, size
from ptelist.output.result import Result
from ptelist.settings.columns import Column, Columns

if TYPE_CHECKING:
    from ptelist.fleet.census import Census
    from ptelist.fleet.totals import Sums
    from ptelist.output.command_line import Options

MANY = 10_000
"""Hosts from which on a progress bar is worth it."""


def run(  # noqa: PLR0913, PLR0917 -- all that can be said of an inventory
    options: Options,
    inventory: str,
    by: str | None,
    column: tuple[str, ...],
    assume: tuple[str, ...],
    figure: tuple[str, ...],
    keep_going: bool,
    rejects: str | None,
    processes: int | None,
    explain: str | None,
) -> Result:
    """Add up what the hosts of an inventory take; bad rows go to a file of their own where they are not fatal."""
    own = [("by", by), *(("column", text) for text in column), *(("assume", text) for text in assume)]
    own += [*(("figure", name) for name in figure), ("rejects", rejects), ("explain", explain)]
    line = command_line("fleet", (inventory,), [*((name, text) for name, text in own if text), *options])
    line += " --keep-going" if keep_going else ""
    groups = tuple(name.strip() for name in by.split(",")) if by else ()
    units = figures(figure)
    rejects = rejects or f"{'inventory' if inventory == '-' else inventory}.rejected"
    with opened(inventory, "CSV or JSON lines", again=keep_going) as file:
        rows = Inventory(file, inventory, mapped(column), groups)
        fields = rows.host_fields, rows.vm_fields
        fleet = Fleet(fields, rows.choices, assumed(assume), options, aside=any(map(is_aside, units)))
        census = _census(rows, fleet, keep_going, explain, inventory)
        beside: tuple[tuple[str, str], ...] = ()
        if census.rejects:
            file.seek(0)
            again = Inventory(file, inventory, mapped(column), groups)
            beside = (("".join(again.rejected(census.rejects)), rejects),)
    if explain:
        return _explained(fleet, census, explain, figure, line)._replace(beside=beside)
    sums = _added(fleet, census, list(units), processes)
    report = FleetReport(groups, census, fleet.what_ifs, units, sums, bool(figure), (), fleet.notes(), line)
    report = report._replace(notes=tuple(notes(report, inventory, rejects, rows.unused)))
    return Result(
        line,
        page.assumed(report),
        lambda width: page.document(report, width),
        lambda: page.body(report),
        lambda: page.rows(report),
        headline=lambda: headline(report),
        beside=beside,
    )


def _census(rows: Inventory, fleet: Fleet, keep_going: bool, explain: str | None, path: str) -> Census:
    with bar(size(path), "reading") as progress:
        return Reader(rows, fleet, keep_going=keep_going, explain=explain or "").census(progress)


def _added(fleet: Fleet, census: Census, figures: list[str], processes: int | None) -> Sums:
    jobs = list(census.kinds.items())
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
