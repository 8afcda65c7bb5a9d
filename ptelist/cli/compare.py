"""ptelist compare: the main job."""

from __future__ import annotations

import click

from ptelist.cli.complete import last_word
from ptelist.cli.options import ScenarioCommand, figure_option, output_options, paired_option, scenario_options
from ptelist.output.formats import FORMATS
from ptelist.settings.axes import PRESETS


@click.command("compare", cls=ScenarioCommand)
@click.argument("presets", nargs=-1, metavar="[PRESET]...", shell_complete=last_word(PRESETS))
@scenario_options
@paired_option
@click.option("--baseline", metavar="AXIS=VALUE,..", help="What to compare with; default: the kernel's own value.")
@figure_option("Show this figure instead of the usual ones; repeatable.", multiple=True)
@output_options(FORMATS)
def command() -> None:
    """Compare what scenarios take, PRESETs or option values.

    Every option is an axis: a list (2,14), a range (1..16, 1..64+8, 1..1024*2)
    or one value. Several axes give their product, at most 10,000 columns. Each
    column is compared with the one that has the kernel's own value, else the
    first; among the same vCPUs, memory and host where these vary too. --paired
    takes the values at the same place of all lists together instead, and compares
    with the first ones.

    \b
      ptelist compare --vcpus 256 --ext 2,14
      ptelist compare --kernel 5.14,6.18 --vcpus 1..256*4
      ptelist compare tdp nested shadow
    """
