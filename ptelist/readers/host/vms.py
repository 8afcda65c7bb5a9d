"""The VMs that KVM shows in debugfs, with their counters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError
from ptelist.readers.host import paths, rmaps_stat

if TYPE_CHECKING:
    from ptelist.readers.host.snapshot import Snapshot


class Vm(NamedTuple):
    """One VM: the pid and the descriptor of its VMM are its name."""

    name: str
    stats: dict[str, int]
    """How many vCPUs it has, how many of them have entered KVM_RUN, and KVM's counters."""
    rmaps_stat: tuple[tuple[str, ...], ...] | None
    """The histogram of its rmap lists as the file has it, rows of cells; None unless asked for."""

    @property
    def vcpus(self) -> int:
        """Return how many vCPUs were created."""
        return self.stats.get(paths.VCPUS, 0)


def vms(snapshot: Snapshot, label: str) -> tuple[Vm, ...]:
    """Return the VMs of a snapshot; raises PtelistError for a counter or a histogram that is none."""
    return tuple(_vm(name, cells, snapshot, label) for name, cells in snapshot.vms.items())


def _vm(name: str, cells: dict[str, str], snapshot: Snapshot, label: str) -> Vm:
    for column, text in cells.items():
        if not re.fullmatch("[0-9]{1,20}", text):
            raise PtelistError(f'{label}: {paths.VMS}/{name}/{column}: expected a number, got "{text[:40]}"')
    histogram = snapshot.files.get(f"{paths.VMS}/{name}/{paths.RMAPS_STAT}")
    if histogram:
        rmaps_stat.parse(histogram, f"{label}: {paths.VMS}/{name}/{paths.RMAPS_STAT}")
    rows = None if histogram is None else tuple(tuple(line.split()) for line in histogram.splitlines())
    return Vm(name, {column: int(text) for column, text in cells.items()}, rows)
