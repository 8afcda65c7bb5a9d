"""ptelist sweep: one figure along one axis or two."""

from __future__ import annotations

from typing import Any

import click

from ptelist.cli.complete import presets_of
from ptelist.cli.options import FORMATS, ScenarioCommand, chosen, command_line, output_options, scenario_options

FIGURE = "pte_list_desc.bytes.total"


@click.command("sweep", cls=ScenarioCommand, short_help="One figure along one axis or two, and where it breaks even.")
@click.argument("preset", required=False, shell_complete=presets_of())
@scenario_options
@click.option("--figure", default=FIGURE, metavar="ID", show_default=True, help="The figure to follow.")
@click.option("--delta", is_flag=True, help="Show its change against the baseline instead.")
@click.option("--baseline", metavar="AXIS=VALUE,..", help="What to compare with; default: the kernel's own value.")
@output_options((*FORMATS, "svg"))
def command(  # noqa: PLR0913, PLR0917 -- click hands every option over
    preset: str | None,
    figure: str,
    delta: bool,
    baseline: str | None,
    format_: str | None,
    output: str | None,
    **params: Any,
) -> None:
    """Follow a figure along one axis (a table with bars) or two (a grid).

    Below it stands where a column takes less than the baseline, found over every whole
    number between the ends, not from the points shown; and where slabs change their
    order, and why. The SVG is a line chart.

    \b
      ptelist sweep --vcpus 1..1024*2 --ext 2,14
      ptelist sweep --vms 1..64 --vcpus 1 --ext 2,14 --figure pte_list_desc.pages
      ptelist sweep --cpus 1..512*2 --figure pte_list_desc.slab_order
      ptelist sweep --vcpus 1..64 --ext 2,14 --delta --format svg -o sweep.svg
    """
    from ptelist.cli import output as out  # noqa: PLC0415 -- not for --help
    from ptelist.space import Space  # noqa: PLC0415 -- not for --help
    from ptelist.sweep import sweep  # noqa: PLC0415 -- not for --help

    options = chosen(params)
    presets = (preset,) if preset else ()
    more = [("figure", figure)] if figure != FIGURE else []
    more += [("baseline", baseline)] if baseline else []
    line = command_line("sweep", presets, [*options, *more]) + (" --delta" if delta else "")
    space = Space(presets, options)
    found = sweep(space, figure, baseline, line)
    explain = command_line("explain", (figure, *presets), space.one_of(options, -1))
    document = out.late("ptelist.views.sweep", "document", found, delta, explain)
    to_json, to_csv = (out.late("ptelist.views.sweep", name, found) for name in ("to_json", "to_csv"))
    to_svg = out.late("ptelist.views.linechart", "render", found, delta)
    out.deliver(out.Views(document, to_json, to_csv, to_svg), format_, output)
