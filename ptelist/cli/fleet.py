"""ptelist fleet: what all hosts of an inventory take, and what a change would save."""

from __future__ import annotations

import click

from ptelist.cli.options import ScenarioCommand, axis_options, figure_option, map_option, output_options
from ptelist.cli.plain_options import FILE
from ptelist.output.formats import FORMATS


@click.command("fleet", cls=ScenarioCommand)
@click.argument("inventory", type=FILE)
@click.option("--by", metavar="COLUMN,..", help="Sum by these columns as well, e.g. kernel.")
@click.option("--column", multiple=True, metavar="FIELD=COLUMN[:UNIT]", help="Where a field is: memory=ram_mb:MiB.")
@click.option("--assume", multiple=True, metavar="OPTION=VALUE", help="For empty cells, e.g. memcg=off; repeatable.")
@figure_option("Sum this figure instead of the usual ones; repeatable.", multiple=True)
@map_option("maps")
@click.option("--keep-going", is_flag=True, help="Set bad rows aside instead of stopping at the first.")
@click.option("--rejects", type=FILE, metavar="FILE", help="Where to; default: INVENTORY.rejected.")
@click.option("--processes", type=click.IntRange(1, 1024), metavar="N", help="Default: one a CPU.")
@click.option("--top", type=click.IntRange(1, 10_000), metavar="N", help="List the N hosts and kernels that take most.")
@click.option("--explain", metavar="HOST", help="Show how one host's figure follows, under the last what-if.")
@axis_options
@output_options(FORMATS)
def command() -> None:
    """Add up what the hosts in INVENTORY take (- is stdin), each by itself and exactly.

    INVENTORY is CSV with a header, JSON lines or Parquet; a row is a group of equal VMs on a
    host: host, kernel, cpus, nodes, vcpus, memory, paging, nested, count, or any
    other option of a host or a VM. Every option given here is a what-if that
    replaces what the inventory says; the fleet is compared with itself as it is.

    \b
      ptelist fleet hosts.csv --proposal shrink-tdp --by kernel
      ptelist fleet hosts.csv --ext 2,4,8 --column memory=ram_mb:MiB
      ptelist fleet hosts.jsonl --kernel 6.18 --keep-going --rejects bad.jsonl
    """
