"""ptelist observe: what a host shows, beside what the model says."""

from __future__ import annotations

import click

from ptelist.cli.options import ScenarioCommand, output_options, scenario_options
from ptelist.cli.plain_options import FILE
from ptelist.output.formats import FORMATS


@click.command("observe", cls=ScenarioCommand)
@click.argument("saved", required=False, metavar="[SAVED]")
@click.option("--slabinfo", type=FILE, metavar="FILE", help="A copy of /proc/slabinfo, as it was pasted; - is stdin.")
@click.option("--sysfs", type=FILE, metavar="DIR", help="A copy of /sys/kernel/slab (cp -r keeps its links).")
@click.option("--save", type=FILE, metavar="FILE", help="Also write what was read, as text for a mail.")
@click.option("--all-caches", is_flag=True, help="Check the layout of every cache of the host.")
@click.option(
    "--rmaps-stat",
    is_flag=True,
    help="Also read each VM's mmu_rmaps_stat. The kernel walks every rmap list of the VM under mmu_lock held for"
    " write meanwhile, so its vCPUs stand still at their next fault: seconds for a large VM.",
)
@scenario_options
@output_options(FORMATS)
def command() -> None:
    """Compare this host's KVM slab caches with ptelist's prediction.

    SAVED is what --save wrote, there or on another host. Layouts are always
    compared; counts are if options say which VMs the host runs (--vms, --vcpus,
    --vm, ...), with memory caches drawn from since their last top-up; with --filling
    the counts as they stand are as well, of a host that was only filled, or aged. Nothing is
    ever written to sysfs, and what may not be read (root may read all) is named.
    Exit code 1: something differs.

    \b
      ptelist observe
      ptelist observe --vms 3 --vcpus 8
      ptelist observe --save host.txt; ptelist observe host.txt --all-caches
    """
