"""Options that commands share: the axes of a scenario, formats and output."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from ptelist.cli.complete import figure, last_of
from ptelist.cli.plain_options import FILE, WithHelp
from ptelist.settings.axes import AXES
from ptelist.settings.defaults import default

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SWITCHES = {f"--{axis.name}": axis.name for axis in AXES.values() if axis.kind.is_switch}
_VALUE = r"(on|off)(,.*)?"


class ScenarioCommand(WithHelp):
    """A command whose switches take `--x`, `--no-x`, `--x off` or `--x on,off`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give every switch its value before click reads the arguments."""
        read = []
        for number, arg in enumerate(args):
            if arg == "--":
                read += args[number:]
                break
            if arg in SWITCHES and not (number + 1 < len(args) and re.fullmatch(_VALUE, args[number + 1])):
                read.append(f"{arg}=on")
            elif arg.startswith("--no-") and f"--{arg[5:]}" in SWITCHES:
                read.append(f"--{arg[5:]}=off")
            else:
                read.append(arg)
        return super().parse_args(ctx, read)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options by what they are about; in brackets stands what is in force without them."""
        groups: dict[str, list[tuple[str, str]]] = {title: [] for title in TITLES.values()}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record and isinstance(param, click.Option):
                is_help = set(param.opts) & set(ctx.help_option_names)
                groups[TITLES["output" if is_help else _about(param.name or "")]].append(record)
        for title, records in groups.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


TITLES = {
    "": "Options of this command",
    "kernel": "Kernel",
    "host": "Host",
    "vm": "VM",
    "output": "Output",
}
MAPS = "map_kernel"
"""The parameter of --map-kernel."""

OUTPUT = frozenset(("format_", "output", "assumptions"))


def _about(param: str) -> str:
    """Return what an option is about: a part of a scenario, the output, or "" for the command's own."""
    if param in OUTPUT:
        return "output"
    axis = AXES.get(param.replace("_", "-"))
    return axis.part if axis else "kernel" if param in {"set_", MAPS} else ""


def map_option(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return --map-kernel under a name of its own: `map_kernel` is what the link itself does."""
    text = "What stands for kernels of distributions: 'el9*=5.14', ubuntu=upstream, or a TOML file; repeatable."
    return click.option("--map-kernel", name, multiple=True, metavar="PATTERN=NAME", help=text)


def scenario_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each axis, `--set` for every other field, --map-kernel for what --kernel names."""
    return map_option(MAPS)(axis_options(function))


def axis_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each axis, `--set` for every other field."""
    function = click.option(
        "--set", "set_", multiple=True, metavar="PART.FIELD=V,..", help="Any field, e.g. kernel.page_topup_min=4."
    )(function)
    for axis in reversed(AXES.values()):
        text = f"{axis.help} Also --no-{axis.name}." if axis.kind.is_switch else axis.help
        if in_force := default(axis.name):
            text = f"{text} [{in_force}]"
        function = click.option(
            f"--{axis.name}",
            multiple=True,
            metavar=axis.kind.metavar,
            help=text,
            shell_complete=last_of(axis.words),
        )(function)
    return function


def figure_option(text: str, **extra: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return --figure, completed by names and groups."""
    return click.option("--figure", metavar="ID", help=text, shell_complete=figure, **extra)


def paired_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add --paired."""
    text = "Take the first values of all lists together, then the second ones, not each combination."
    return click.option("--paired", is_flag=True, help=text)(function)


def output_options(
    formats: Iterable[str], *, assumptions: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --format, -o and, for what rests on assumptions, --assumptions."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        function = click.option(
            "-o", "--output", type=FILE, metavar="FILE", help="Write to FILE atomically; - for stdout."
        )(function)
        if assumptions:
            text = "Tell all that was assumed, not only what bears most on the figures shown."
            function = click.option("--assumptions", is_flag=True, help=text)(function)
        return click.option(
            "--format",
            "format_",
            type=click.Choice(list(formats)),
            help="Default: terminal on a terminal, else mail (72 columns, ASCII).",
        )(function)

    return add


def chosen(params: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the axes given, in the order typed; click keeps that order in params.

    Kernels that --map-kernel names are RELEASE=PROFILE.
    """
    found = []
    for param, texts in params.items():
        name = "set" if param == "set_" else param.replace("_", "-")
        if name in AXES or name == "set":
            found += [(name, text) for text in texts or ()]
    if maps := params.get(MAPS):
        from ptelist.settings.kernel_map import mapped  # noqa: PLC0415 -- reads presets, not for --help

        return mapped(found, maps)
    return found
