"""ptelist presets: what ships, and checking one's own."""

from __future__ import annotations

import click

from ptelist.axes import KINDS
from ptelist.cli.complete import presets_of
from ptelist.cli.options import output_options


@click.group("presets", short_help="List, show and validate presets.")
def command() -> None:
    """Kernels, hosts, VMs and proposals: named TOML files that set fields.

    One's own preset is a TOML file given by its path, wherever a name can stand;
    it sets fields in [kernel], [host] and [vm] (or several [[vm]] groups), and
    may say extends = "NAME" or a path.
    """


@command.command("list")
@click.argument("kind", required=False, type=click.Choice(KINDS))
def list_(kind: str | None) -> None:
    """Name the shipped presets, with their titles."""
    from ptelist import presets  # noqa: PLC0415 -- not for --help
    from ptelist.views import plain  # noqa: PLC0415 -- not for --help
    from ptelist.views.page import MAIL_WIDTH  # noqa: PLC0415 -- not for --help

    for each in (kind,) if kind else KINDS:
        click.echo(f"{each}:")
        names = presets.names(each)
        for name in names:
            preset = presets.load(name, each)
            tree = preset.overlay.kernel.get("tree")
            about = f"{preset.about['title']} (tree {tree.value})" if tree else preset.about["title"]
            label = f"  {name:{max(map(len, names))}}  "
            click.echo(label + plain.wrapped(about, MAIL_WIDTH - len(label), " " * len(label)))


@command.command("show")
@click.argument("name", shell_complete=presets_of())
@output_options(("terminal", "mail", "markdown"))
def show(name: str, format_: str | None, output: str | None) -> None:
    """Show what a preset sets, with the source of each value."""
    from ptelist import presets  # noqa: PLC0415 -- not for --help
    from ptelist.cli import output as out  # noqa: PLC0415 -- not for --help
    from ptelist.views import settings  # noqa: PLC0415 -- not for --help

    chosen = out.choose(format_, output)
    out.write(settings.render(presets.load(name), out.width(chosen), chosen), output)


@command.command("path")
@click.argument("name", required=False, shell_complete=presets_of())
def path(name: str | None) -> None:
    """Print the file of a preset, or the folder of all."""
    from ptelist import presets  # noqa: PLC0415 -- not for --help

    click.echo(str(presets.find(name)[0] if name else presets.root()))


@command.command("validate")
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILE...")
def validate(files: tuple[str, ...]) -> None:
    """Check presets: each is laid over the defaults and accounted for."""
    from ptelist.columns import expand  # noqa: PLC0415 -- not for --help
    from ptelist.engine.account import account  # noqa: PLC0415 -- not for --help

    for file in files:
        for column in expand([file], []).columns:
            account(column.scenario)
        click.echo(f"{file}: ok")
