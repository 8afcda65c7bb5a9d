"""ptelist show: one scenario, every figure."""

from __future__ import annotations

from typing import Any

import click

from ptelist.cli.complete import presets_of
from ptelist.cli.options import FORMATS, ScenarioCommand, chosen, command_line, output_options, scenario_options


@click.command("show", cls=ScenarioCommand, short_help="Every figure of one scenario.")
@click.argument("preset", required=False, shell_complete=presets_of())
@scenario_options
@click.option("--figure", multiple=True, metavar="ID", help="Only this figure; repeatable.")
@output_options(FORMATS)
def command(
    preset: str | None, figure: tuple[str, ...], format_: str | None, output: str | None, **params: Any
) -> None:
    """Show the whole ledger of one scenario.

    \b
      ptelist show nested --vcpus 8
    """
    from ptelist.cli import output as out  # noqa: PLC0415 -- not for --help
    from ptelist.cli.single import single  # noqa: PLC0415 -- not for --help
    from ptelist.views.table import ledger  # noqa: PLC0415 -- not for --help

    options = chosen(params)
    presets = (preset,) if preset else ()
    line = command_line("show", presets, [*options, *(("figure", name) for name in figure)])
    comparison = single(presets, options, line)
    out.emit(comparison, figure, lambda width: ledger(comparison, figure, width), format_, output)
