"""ptelist explain: where a figure comes from."""

from __future__ import annotations

import click

from ptelist.cli.complete import last_word
from ptelist.cli.options import ScenarioCommand, output_options, scenario_options
from ptelist.settings.axes import PRESETS


@click.command("explain", cls=ScenarioCommand, short_help="A figure's derivation, down to the kernel's constants.")
@click.argument("figure")
@click.argument("preset", required=False, shell_complete=last_word(PRESETS))
@scenario_options
@output_options(("terminal", "mail", "markdown", "json"))
def command() -> None:
    """Show how FIGURE follows: formulas with the numbers in them, and sources.

    \b
      ptelist explain pte_list_desc.bytes.slab --vcpus 1 --ext 14
    """
