"""ptelist completion: the script that a shell reads."""

from __future__ import annotations

import click

from ptelist.cli.plain_options import WithHelp


@click.command("completion", cls=WithHelp)
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def command() -> None:
    """Print the completion script of SHELL; put it where the shell looks.

    \b
      ptelist completion bash > ~/.local/share/bash-completion/completions/ptelist
    """
