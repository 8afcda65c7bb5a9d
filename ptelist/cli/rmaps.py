"""ptelist rmaps: what a VM's rmap lists take, out of debugfs."""

from __future__ import annotations

from typing import Any

import click

from ptelist.cli.histograms import Told, histogram_options, usual
from ptelist.cli.options import FORMATS, ScenarioCommand, chosen, command_line, output_options, scenario_options


@click.command("rmaps", cls=ScenarioCommand, short_help="Descriptors of the lists in mmu_rmaps_stat.")
@click.argument("file", type=click.Path(allow_dash=True))
@histogram_options
@scenario_options
@output_options(FORMATS)
def command(  # noqa: PLR0913, PLR0917 -- click hands every option over
    file: str,
    pages_4k: int | None,
    pages_2m: int | None,
    pages_1g: int | None,
    max_rmap_size: int | None,
    no_counters: bool,
    of_vm: str | None,
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
    pages_4k, pages_2m and pages_1g are the entries of all lists. They and
    max_mmu_rmap_size are read from beside FILE, in the VM's folder of debugfs or a
    copy of it, or from a saved observation (observe --rmaps-stat --save) as FILE.

    \b
      ptelist rmaps mmu_rmaps_stat --kernel 6.1 --paging shadow --pages-4k 70123
      ptelist rmaps mmu_rmaps_stat --kernel 7.3 --ext 2..32
    """
    from ptelist.cli import output as out  # noqa: PLC0415 -- not for --help
    from ptelist.columns import expand  # noqa: PLC0415 -- not for --help
    from ptelist.rmaps import BRIEF, FIGURES, measure  # noqa: PLC0415 -- not for --help
    from ptelist.views.table import document  # noqa: PLC0415 -- not for --help

    options = chosen(params)
    told = Told(pages_4k, pages_2m, pages_1g, max_rmap_size, no_counters, of_vm, written_by)
    found = expand((), [*usual(file, options), *options])
    line = command_line("rmaps", (file, *told.words()), [*told.options(), *options])
    how = told.how(found)
    comparison = measure(*told.read(file), found, how, line)
    out.emit(comparison, (), lambda width: document(comparison, (), width, FIGURES, BRIEF), format_, output)
