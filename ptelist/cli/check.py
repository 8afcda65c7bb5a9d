"""ptelist check: a gate for CI."""

from __future__ import annotations

from typing import Any

import click

from ptelist.cli.complete import last_word
from ptelist.cli.options import MAPS, map_option
from ptelist.cli.plain_options import FILE, WithHelp
from ptelist.settings.axes import AXES

REPORTS = ("text", "json", "markdown", "html", "ktap", "junit", "github")
"""The formats of a report; the last three are modules of ptelist.gate."""


class CheckCommand(WithHelp):
    """A command whose -o belongs to the --format before it."""

    def make_parser(self, ctx: click.Context) -> Any:
        """Return a parser that notes in which order --format and -o were typed."""
        return _Noting(super().make_parser(ctx), ctx)


class _Noting:
    """click's parser of options, its order kept: the values alone do not tell which -o follows which --format."""

    def __init__(self, parser: Any, ctx: click.Context) -> None:
        """Take the parser, and where the order goes."""
        self._parser, self._ctx = parser, ctx

    def __getattr__(self, name: str) -> Any:
        """Return what else click asks its parser for."""
        return getattr(self._parser, name)

    def parse_args(self, args: list[str]) -> Any:
        """Return what the parser does."""
        values, rest, order = self._parser.parse_args(args=args)
        self._ctx.params["order"] = [param.name for param in order if param.name in {"formats", "outputs"}]
        return values, rest, order


def _reports(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the format and the file of each FORMAT=FILE."""
    reports = []
    for value in values:
        name, _, file = value.partition("=")
        if name not in REPORTS or not file:
            raise click.UsageError(f"--report: expected FORMAT=FILE with one of {', '.join(REPORTS)}, got {value}")
        reports.append((name, file))
    return reports


@click.command("check", cls=CheckCommand)
@click.argument("file", required=False, type=FILE, metavar="[FILE]")
@click.option("--kernel", metavar="NAME", help=AXES["kernel"].help, shell_complete=last_word(AXES["kernel"].kind))
@map_option(MAPS)
@click.option("--kernel-from", metavar="FILE", help="The build under test: vmlinux, kvm.ko, bzImage or BTF.")
@click.option(
    "--config",
    metavar="NAME",
    help="How it was built, else the .config in its folder: a preset, a TOML file, /boot/config-* or config.gz.",
    shell_complete=last_word(AXES["config"].kind),
)
@click.option(
    "--against-from", metavar="FILE", help="Another build that --kernel-from is held against, instead of a baseline."
)
@click.option("--baseline", type=FILE, metavar="FILE", help="Default: what FILE says, else FILE-baseline.json.")
@click.option("--init", is_flag=True, help="Write FILE to begin with, figures of this kernel filled in.")
@click.option("--update", is_flag=True, help="Take the figures as they are for the baseline.")
@click.option("--dry-run", is_flag=True, help="Write no file, say what would be written.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(REPORTS),
    help="Default: text. Repeatable, each with its own -o.",
)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=FILE,
    metavar="FILE",
    help="Write the --format before it there.",
)
@click.option(
    "--report",
    "reports",
    multiple=True,
    callback=_reports,
    metavar="FORMAT=FILE",
    help=f"Write a report there as well; repeatable. FORMAT: {', '.join(REPORTS)}.",
)
def command() -> None:
    """Hold the figures of scenarios against budgets, as a gate in CI.

    FILE (default: ptelist.toml) has scenarios and budgets: max, exact, or
    max_growth from a baseline that --update writes beside it. The kernel under
    test is --kernel-from (a build) or --kernel, for every scenario that names
    none. Without a ptelist.toml a build is held against the profile of its
    version, by the budgets that --init would write. A build's configuration is
    the .config in its folder, unless --config names one; the report says which.

    Exit code: 0 within budget, 1 over it, 2 anything wrong with the input or the
    baseline.

    \b
      ptelist check --init && ptelist check --update
      ptelist check --kernel-from vmlinux
      ptelist check --against-from old/vmlinux --kernel-from new/vmlinux
      ptelist check --format ktap -o out.tap --format github
    """
