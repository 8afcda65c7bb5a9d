"""A man page for each page of the manual; that of a command has its usage and options as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ptelist.cli import main
from ptelist.output.manual import pages, roff
from ptelist.output.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator


def man_pages() -> Iterator[tuple[str, str]]:
    """Yield the path of each below share/, and its text."""
    with click.Context(main, info_name=pages.INDEX, **main.context_settings) as whole:
        for name in pages.names():
            page = pages.page(name)
            number = roff.section(page)
            yield f"man/man{number}/{roff.name(page)}.{number}", roff.render(page, __version__, _usage(whole, name))


def _usage(whole: click.Context, name: str) -> roff.Usage | None:
    """Return how a command is called, or ptelist itself; None for a topic."""
    if name == pages.INDEX:
        return _called(whole)
    command = main.get_command(whole, name)
    return _called(click.Context(command, info_name=name, parent=whole)) if command else None


def _called(context: click.Context) -> roff.Usage:
    command = context.command
    options = [param for param in command.get_params(context) if isinstance(param, click.Option)]
    records = [record for option in options if (record := option.get_help_record(context))]
    if isinstance(command, click.Group):
        records += [(each, below.get_short_help_str()) for each, below in command.commands.items()]
    return roff.Usage(" ".join([context.command_path, *command.collect_usage_pieces(context)]), tuple(records))
