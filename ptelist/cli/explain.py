"""ptelist explain: where a figure comes from."""

from __future__ import annotations

import click

from ptelist.cli.complete import figure, last_word
from ptelist.cli.options import ScenarioCommand, output_options, paired_option, scenario_options
from ptelist.settings.axes import PRESETS


@click.command("explain", cls=ScenarioCommand)
@click.argument("figure", shell_complete=figure)
@click.argument("presets", nargs=-1, metavar="[PRESET [PRESET]]", shell_complete=last_word(PRESETS))
@scenario_options
@paired_option
@click.option("--depth", metavar="N|all", help="Levels to show; default: as many as a screen has room for.")
@output_options(("terminal", "mail", "markdown", "html", "json"))
def command() -> None:
    """Explain how a number is derived: formulas with the numbers in them, and sources.

    With two scenarios (two presets, an option with two values, or several with
    --paired), explain what FIGURE's difference comes of: the largest part first,
    down to the inputs that differ.

    \b
      ptelist explain pte_list_desc.bytes.slab --vcpus 1 --ext 14
      ptelist explain mmu.bytes.total tdp nested
      ptelist explain mmu.bytes.total --vcpus 256 --ext 14,2
    """
