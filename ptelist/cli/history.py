"""ptelist history: a figure over the versions of the kernel."""

from __future__ import annotations

import click

from ptelist.cli.complete import last_word
from ptelist.cli.options import ScenarioCommand, figure_option, output_options, scenario_options
from ptelist.output.formats import FORMATS
from ptelist.settings.axes import PRESETS


@click.command("history", cls=ScenarioCommand)
@click.argument("preset", required=False, shell_complete=last_word(PRESETS))
@scenario_options
@figure_option("Which figure; default: mmu.bytes.total.")
@click.option("--all", "whole", is_flag=True, help="Every cause, however small.")
@output_options((*FORMATS, "svg"))
def command() -> None:
    """Follow a figure of one scenario from version to version of the kernel.

    Each change is given with the inputs that differ and that change the figure
    alone as well, and with the commits that changed them.

    \b
      ptelist history --memory 64GiB --vcpus 32
      ptelist history nested --figure pte_list_desc.bytes.total
    """
