"""ptelist inspect: what a kernel's own types say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ptelist.cli.options import FORMATS, ScenarioCommand, chosen, command_line, output_options, scenario_options
from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from ptelist.cli.output import Views
    from ptelist.inspection import Inspected

RUNNING = ("/sys/kernel/btf/vmlinux", "/sys/kernel/btf/kvm")
PAIR = 2


@click.command("inspect", cls=ScenarioCommand, short_help="Struct layouts of a vmlinux, kvm.ko, bzImage or BTF.")
@click.argument("files", nargs=-1, type=click.Path(), metavar="[FILE]...")
@click.option("--struct", "structs", multiple=True, metavar="NAME", help="Show this struct only; repeatable.")
@click.option("--diff", is_flag=True, help="Show what differs between two, and what that does to the footprint.")
@click.option("--as-preset", is_flag=True, help="Write a kernel preset, for --kernel.")
@scenario_options
@output_options(FORMATS)
def command(  # noqa: PLR0913, PLR0917 -- click hands every option over
    files: tuple[str, ...],
    structs: tuple[str, ...],
    diff: bool,
    as_preset: bool,
    format_: str | None,
    output: str | None,
    **params: Any,
) -> None:
    """Show how a kernel lays out pte_list_desc and its friends.

    FILE is a vmlinux, kvm.ko, bzImage (vmlinuz) or raw BTF, packed or not; - is
    stdin; without one, the running kernel. A module's kernel is looked for
    beside it, or named: VMLINUX+KVM.KO. What is read is held against the profile
    of the kernel's version (or of --kernel). Options of a scenario are for --diff.

    \b
      ptelist inspect /sys/kernel/btf/vmlinux
      ptelist inspect --diff old/vmlinux new/vmlinux --vcpus 256
      ptelist inspect kvm.ko --as-preset -o mine.toml
      ptelist compare --kernel-from old/vmlinux,new/vmlinux
    """
    from ptelist.cli import output as out  # noqa: PLC0415 -- not for --help
    from ptelist.inspection import inspect  # noqa: PLC0415 -- not for --help

    options = chosen(params)
    if diff + as_preset + bool(structs) > 1:
        raise click.UsageError("--diff, --as-preset and --struct exclude each other")
    if diff and any("," in file for file in files):
        raise PtelistError("--diff: a file's name must have no comma in it")
    if diff and len(files) != PAIR:
        raise click.UsageError(f"--diff takes two FILEs, got {len(files)}")
    if [name for name, _ in options if name != "kernel"] and not diff:
        raise click.UsageError("options of a scenario are for --diff; --kernel alone names the profile")
    specs = files or (_running(),)
    profile = dict(options).get("kernel")
    if as_preset:
        out.write(_preset(specs, profile), output)
        return
    flags = [*(["--diff"] if diff else []), *specs]
    line = command_line("inspect", flags, [*(("struct", name) for name in structs), *options])
    found = [inspect(spec, structs, profile) for spec in specs]
    out.deliver(_difference(found, specs, options, line) if diff else _layouts(found, line), format_, output)


def _running() -> str:
    """Return the running kernel: KVM's module if it is one."""
    from pathlib import Path  # noqa: PLC0415 -- not for --help

    return RUNNING[Path(RUNNING[1]).exists()]


def _preset(specs: tuple[str, ...], profile: str | None) -> str:
    from ptelist.sources import profile as profiles  # noqa: PLC0415 -- not for --help
    from ptelist.sources.builds import once  # noqa: PLC0415 -- not for --help
    from ptelist.views import preset  # noqa: PLC0415 -- one view is loaded, not all

    if len(specs) > 1:
        raise click.UsageError("--as-preset takes one FILE")
    found = once(specs[0])
    return preset.render(found.name, profiles.base(found, profile), profiles.said(found))


def _layouts(found: list[Inspected], line: str) -> Views:
    from ptelist.cli.output import Views, late  # noqa: PLC0415 -- not for --help

    view = "ptelist.views.inspect"
    return Views(late(view, "document", found, line), late(view, "to_json", found, line), late(view, "to_csv", found))


def _difference(found: list[Inspected], specs: tuple[str, ...], options: list[tuple[str, str]], line: str) -> Views:
    """Return what differs, followed by the footprints of both."""
    from ptelist.cli.output import Views  # noqa: PLC0415 -- not for --help
    from ptelist.columns import expand  # noqa: PLC0415 -- brings the models in
    from ptelist.comparison import compare  # noqa: PLC0415 -- brings the engine in
    from ptelist.views import csv, difference, json, table  # noqa: PLC0415 -- not for --help
    from ptelist.views.page import Document  # noqa: PLC0415 -- not for --help

    comparison = compare(expand([], [("kernel-from", ",".join(specs)), *options]), line)

    def document(width: int | None) -> Document:
        both = difference.document(found[0], found[1], line, width), table.document(comparison, (), width)
        return Document(both[0].tables + both[1].tables, both[0].notes + both[1].notes, line)

    return Views(document, lambda: json.render(comparison, ()), lambda: csv.render(comparison, ()))
