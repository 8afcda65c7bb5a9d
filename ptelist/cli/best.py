"""ptelist best: the PTE_LIST_EXT that takes the least."""

from __future__ import annotations

import click

from ptelist.cli.complete import last_word
from ptelist.cli.histograms import histogram_options
from ptelist.cli.options import ScenarioCommand, output_options, scenario_options
from ptelist.cli.plain_options import FILE
from ptelist.output.formats import FORMATS
from ptelist.settings.axes import PRESETS


@click.command("best", cls=ScenarioCommand)
@click.argument("preset", required=False, shell_complete=last_word(PRESETS))
@click.option("--histogram", type=FILE, metavar="FILE", help="The VM's mmu_rmaps_stat.")
@histogram_options
@click.option("--trace", type=FILE, metavar="FILE", help="A trace of its lists; see replay.")
@scenario_options
@output_options(FORMATS)
def command() -> None:
    """Try every PTE_LIST_EXT (2..64, or --ext) on a host whose lists are known.

    The lists are those that the scenario names (--rmaps, --parent-ptes), or one VM's
    out of --histogram or --trace, at their most; the vCPU caches are the scenario's,
    or the trace's if it has top-ups.
    What counts are the host's slabs of pte_list_desc with their memcg vectors. Beside
    them stands how many descriptors an add and a removal touch, by era: a saving that
    nobody wants to pay for in faults is no saving.

    \b
      ptelist best --vm nested --rmaps 100000x3+2000x40 --kernel 6.1,6.18
      ptelist best --vm shadow --histogram mmu_rmaps_stat --pages-4k 70123
      ptelist best --vm nested --trace trace.txt --ext 2..32
    """
