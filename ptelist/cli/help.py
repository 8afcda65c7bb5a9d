"""ptelist help: the manual."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ptelist.cli.options import output_options
from ptelist.cli.plain_options import WithHelp

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def _topics(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem | str]:
    from ptelist.output.manual import pages  # noqa: PLC0415 -- not for --help

    del ctx, param
    return [name for name in pages.names() if name.startswith(incomplete)]


@click.command("help", cls=WithHelp)
@click.argument("topic", default="ptelist", shell_complete=_topics)
@output_options(("terminal", "mail", "markdown"))
def command() -> None:
    """Show the manual's page of TOPIC; without one, list all topics.

    \b
      ptelist help
      ptelist help fields
      ptelist help check | less
    """
