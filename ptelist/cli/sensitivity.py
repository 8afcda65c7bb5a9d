"""ptelist sensitivity: which parameter moves a figure most."""

from __future__ import annotations

import click

from ptelist.cli.complete import last_word
from ptelist.cli.options import ScenarioCommand, figure_option, output_options, scenario_options
from ptelist.cli.sweep import FIGURE
from ptelist.output.formats import FORMATS
from ptelist.settings.axes import PRESETS


@click.command("sensitivity", cls=ScenarioCommand)
@click.argument("preset", required=False, shell_complete=last_word(PRESETS))
@scenario_options
@figure_option("The figure to follow.", default=FIGURE, show_default=True)
@output_options((*FORMATS, "svg"))
def command() -> None:
    """Change every parameter of a scenario, one at a time, and sort them by their effect.

    A number is halved and doubled, an order one less and one more, a word or a switch
    every other that there is, a kernel the one before and the one after. An option
    with several values says what to try instead: --vcpus 64,128 is 64, and 128 tried.

    \b
      ptelist sensitivity --vcpus 256
      ptelist sensitivity nested --figure mmu.bytes.total --memory 64GiB,256GiB
      ptelist sensitivity --vcpus 256 --format svg -o tornado.svg
    """
