"""ptelist collect-script: the collector that runs on a host without Python."""

from __future__ import annotations

import click

from ptelist.cli.plain_options import WithHelp


@click.command("collect-script", cls=WithHelp)
def command() -> None:
    """Print a POSIX shell script that tells of a host and its VMs in one line of JSON.

    It needs no Python: busybox sh or dash and the usual tools. It only reads, holds
    no lock of KVM's and sends nothing. `ptelist fleet` reads the lines of many hosts.
    With --hash it hashes the names of host and VMs.

    \b
      ptelist collect-script > collect.sh
      ssh HOST sh -s -- --hash < collect.sh >> hosts.jsonl
      ptelist fleet hosts.jsonl
    """
