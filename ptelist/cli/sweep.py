"""ptelist sweep: one figure along one axis or two."""

from __future__ import annotations

import click

from ptelist.cli.complete import last_word
from ptelist.cli.options import ScenarioCommand, figure_option, output_options, scenario_options
from ptelist.output.formats import FORMATS
from ptelist.settings.axes import PRESETS

FIGURE = "pte_list_desc.bytes.total"


@click.command("sweep", cls=ScenarioCommand)
@click.argument("preset", required=False, shell_complete=last_word(PRESETS))
@scenario_options
@figure_option("The figure to follow.", default=FIGURE, show_default=True)
@click.option("--delta", is_flag=True, help="Show its change against the baseline instead.")
@click.option("--baseline", metavar="AXIS=VALUE,..", help="What to compare with; default: the kernel's own value.")
@click.option("--log", is_flag=True, help="Draw the axis of the SVG by factors; else by size.")
@output_options((*FORMATS, "svg"))
def command() -> None:
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
