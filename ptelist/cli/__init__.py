"""The command line: click, one small module a command, each loaded when used."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ptelist.cli.plain_options import VERSION, GroupWithHelp
from ptelist.errors import PtelistError, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Entry(NamedTuple):
    """A command in the list of them all: nothing is loaded to print it."""

    module: str
    """What it does; ptelist.cli has how it is called."""
    about: str


COMMANDS = {
    "compare": Entry("ptelist.compare.command", "Figures of several scenarios side by side."),
    "sweep": Entry("ptelist.sweep.command", "One figure along one axis or two, and where it breaks even."),
    "sensitivity": Entry("ptelist.sweep.sensitivity.command", "Which parameter moves a figure most."),
    "best": Entry("ptelist.sweep.best.command", "The PTE_LIST_EXT that takes the least, and its walks."),
    "where": Entry("ptelist.compare.where_command", "Where the bytes of one scenario are, the largest first."),
    "explore": Entry("ptelist.explore.command", "A live screen: move a lever, see what it moves."),
    "history": Entry("ptelist.sweep.history.command", "A figure over all kernel versions, and why it changed."),
    "show": Entry("ptelist.compare.show_command", "Every figure of one scenario."),
    "explain": Entry("ptelist.compare.explain_command", "How a number is derived, or what a difference comes of."),
    "observe": Entry("ptelist.observe.command", "A host's slab caches beside the prediction."),
    "inspect": Entry("ptelist.inspect.command", "Struct layouts of a vmlinux, kvm.ko, bzImage or BTF."),
    "rmaps": Entry("ptelist.traces.rmaps.command", "Descriptors of the lists in mmu_rmaps_stat."),
    "replay": Entry("ptelist.traces.replay.command", "Descriptors of a traced VM, entry by entry."),
    "patch": Entry("ptelist.patch.command", "What a patch series changes in structs, and what that costs."),
    "check": Entry("ptelist.gate.command", "Figures against budgets and a baseline, for CI."),
    "fleet": Entry("ptelist.fleet.command", "All hosts of an inventory, and what a change would save."),
    "collect-script": Entry("ptelist.collect.command", "Print the script that tells of a host without Python."),
    "presets": Entry("ptelist.settings.presets_command", "List, show and validate presets."),
    "figures": Entry("ptelist.compare.figures_command", "All figures: their units, and what they are."),
    "completion": Entry("ptelist.cli.shells", "Print a shell's completion script."),
    "help": Entry("ptelist.output.manual.command", "Read the manual: a page for each command and topic."),
}
"""Commands in the order of their use."""


class Cli(GroupWithHelp):
    """The group of all commands, and the only place that ends the process."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of their use."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's declaration when it is asked for, and what it does when it runs."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        from ptelist.cli.link import linked  # noqa: PLC0415 -- not for --version

        entry = COMMANDS[cmd_name]
        command = linked(import_module(f"ptelist.cli.{cmd_name.replace('-', '_')}").command, entry.module)
        command.short_help = entry.about
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.about) for name, entry in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; name the nearest ones for a misspelt one."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise PtelistError(f'no command "{args[0]}"{suggestion(args[0], COMMANDS)}')
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the options; --help and --version write here."""
        with _closing_pipe():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _closing_pipe():
            return super().invoke(ctx)

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> Any:  # type: ignore[override]
        """Run, and turn every failure into one line and an exit code."""
        if sys.stderr is None:  # closed: messages go nowhere, and no file that is opened later takes its number
            sys.stderr = open(os.devnull, "w", encoding="ascii")  # noqa: PTH123, SIM115 -- pathlib is slow to load
        extra |= {"standalone_mode": False, "prog_name": "ptelist"}
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # the search for plugins takes longer than we do
        try:
            if sys.stdout is None:
                raise PtelistError("stdout: is closed")
            code = super().main(args, **extra)
            sys.stdout.flush()
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 -- the only place that ends the process
            code = _told(error)
        sys.exit(code if isinstance(code, int) else 0)


@contextmanager
def _closing_pipe() -> Iterator[None]:
    """End quietly when nobody reads on; click would make it exit code 1."""
    try:
        yield
    except BrokenPipeError as error:
        raise click.exceptions.Exit(_told(error)) from None


def _told(error: BaseException) -> int:
    from ptelist.cli.failures import told  # noqa: PLC0415 -- only after a failure

    return told(error)


@click.group(cls=Cli, params=[VERSION])
def main() -> None:
    """Say exactly what KVM's shadow-MMU structures cost in memory.

    The question it began with: what does a smaller pte_list_desc save?

    \b
      ptelist compare --vcpus 256 --ext 2,14
    """
