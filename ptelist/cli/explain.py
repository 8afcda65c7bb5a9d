"""ptelist explain: where a figure comes from."""

from __future__ import annotations

from typing import Any

import click

from ptelist.cli.complete import presets_of
from ptelist.cli.options import ScenarioCommand, chosen, command_line, output_options, scenario_options


@click.command("explain", cls=ScenarioCommand, short_help="A figure's derivation, down to the kernel's constants.")
@click.argument("figure")
@click.argument("preset", required=False, shell_complete=presets_of())
@scenario_options
@output_options(("terminal", "mail", "markdown", "json"))
def command(figure: str, preset: str | None, format_: str | None, output: str | None, **params: Any) -> None:
    """Show how FIGURE follows: formulas with the numbers in them, and sources.

    \b
      ptelist explain pte_list_desc.bytes.slab --vcpus 1 --ext 14
    """
    from ptelist.cli import output as out  # noqa: PLC0415 -- not for --help
    from ptelist.cli.single import single  # noqa: PLC0415 -- not for --help
    from ptelist.comparison import pick  # noqa: PLC0415 -- not for --help

    options = chosen(params)
    presets = (preset,) if preset else ()
    comparison = single(presets, options, command_line("explain", (figure, *presets), options))
    pick(comparison.ledgers[0], (figure,))
    tree, to_json = (
        out.late(f"ptelist.views.{module}", name, comparison, figure)
        for module, name in (("tree", "document"), ("json", "render_tree"))
    )
    out.deliver(out.Views(tree, to_json), format_, output)
