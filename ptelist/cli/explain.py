"""ptelist explain: where a figure comes from."""

from __future__ import annotations

from typing import Any

import click

from ptelist.cli.complete import presets_of
from ptelist.cli.options import ScenarioCommand, chosen, command_line, output_options, scenario_options
from ptelist.errors import PtelistError


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
    _refuse_swapped(figure, preset)
    comparison = single(presets, options, command_line("explain", (figure, *presets), options))
    pick(comparison.ledgers[0], (figure,))
    tree, to_json = (
        out.late(f"ptelist.views.{module}", name, comparison, figure)
        for module, name in (("tree", "document"), ("json", "render_tree"))
    )
    out.deliver(out.Views(tree, to_json), format_, output)


def _refuse_swapped(figure: str, preset: str | None) -> None:
    """Raise PtelistError if a preset stands where the figure is expected, or a figure where the preset is."""
    if _is_preset(figure):
        wanted = preset if preset and not _is_preset(preset) else "FIGURE"
        raise PtelistError(f'"{figure}" is a preset, and a figure comes first: ptelist explain {wanted} {figure}')
    if preset and "." in preset and not _is_preset(preset):
        from ptelist.cli.single import single  # noqa: PLC0415 -- after an error only

        if preset in single((), [], "").ledgers[0]:
            raise PtelistError(f'"{preset}" is a figure, as "{figure}" before it: one at a time, then a preset')


def _is_preset(name: str) -> bool:
    from ptelist.presets import find  # noqa: PLC0415 -- not for --help

    try:
        find(name)
    except PtelistError:
        return False
    return True
