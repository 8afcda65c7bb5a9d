"""--help, --version and names of files as click has them, without its search for translations, which loads locale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ptelist.output.version import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class FileName(click.ParamType):  # type: ignore[type-arg]  # the oldest click has no arguments for it
    """The name of a file or folder, of which nothing is asked before it is opened."""

    name = "path"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Let the shell complete files."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 -- where a word is completed

        del ctx, param
        return [CompletionItem(incomplete, type="file")]


FILE = FileName()


class WithHelp(click.Command):
    """A command with -h and --help."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return the option."""
        del ctx
        return HELP


class GroupWithHelp(WithHelp, click.Group):
    """A group of such commands."""

    command_class = WithHelp


def _helped(ctx: click.Context, _param: click.Parameter, value: Any) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


def _versioned(ctx: click.Context, _param: click.Parameter, value: Any) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"ptelist {__version__}", color=ctx.color)
        ctx.exit()


def _flag(*names: str, **said: Any) -> click.Option:
    return click.Option(names, is_flag=True, is_eager=True, expose_value=False, **said)


HELP = _flag("-h", "--help", callback=_helped, help="Show this message and exit.")
VERSION = _flag("-V", "--version", callback=_versioned, help="Show the version and exit.")
