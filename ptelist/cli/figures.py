"""ptelist figures: what can be asked for."""

from __future__ import annotations

import click

from ptelist.cli.complete import figure
from ptelist.cli.options import output_options
from ptelist.cli.plain_options import WithHelp
from ptelist.output.formats import FORMATS


@click.command("figures", cls=WithHelp)
@click.argument("names", nargs=-1, metavar="[FIGURE]...", shell_complete=figure)
@output_options(FORMATS, assumptions=False)
def command() -> None:
    """List figures with their units and what they are.

    FIGURE is a name, a group, or a pattern; without one, all are listed.

    \b
      ptelist figures memslots
      ptelist figures '*.slabs'
    """
