"""From the rows of an inventory to hosts: which are alike, and which rows are set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError, Where
from ptelist.fleet.fleet import SAID_BY, HostKind
from ptelist.fleet.inventory import MOST_VMS, Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptelist.fleet.fleet import Fleet
    from ptelist.fleet.inventory import AboutHost, Cells, Inventory, Said
    from ptelist.fleet.records import Place

MOST_CHECKED = 200_000
"""What rows say that is remembered as checked."""

EVERY = 1 << 12
"""Rows between two words to the progress bar."""


class HostGroup(NamedTuple):
    """Hosts that are summed together."""

    hosts: int
    vms: int
    vcpus: int
    memory: int | None
    """Bytes of the hosts themselves; None if one of them does not say."""


class Census(NamedTuple):
    """The hosts of an inventory."""

    kinds: dict[HostKind, dict[Cells, int]]
    """How many hosts of a kind there are in each group."""
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


class _ReadHost:
    """One host while its rows are read."""

    __slots__ = ("about", "bad", "groups", "line", "modules", "places", "taken", "vcpus", "vms")

    def __init__(self, row: Row) -> None:
        self.about, self.line = row.said.host, row.place.line
        self.groups: dict[Cells, int] = {}
        self.vms = self.vcpus = 0
        self.modules: tuple[bool, bool] | None = None
        self.places: list[Place] = []
        self.bad = ""
        self.taken = False


class _ReadVm(NamedTuple):
    """A VM's cells, the same object for all that are equal, and what follows from them."""

    cells: Cells
    vcpus: int
    modules: tuple[bool, bool]


class Reader:
    """Reads an inventory once, whatever the order of its rows."""

    def __init__(self, inventory: Inventory, fleet: Fleet, *, keep_going: bool, explain: str = "") -> None:
        """Take what is read, what knows whether a host and its VMs can be, and a host to explain."""
        self._inventory, self._fleet, self._keep_going = inventory, fleet, keep_going
        self._explain = explain
        self._hosts: dict[str, _ReadHost] = {}
        self._counts: dict[Said, int] = {}
        self._known: dict[Said, _ReadVm] = {}
        self._checked: set[AboutHost] = set()
        self._cells: dict[Cells, Cells] = {}
        self._rejects: dict[Place, str] = {}
        self._cut: set[str] = set()

    def census(self, progress: Callable[[int], object]) -> Census:
        """Return all hosts; `progress` is told how many bytes were read.

        Raises PtelistError for the first row that is none, unless the reader keeps going.
        """
        rows = 0
        for row in self._inventory:
            rows += 1
            if rows % EVERY == 0:
                progress(self._inventory.text.done)
            if isinstance(row, Row):
                try:
                    self._take(row)
                except PtelistError as error:
                    inner = error.where.file == SAID_BY  # which the row's place says better
                    self._reject(row.place, error.inner if inner else str(error), row.host)
            else:
                self._reject(*row)
        progress(self._inventory.text.done)
        for host in self._hosts.values():
            if host.bad:
                for place in host.places:
                    self._rejects.setdefault(place, host.bad)
        return self._counted(rows)

    def _reject(self, place: Place, why: str, host: str = "") -> None:
        if not self._keep_going:
            raise PtelistError(why, Where(file=self._inventory.label, line=place.line))
        self._rejects[place] = why
        if host:
            self._cut.add(host)

    def _take(self, row: Row) -> None:
        said = row.said
        count = self._counts.get(said)
        if count is None:
            count = self._counts[said] = self._checked_count(said)
        host = self._hosts.get(row.host)
        if host is None:
            host = self._hosts[row.host] = _ReadHost(row)
        if self._keep_going:
            host.places.append(row.place)
        if said.host is not host.about and said.host != host.about:
            self._refuse(host, row, self._difference(host, said.host))
        if not count:
            host.taken = True
            return
        vm = self._known.get(said) or self._vm(said)
        if host.modules != vm.modules and host.modules:
            kind = HostKind(said.host.cells, ((next(iter(host.groups)), 1), (vm.cells, 1)))
            try:
                self._fleet.scenario(0, kind)
            except PtelistError as error:
                self._refuse(host, row, str(error))
        host.taken = True
        host.modules = vm.modules
        host.groups[vm.cells] = host.groups.get(vm.cells, 0) + count
        host.vms += count
        host.vcpus += count * vm.vcpus

    def _checked_count(self, said: Said) -> int:
        """Return how many VMs rows stand for, of which the host was checked."""
        count = _count(said.times)
        if said.host not in self._checked:
            self._fleet.check(said.host.cells, said.host.memory)
            self._checked.add(said.host)
        if len(self._counts) > MOST_CHECKED:
            self._counts.clear()
        return count

    def _refuse(self, host: _ReadHost, row: Row, why: str) -> None:
        """Set a whole host aside."""
        host.bad = host.bad or f"host {row.host}: {why}"
        if not self._keep_going:
            raise PtelistError(host.bad)

    def _difference(self, host: _ReadHost, about: AboutHost) -> str:
        fields = (*self._inventory.host_fields, *self._inventory.by, "host-memory")
        ours, theirs = ((*each.cells, *each.by, each.memory) for each in (about, host.about))
        name, here, there = next(each for each in zip(fields, ours, theirs, strict=True) if each[1] != each[2])
        return f'{name} is "{here}" here and "{there}" on line {host.line}'

    def _vm(self, said: Said) -> _ReadVm:
        if len(self._known) > MOST_CHECKED:
            self._known.clear()
        single = self._fleet.noted(said.host.cells, said.vm)
        cells = self._cells.setdefault(said.vm, said.vm)
        vm = self._known[said] = _ReadVm(cells, single.vm.vcpus, single.modules)
        return vm

    def _counted(self, rows: int) -> Census:
        kinds: dict[HostKind, dict[Cells, int]] = {}
        groups: dict[Cells, HostGroup] = {}
        explained = None
        for name, host in self._hosts.items():
            if host.bad or not host.taken:
                continue
            kind = HostKind(host.about.cells, tuple(sorted(host.groups.items())))
            by = host.about.by
            if name == self._explain and kind.groups:
                explained = kind
            same = kinds.setdefault(kind, {})
            same[by] = same.get(by, 0) + 1
            memory = self._fleet.memory(host.about.memory)
            old = groups.get(by, HostGroup(0, 0, 0, 0))
            both = None if memory is None or old.memory is None else old.memory + memory
            groups[by] = HostGroup(old.hosts + 1, old.vms + host.vms, old.vcpus + host.vcpus, both)
            host.groups.clear()
        whole = {name for name, host in self._hosts.items() if host.taken and not host.bad}
        left_out = len((self._hosts.keys() | self._cut) - whole)
        return Census(kinds, groups, rows, self._rejects, left_out, len(self._cut & whole), explained)


def _count(text: str) -> int:
    """Return how many VMs a row stands for, one if it does not say."""
    if not text:
        return 1
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_VMS)) and int(text) <= MOST_VMS):
        raise PtelistError(f'count: expected a whole number up to {MOST_VMS:,}, got "{text[:40]}"')
    return int(text)
