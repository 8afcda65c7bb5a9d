"""ptelist completion: the script that a shell reads."""

from __future__ import annotations

import click


@click.command("completion", short_help="Print a shell's completion script.")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def command(shell: str) -> None:
    """Print the completion script of SHELL; put it where the shell looks.

    \b
      ptelist completion bash > ~/.local/share/bash-completion/completions/ptelist
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415 -- used here only

    from ptelist.cli import main  # noqa: PLC0415 -- a cycle otherwise

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(found(main, {}, "ptelist", "_PTELIST_COMPLETE").source())
