"""ptelist patch: the reply to a patch series."""

from __future__ import annotations

import click

from ptelist.cli.options import ScenarioCommand, output_options, scenario_options
from ptelist.cli.plain_options import FILE
from ptelist.output.formats import FORMATS


@click.command("patch", cls=ScenarioCommand)
@click.argument("series", required=False, metavar="[SERIES]", type=FILE)
@click.option("--tree", type=FILE, metavar="DIR", help="The kernel's source: a git work tree, or plain. [.]")
@click.option("--base", metavar="COMMIT", help="What mails are applied to. [their base-commit, else HEAD]")
@click.option("--before", type=FILE, metavar="FILE", help="Instead of a tree: a build without the series, ...")
@click.option("--after", type=FILE, metavar="FILE", help="... and one with it, as inspect reads them.")
@click.option("--fleet", type=FILE, metavar="FILE", help="An inventory of hosts and VMs, as fleet reads it.")
@scenario_options
@output_options(FORMATS)
def command() -> None:
    """Print the reply to a patch series: what each patch changes in structs, and what that costs.

    SERIES is a mbox (- is stdin), or commits of the tree: OLD..NEW, or one. A copy of the tree is built
    before the series and with each patch of it, as far as struct kvm_mmu_page and its friends need: with the
    tree's own .config, or that of --config. Nothing is written into the tree. Needs git, make, gcc, flex,
    bison and pahole; where they are not, give two builds.

    \b
      ptelist patch series.mbox --tree linux
      ptelist patch v6.1..HEAD --tree linux --config /boot/config-6.1.0-56-amd64
      ptelist patch 7cca2d0b7e7d --tree linux --fleet hosts.csv
      ptelist patch series.mbox --before old/kvm.ko --after new/kvm.ko
    """
