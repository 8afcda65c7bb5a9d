"""ptelist inspect: what a kernel's own types say."""

from __future__ import annotations

import click

from ptelist.cli.options import ScenarioCommand, output_options, scenario_options
from ptelist.cli.plain_options import FILE
from ptelist.output.formats import FORMATS


@click.command("inspect", cls=ScenarioCommand)
@click.argument("files", nargs=-1, type=FILE, metavar="[FILE]...")
@click.option("--struct", "structs", multiple=True, metavar="NAME", help="Show this struct only; repeatable.")
@click.option("--diff", is_flag=True, help="Show what differs between two, and what that does to the footprint.")
@click.option("--as-preset", is_flag=True, help="Write a kernel preset, for --kernel.")
@scenario_options
@output_options(FORMATS)
def command() -> None:
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
