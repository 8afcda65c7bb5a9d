"""ptelist rmaps: what a VM's rmap lists take, out of debugfs."""

from __future__ import annotations

import click

from ptelist.cli.histograms import histogram_options
from ptelist.cli.options import ScenarioCommand, output_options, scenario_options
from ptelist.cli.plain_options import FILE
from ptelist.output.formats import FORMATS


@click.command("rmaps", cls=ScenarioCommand)
@click.argument("file", type=FILE)
@histogram_options
@scenario_options
@output_options(FORMATS)
def command() -> None:
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
