"""Options of commands that read a mmu_rmaps_stat file: what is known beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBER = click.IntRange(min=0, max=1 << 48)
BESIDE_HISTOGRAM = (
    click.option("--pages-4k", type=NUMBER, metavar="N", help="The VM's pages_4k at that moment."),
    click.option("--pages-2m", type=NUMBER, metavar="N", help="Its pages_2m."),
    click.option("--pages-1g", type=NUMBER, metavar="N", help="Its pages_1g."),
    click.option("--max-rmap-size", type=NUMBER, metavar="N", help="Its max_mmu_rmap_size."),
    click.option("--no-counters", is_flag=True, help="Leave out the VM's counters that lie beside FILE."),
    click.option("--of-vm", metavar="VM", help="VM of a saved observation that has several."),
    click.option("--written-by", metavar="KERNEL", help="Kernel that wrote the histogram, if not --kernel."),
)


def histogram_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add what may be known beside a histogram."""
    for option in reversed(BESIDE_HISTOGRAM):
        function = option(function)
    return function
