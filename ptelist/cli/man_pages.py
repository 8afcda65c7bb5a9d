"""A man page for each page of the manual; that of a command has its usage and options as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ptelist import __version__
from ptelist.cli import COMMANDS, main
from ptelist.manual import pages, roff

if TYPE_CHECKING:
    from collections.abc import Iterator


def man_pages() -> Iterator[tuple[str, str]]:
    """Yield the path of each below share/, and its text."""
    with click.Context(main, info_name="ptelist", **main.context_settings) as context:
        for name in pages.names():
            page = pages.page(name)
            usage = _usage(context, name) if name in COMMANDS else None
            number = roff.section(page)
            yield f"man/man{number}/{roff.name(page)}.{number}", roff.render(page, __version__, usage)


def _usage(parent: click.Context, name: str) -> roff.Usage:
    command = main.get_command(parent, name) or main
    with click.Context(command, info_name=name, parent=parent) as context:
        options = [param for param in command.get_params(context) if isinstance(param, click.Option)]
        records = [record for option in options if (record := option.get_help_record(context))]
        if isinstance(command, click.Group):
            records += [(each, below.get_short_help_str()) for each, below in command.commands.items()]
        synopsis = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    return roff.Usage(synopsis, tuple(records))
