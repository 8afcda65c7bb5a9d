"""What a fleet takes: sums over all its hosts, and over the groups that they are in."""

from __future__ import annotations

import re
from functools import reduce
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.figure_kinds import TOTAL
from ptelist.engine.interval import Change, Interval, Ratio
from ptelist.fleet.census import HostGroup
from ptelist.fleet.measured import Measured
from ptelist.fleet.usual import ENDS
from ptelist.fleet.values import CHANGE_HIGH, CHANGE_LOW, HIGH, LOW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptelist.engine.ledger import Unit
    from ptelist.fleet.census import Census
    from ptelist.fleet.host_memory import HostMemory
    from ptelist.fleet.records import Cells
    from ptelist.fleet.spread import Spread
    from ptelist.fleet.standing import Kernels
    from ptelist.fleet.totals import Sums
    from ptelist.fleet.what_ifs import WhatIf
    from ptelist.output.note import Note


class FleetReport(NamedTuple):
    """All that `ptelist fleet` found."""

    by: Cells
    census: Census
    what_ifs: list[WhatIf]
    figures: dict[str, Unit]
    sums: Sums
    wanted: bool
    """Whether the figures are those that were asked for."""
    notes: tuple[Note, ...]
    assumptions: tuple[Note, ...]
    command: str
    spread: Spread
    kernels: Kernels
    """What stands for those of its hosts."""
    measured: Measured = Measured()
    host_memory: HostMemory | None = None
    """Where not all hosts say it, and some may."""
    unknown_vms: Mapping[str, int] = MappingProxyType({})
    """By host, VMs that the collector found and could tell nothing of."""
    nested_by_cpu: int = 0
    """VMs that are nested only as far as their CPU model lets an L2 run."""

    def groups(self) -> list[Cells]:
        """Return the groups, numbers in them by their size."""
        return sorted(self.census.groups, key=lambda group: [_natural(cell) for cell in group])

    def counted(self, group: Cells | None) -> HostGroup:
        """Return how many hosts, VMs and vCPUs a group has; None is the whole fleet."""
        if group is not None:
            return self.census.groups[group]
        groups = list(self.census.groups.values())
        memory = [each.memory for each in groups if each.memory is not None]
        return HostGroup(
            sum(each.hosts for each in groups),
            sum(each.vms for each in groups),
            sum(each.vcpus for each in groups),
            sum(memory) if len(memory) == len(groups) else None,
        )

    def value(self, group: Cells | None, what_if: int, figure: str) -> tuple[Interval, Change | None]:
        """Return a figure and its change against the fleet as it is; None is the whole fleet."""
        old = self._sums(group, 0, figure)
        if not what_if:
            return Interval(old[LOW], old[HIGH]), None
        new = self._sums(group, what_if, figure)
        return Interval(new[LOW], new[HIGH]), Change(new[CHANGE_LOW], new[CHANGE_HIGH], _ratio(old, new))

    def share(self) -> tuple[Ratio, Ratio] | None:
        """Return the part of the hosts' own memory that all MMU metadata takes, None if no host says its memory."""
        known = self.host_memory
        memory = known.size if known else self.counted(None).memory
        if not memory or TOTAL not in self.figures:
            return None
        low, high = known.taken if known else self.value(None, 0, TOTAL)[0]
        return (Ratio(low, memory), Ratio(high, memory)) if high else None

    def _sums(self, group: Cells | None, what_if: int, figure: str) -> list[int]:
        """Return the ENDS of a figure, added up."""
        groups = self.sums.by_group.values() if group is None else [self.sums.by_group[group]]
        start = (what_if * len(self.figures) + list(self.figures).index(figure)) * ENDS
        return [sum(values[start + end] for values in groups) for end in range(ENDS)]


def _ratio(old: list[int], new: list[int]) -> tuple[Ratio, Ratio] | None:
    """Return the change as a part of the old value, as tightly as the ends and the change itself bound it."""
    if not old[LOW]:
        return None
    parts = [Ratio(end, base) for end in new[CHANGE_LOW:] for base in old[: HIGH + 1]]
    low = reduce(Ratio.least, parts).most(Ratio(new[LOW] - old[HIGH], old[HIGH]))
    return low, reduce(Ratio.most, parts).least(Ratio(new[HIGH] - old[LOW], old[LOW]))


def _natural(text: str) -> list[tuple[int, str]]:
    """Return what sorts numbers by size, of however many digits."""
    parts = filter(None, re.split(r"([0-9]+)", text))
    return [(len(digits), digits) if (digits := part.lstrip("0")).isdecimal() else (-1, part) for part in parts]
