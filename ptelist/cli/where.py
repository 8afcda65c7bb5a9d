"""ptelist where: where the bytes are."""

from __future__ import annotations

import click

from ptelist.cli.complete import last_word
from ptelist.cli.options import ScenarioCommand, output_options, scenario_options
from ptelist.output.formats import FORMATS
from ptelist.settings.axes import PRESETS


@click.command("where", cls=ScenarioCommand)
@click.argument("preset", required=False, shell_complete=last_word(PRESETS))
@scenario_options
@click.option("--all", "whole", is_flag=True, help="Every part, however small.")
@output_options(FORMATS)
def command() -> None:
    """Take the total of one scenario apart, the largest parts first.

    \b
      ptelist where --memory 64GiB --vcpus 32 --leaf 4K
    """
