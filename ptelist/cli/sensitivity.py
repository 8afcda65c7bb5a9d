"""ptelist sensitivity: which parameter moves a figure most."""

from __future__ import annotations

from typing import Any

import click

from ptelist.cli.complete import presets_of
from ptelist.cli.options import FORMATS, ScenarioCommand, chosen, command_line, output_options, scenario_options
from ptelist.cli.sweep import FIGURE


@click.command("sensitivity", cls=ScenarioCommand, short_help="Which parameter moves a figure most.")
@click.argument("preset", required=False, shell_complete=presets_of())
@scenario_options
@click.option("--figure", default=FIGURE, metavar="ID", show_default=True, help="The figure to follow.")
@output_options((*FORMATS, "svg"))
def command(preset: str | None, figure: str, format_: str | None, output: str | None, **params: Any) -> None:
    """Change every parameter of a scenario, one at a time, and sort them by their effect.

    A number is halved and doubled, an order one less and one more, a word or a switch
    every other that there is, a kernel the one before and the one after. An option
    with several values says what to try instead: --vcpus 64,128 is 64, and 128 tried.

    \b
      ptelist sensitivity --vcpus 256
      ptelist sensitivity nested --figure mmu.bytes.total --memory 64GiB,256GiB
      ptelist sensitivity --vcpus 256 --format svg -o tornado.svg
    """
    from ptelist.cli import output as out  # noqa: PLC0415 -- not for --help
    from ptelist.sensitivity import sensitivity  # noqa: PLC0415 -- not for --help
    from ptelist.space import Space  # noqa: PLC0415 -- not for --help

    options = chosen(params)
    presets = (preset,) if preset else ()
    line = command_line("sensitivity", presets, [*options, *([("figure", figure)] if figure != FIGURE else [])])
    explain = command_line("explain", (figure, *presets), Space(presets, options).one_of(options, 0))
    found = sensitivity(presets, options, figure, line)
    document, to_json, to_csv, to_svg = (
        out.late("ptelist.views.sensitivity", name, found, *more)
        for name, *more in (("document", explain), ("to_json",), ("to_csv",), ("to_svg",))
    )
    out.deliver(out.Views(document, to_json, to_csv, to_svg), format_, output)
