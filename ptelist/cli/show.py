"""ptelist show: one scenario, every figure."""

from __future__ import annotations

import click

from ptelist.cli.complete import last_word
from ptelist.cli.options import ScenarioCommand, figure_option, output_options, scenario_options
from ptelist.output.formats import FORMATS
from ptelist.settings.axes import PRESETS


@click.command("show", cls=ScenarioCommand)
@click.argument("preset", required=False, shell_complete=last_word(PRESETS))
@scenario_options
@figure_option("Only this figure; repeatable.", multiple=True)
@output_options(FORMATS)
def command() -> None:
    """Show the whole ledger of one scenario.

    \b
      ptelist show nested --vcpus 8
    """
