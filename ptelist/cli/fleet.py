"""ptelist fleet: what all hosts of an inventory take, and what a change would save."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from ptelist.cli.files import bar, opened, size
from ptelist.cli.options import FORMATS, ScenarioCommand, chosen, command_line, output_options, scenario_options
from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from ptelist.census import Census
    from ptelist.fleet import Fleet
    from ptelist.sources.inventory import Inventory
    from ptelist.totals import Part

MANY = 10_000
"""Hosts from which on a progress bar is worth it."""


@click.command("fleet", cls=ScenarioCommand, short_help="All hosts of an inventory, and what a change would save.")
@click.argument("inventory", type=click.Path(allow_dash=True))
@click.option("--by", metavar="COLUMN,..", help="Sum by these columns as well, e.g. kernel.")
@click.option("--column", multiple=True, metavar="FIELD=COLUMN[:UNIT]", help="Where a field is: memory=ram_mb:MiB.")
@click.option("--assume", multiple=True, metavar="OPTION=VALUE", help="For empty cells, e.g. memcg=off; repeatable.")
@click.option("--figure", multiple=True, metavar="ID", help="Sum this figure instead of the usual ones; repeatable.")
@click.option("--keep-going", is_flag=True, help="Set bad rows aside instead of stopping at the first.")
@click.option("--rejects", type=click.Path(), metavar="FILE", help="Where to; default: INVENTORY.rejected.")
@click.option("--processes", type=click.IntRange(1, 1024), metavar="N", help="Default: one a CPU.")
@click.option("--explain", metavar="HOST", help="Show how one host's figure follows, under the last what-if.")
@scenario_options
@output_options(FORMATS)
def command(  # noqa: PLR0913, PLR0917 -- click hands every option over
    inventory: str,
    by: str | None,
    column: tuple[str, ...],
    assume: tuple[str, ...],
    figure: tuple[str, ...],
    keep_going: bool,
    rejects: str | None,
    processes: int | None,
    explain: str | None,
    format_: str | None,
    output: str | None,
    **params: Any,
) -> None:
    """Add up what the hosts in INVENTORY take (- is stdin), each by itself and exactly.

    INVENTORY is CSV with a header, or JSON lines; a row is a group of equal VMs on a
    host: host, kernel, cpus, nodes, vcpus, memory, paging, nested, count, or any
    other option of a host or a VM. Every option given here is a what-if that
    replaces what the inventory says; the fleet is compared with itself as it is.

    \b
      ptelist fleet hosts.csv --proposal shrink-tdp --by kernel
      ptelist fleet hosts.csv --ext 2,4,8 --column memory=ram_mb:MiB
      ptelist fleet hosts.jsonl --kernel 6.18 --keep-going --rejects bad.jsonl
    """
    from ptelist.cli import output as out  # noqa: PLC0415 -- not for --help
    from ptelist.engine.account import is_aside  # noqa: PLC0415 -- not for --help
    from ptelist.fleet import Fleet, assumed, figures  # noqa: PLC0415 -- not for --help
    from ptelist.sources.inventory import Inventory, mapped  # noqa: PLC0415 -- not for --help
    from ptelist.views.fleet import Report, notes  # noqa: PLC0415 -- not for --help

    options = chosen(params)
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
        if census.rejects:
            file.seek(0)
            again = Inventory(file, inventory, mapped(column), groups)
            out.write("".join(again.rejected(census.rejects)), rejects)
    if explain:
        _explain(fleet, census, explain, figure, line, format_, output)
        return
    part = _added(fleet, census, list(units), processes)
    report = Report(groups, census, fleet.what_ifs, units, part, bool(figure), (), fleet.lines(), line)
    report = report._replace(notes=tuple(notes(report, inventory, rejects, rows.unused)))
    document, to_json, to_csv = (
        out.late("ptelist.views.fleet", name, report) for name in ("document", "to_json", "to_csv")
    )
    out.deliver(out.Views(document, to_json, to_csv), format_, output)


def _census(rows: Inventory, fleet: Fleet, keep_going: bool, explain: str | None, path: str) -> Census:
    from ptelist.census import Reader  # noqa: PLC0415 -- not for --help

    with bar(size(path), "reading") as progress:
        return Reader(rows, fleet, keep_going=keep_going, explain=explain or "").census(progress)


def _added(fleet: Fleet, census: Census, figures: list[str], processes: int | None) -> Part:
    from ptelist.totals import add_up  # noqa: PLC0415 -- not for --help

    jobs = list(census.kinds.items())
    with bar(len(jobs), "adding up", MANY) as progress:
        return add_up(fleet, jobs, figures, processes or len(os.sched_getaffinity(0)), progress)


def _explain(  # noqa: PLR0913, PLR0917 -- what explain has, and the fleet
    fleet: Fleet,
    census: Census,
    host: str,
    figure: tuple[str, ...],
    line: str,
    format_: str | None,
    output: str | None,
) -> None:
    from ptelist.cli import output as out  # noqa: PLC0415 -- not for --help
    from ptelist.columns import Column, Columns  # noqa: PLC0415 -- not for --help
    from ptelist.comparison import PART, compare  # noqa: PLC0415 -- not for --help

    if len(figure) > 1:
        raise PtelistError("--explain: one figure at a time, give one --figure")
    if census.explained is None:
        raise PtelistError(f'--explain: no host "{host}" with VMs is in the inventory')
    number = len(fleet.what_ifs) - 1
    scenario = fleet.scenario(number, census.explained)
    name = f"{host}, {fleet.what_ifs[number].name}"
    found = compare(Columns((Column(name, {}, scenario, 0),), name, by_preset=True), line)
    wanted = figure[0] if figure else PART
    tree, to_json = (
        out.late(f"ptelist.views.{module}", function, found, wanted)
        for module, function in (("tree", "document"), ("json", "render_tree"))
    )
    out.deliver(out.Views(tree, to_json), format_, output)
