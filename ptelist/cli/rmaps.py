"""ptelist rmaps: what a VM's rmap lists take, out of debugfs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ptelist.cli.options import FORMATS, ScenarioCommand, chosen, command_line, output_options, scenario_options
from ptelist.errors import PtelistError

NUMBER = click.IntRange(min=0, max=1 << 48)
LIVE = "/sys/kernel/debug/"


@click.command("rmaps", cls=ScenarioCommand, short_help="Descriptors of the lists in mmu_rmaps_stat.")
@click.argument("file", type=click.Path(allow_dash=True))
@click.option("--pages-4k", type=NUMBER, metavar="N", help="The VM's pages_4k at that moment.")
@click.option("--pages-2m", type=NUMBER, metavar="N", help="Its pages_2m.")
@click.option("--pages-1g", type=NUMBER, metavar="N", help="Its pages_1g.")
@click.option("--max-rmap-size", type=NUMBER, metavar="N", help="Its max_mmu_rmap_size.")
@click.option("--written-by", metavar="KERNEL", help="The kernel that wrote FILE, if not that of --kernel.")
@scenario_options
@output_options(FORMATS)
def command(  # noqa: PLR0913, PLR0917 -- click hands every option over
    file: str,
    pages_4k: int | None,
    pages_2m: int | None,
    pages_1g: int | None,
    max_rmap_size: int | None,
    written_by: str | None,
    format_: str | None,
    output: str | None,
    **params: Any,
) -> None:
    """Bound what the rmap lists in FILE take, a VM's mmu_rmaps_stat (- is stdin).

    Up to v7.1 KVM sorts lists into its columns by the lowest set bit of their
    lengths, so say which kernel wrote FILE (a file in /sys/kernel/debug: the
    running one). The bounds hold for any lengths and any history that FILE and
    the VM's counters allow; without the TDP MMU (--paging shadow or tdp-legacy)
    pages_4k, pages_2m and pages_1g are the entries of all lists.

    \b
      ptelist rmaps mmu_rmaps_stat --kernel 6.1 --paging shadow --pages-4k 70123
      ptelist rmaps mmu_rmaps_stat --kernel 7.3 --ext 2..32
    """
    from ptelist.cli import output as out  # noqa: PLC0415 -- not for --help
    from ptelist.columns import expand  # noqa: PLC0415 -- not for --help
    from ptelist.presets import RUNNING, load, read_text  # noqa: PLC0415 -- not for --help
    from ptelist.rmaps import BRIEF, FIGURES, Limits, measure  # noqa: PLC0415 -- not for --help
    from ptelist.sources.rmaps_stat import parse  # noqa: PLC0415 -- not for --help
    from ptelist.views.table import document  # noqa: PLC0415 -- not for --help

    options = chosen(params)
    given = {text.partition("=")[0].removeprefix("vm.") if name == "set" else name for name, text in options}
    usual = [("kernel", RUNNING)] if file.startswith(LIVE) else []
    usual.append(("history", "any"))
    found = expand((), [*((name, text) for name, text in usual if name not in given), *options])
    rules = {column.scenario.kernel.rmaps_stat for column in found.columns}
    if written_by:
        rules = {load(written_by, "kernels").overlay.kernel["rmaps_stat"].value}
    if len(rules) > 1:
        raise PtelistError("--kernel: these kernels have different columns; say which one wrote FILE, --written-by")
    (how,) = rules
    if how == "none":
        raise PtelistError("--kernel: this kernel has no mmu_rmaps_stat, it came with v5.15: --written-by")
    pages = {"4K": pages_4k, "2M": pages_2m, "1G": pages_1g}
    known = [(f"pages-{size.lower()}", str(count)) for size, count in pages.items() if count is not None]
    known += [("max-rmap-size", str(max_rmap_size))] if max_rmap_size is not None else []
    known += [("written-by", written_by)] if written_by else []
    line = command_line("rmaps", (file,), [*known, *options])
    lists = parse(read_text(Path(file), file), file)
    comparison = measure(lists, Limits(pages, max_rmap_size), found, how, line)
    out.emit(comparison, (), lambda width: document(comparison, (), width, FIGURES, BRIEF), format_, output)
