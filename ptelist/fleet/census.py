"""The hosts of an inventory: which are alike, how many there are in each group, and what was set aside."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from ptelist.fleet.alike import HostKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ptelist.fleet.alike import VmGroup
    from ptelist.fleet.inventory import AboutHost
    from ptelist.fleet.records import Cells, Place
    from ptelist.fleet.unknown import UnknownRelease

NUMBER, VMS, VCPUS = map(attrgetter, ("number", "vms", "vcpus"))


class HostGroup(NamedTuple):
    """Hosts that are summed together."""

    hosts: int
    vms: int
    vcpus: int
    memory: int | None
    """Bytes of the hosts themselves; None if one of them does not say."""


class Census(NamedTuple):
    """The hosts of an inventory."""

    hosts: dict[HostKind, list[str]]
    """The names of all hosts of a kind."""
    groups: dict[Cells, HostGroup]
    rows: int
    rejects: dict[Place, str]
    """What is wrong, by the place of a row."""
    hosts_left_out: int
    """Hosts of which all rows are set aside."""
    hosts_cut: int
    """Hosts of which some rows are."""
    explained: HostKind | None
    """The host that was asked for."""
    unknown: tuple[UnknownRelease, ...] = ()
    """Kernels for which nothing stands."""

    def by_kernel(self, place: int | None, assumed: str) -> dict[str, int]:
        """Return how many hosts have each kernel, that at a place of their cells, or the one that is assumed."""
        hosts: dict[str, int] = {}
        for kind, names in self.hosts.items():
            kernel = (kind.about.cells[place] if place is not None else "") or assumed
            hosts[kernel] = hosts.get(kernel, 0) + len(names)
        return hosts


class Hosts:
    """Hosts that are counted one after the other."""

    def __init__(self, memory: Mapping[AboutHost, int | None], explain: str) -> None:
        """Take the memory of hosts, by what is said of them, and the name of one to explain."""
        self._memory, self._explain = memory, explain
        self.kinds: dict[HostKind, list[str]] = {}
        self.groups: dict[Cells, HostGroup] = {}
        self.explained: HostKind | None = None

    def add(self, name: str, about: AboutHost, groups: Iterable[VmGroup]) -> None:
        """Count a host."""
        kind = HostKind(about, tuple([group for group in sorted(groups, key=NUMBER) if group.vms]))
        if name == self._explain and kind.groups:
            self.explained = kind
        self.kinds.setdefault(kind, []).append(name)
        old = self.groups.get(about.by, HostGroup(0, 0, 0, 0))
        memory = self._memory[about]
        both = None if memory is None or old.memory is None else old.memory + memory
        vms, vcpus = sum(map(VMS, kind.groups)), sum(map(VCPUS, kind.groups))
        self.groups[about.by] = HostGroup(old.hosts + 1, old.vms + vms, old.vcpus + vcpus, both)
