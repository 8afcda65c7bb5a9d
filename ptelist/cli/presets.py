"""ptelist presets: what ships, and checking one's own."""

from __future__ import annotations

import click

from ptelist.cli.complete import last_word
from ptelist.cli.options import output_options
from ptelist.cli.plain_options import FILE, GroupWithHelp
from ptelist.scenario.presets.kinds import KINDS
from ptelist.settings.axes import PRESETS


@click.group("presets", cls=GroupWithHelp)
def command() -> None:
    """Kernels, hosts, VMs and proposals: named TOML files that set fields.

    One's own preset is a TOML file given by its path, wherever a name can stand;
    it sets fields in [kernel], [host] and [vm] (or several [[vm]] groups), and
    may say extends = "NAME" or a path.
    """


@command.command("list")
@click.argument("kind", required=False, type=click.Choice(KINDS))
def list_() -> None:
    """Name the shipped presets, with their titles."""


@command.command("show")
@click.argument("name", shell_complete=last_word(PRESETS))
@output_options(("terminal", "mail", "markdown"), assumptions=False)
def show() -> None:
    """Show what a preset sets, with the source of each value."""


@command.command("path")
@click.argument("name", required=False, shell_complete=last_word(PRESETS))
def path() -> None:
    """Print the file of a preset, or the folder of all."""


@command.command("validate")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
def validate() -> None:
    """Check presets: each is laid over the defaults and accounted for."""
