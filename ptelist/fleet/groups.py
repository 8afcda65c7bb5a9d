"""The VMs that rows of an inventory stand for."""

from __future__ import annotations

from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.fleet.alike import VmGroup

if TYPE_CHECKING:
    from ptelist.fleet.fleet import Fleet
    from ptelist.fleet.inventory import AboutHost
    from ptelist.fleet.records import Cells

MOST_VMS = 1_000_000
MOST_KNOWN = 10_000
"""VMs on hosts of which it is remembered that they can be."""


class Groups:
    """Makes VM groups of what rows say."""

    def __init__(self, fleet: Fleet) -> None:
        """Take what knows whether a host and its VMs can be."""
        self._fleet = fleet
        self.memory: dict[AboutHost, int | None] = {}
        """Of hosts that can be as they are said to be."""
        self._noted = lru_cache(MOST_KNOWN)(fleet.noted)
        self._numbers = count(1)
        self._alike: dict[tuple[AboutHost, tuple[bool, ...]], int] = {}

    def of(self, about: AboutHost, cells: Cells, times: str) -> VmGroup:
        """Return the VMs that a row stands for; raises PtelistError if there cannot be such a host or VM."""
        vms = _count(times)
        if about not in self.memory:
            self.memory[about] = self._fleet.check(about)
        vcpus = 0
        modules: tuple[bool, ...] = ()
        if vms:
            single = self._noted(about.cells, cells)
            vcpus, modules = vms * single.vm.vcpus, single.modules
        alike = self._alike.setdefault((about, modules), len(self._alike))
        return VmGroup(about, cells, vms, vcpus, modules, alike, next(self._numbers), counted=bool(times))


def _count(text: str) -> int:
    """Return how many VMs a row stands for, one if it does not say."""
    if not text:
        return 1
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_VMS)) and int(text) <= MOST_VMS):
        raise PtelistError(f'count: expected a whole number up to {MOST_VMS:,}, got "{text[:40]}"')
    return int(text)
