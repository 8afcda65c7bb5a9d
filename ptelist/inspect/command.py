"""ptelist inspect: what it does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ptelist.errors import PtelistError
from ptelist.inspect import page, preset_of_build
from ptelist.inspect.inspection import inspect
from ptelist.inspect.sentence import headline
from ptelist.output.command_line import command_line
from ptelist.output.result import Result
from ptelist.output.sentence import PAIR
from ptelist.readers.builds import profile as profiles
from ptelist.readers.builds.builds import once

if TYPE_CHECKING:
    from ptelist.output.command_line import Options

RUNNING = ("/sys/kernel/btf/vmlinux", "/sys/kernel/btf/kvm")


def run(
    options: Options, files: tuple[str, ...], structs: tuple[str, ...], diff: bool, as_preset: bool
) -> Result | str:
    """Return the layouts of kernels, what differs between two, or a preset of one."""
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
        return _preset(specs, profile)
    flags = [*(["--diff"] if diff else []), *specs]
    line = command_line("inspect", flags, [*(("struct", name) for name in structs), *options])
    kernels = [inspect(spec, structs, profile) for spec in specs]
    if diff:
        from ptelist.inspect.footprints import difference  # noqa: PLC0415 -- brings the engine in

        return difference(kernels, specs, options, line)
    notes = [note for each in kernels for note in each.notes]
    return Result(
        line,
        notes,
        lambda width: page.document(kernels, line, width),
        lambda: page.body(kernels),
        lambda: page.rows(kernels),
        headline=lambda: headline(kernels),
    )


def _running() -> str:
    """Return the running kernel: KVM's module if it is one."""
    return RUNNING[Path(RUNNING[1]).exists()]


def _preset(specs: tuple[str, ...], profile: str | None) -> str:
    if len(specs) > 1:
        raise click.UsageError("--as-preset takes one FILE")
    build = once(specs[0])
    return preset_of_build.render(build.name, profiles.base(build, profile), profiles.said(build))
