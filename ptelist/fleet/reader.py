"""Reads an inventory, whatever the order of its rows: which hosts there are, and which rows are set aside."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.fleet.alike import HostKind
from ptelist.fleet.census import Census, Hosts
from ptelist.fleet.fleet import SAID_BY
from ptelist.fleet.groups import Groups
from ptelist.fleet.records import MOST_OF_A_HOST, NoHostError, NoRecordError
from ptelist.fleet.unknown import counted, refused
from ptelist.scenario.presets.mapping import UnknownKernelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptelist.fleet.alike import VmGroup
    from ptelist.fleet.fleet import Fleet
    from ptelist.fleet.inventory import AboutHost, Inventory
    from ptelist.fleet.records import Place

ALIKE = attrgetter("alike")


class _ReadHost:
    """One host while its rows are read."""

    __slots__ = ("about", "bad", "groups", "line", "modules", "places")

    def __init__(self, about: AboutHost, line: int) -> None:
        self.about, self.line = about, line
        self.groups: list[VmGroup] = []
        self.modules: tuple[bool, ...] | None = None
        """Parameters of the kvm modules that its VMs need, once it has any."""
        self.places: list[Place] = []
        self.bad = ""


class Reader:
    """Reads an inventory once, whatever the order of its rows."""

    def __init__(self, inventory: Inventory, fleet: Fleet, *, keep_going: bool, explain: str = "") -> None:
        """Take what is read, what knows whether a host and its VMs can be, and a host to explain."""
        self._inventory, self._fleet, self._keep_going = inventory, fleet, keep_going
        self._explain = explain
        self._hosts: dict[str, _ReadHost] = {}
        self._groups = Groups(fleet)
        self._rejects: dict[Place, str] = {}
        self._cut: set[str] = set()
        self._blank = 0
        self._unknown: dict[str, tuple[UnknownKernelError, set[str]]] = {}
        """By release: why, and the hosts that have it."""

    def census(self, progress: Callable[[int], object]) -> Census:
        """Return all hosts; `progress` is told how many bytes were read.

        Raises PtelistError for the first row that is none, unless the reader keeps going.
        """
        self._inventory.text.told = progress
        if not self._keep_going and self._inventory.text.seekable:
            if census := self._at_once():
                return census
            self._inventory = self._inventory.again()
        return self._one_by_one()

    def _at_once(self) -> Census | None:
        """Return all hosts of an inventory of which no row is to be set aside, None if one is."""
        hosts, rows = Hosts(self._groups.memory, self._explain), 0
        try:
            for name, groups in self._inventory.by_host(self._groups.of).items():
                if len(set(map(ALIKE, groups))) > 1 and not _can_be(groups):
                    return None
                rows += len(groups)
                hosts.add(name, groups[0].about, groups)
        except PtelistError:
            return None
        return Census(hosts.kinds, hosts.groups, rows, {}, 0, 0, hosts.explained)

    def _one_by_one(self) -> Census:
        """Return all hosts, and what is wrong with rows."""
        number = 0
        for number, (cell, group) in enumerate(self._inventory.rows(self._groups.of), 1):
            self._row(self._inventory.records.place(number), cell, group)
        unknown = counted(self._unknown)
        if unknown and not self._keep_going:
            every = self._hosts.keys() | {name for _, names in self._unknown.values() for name in names}
            raise refused(unknown, len(every), self._inventory.label)
        hosts, whole = Hosts(self._groups.memory, self._explain), set()
        for name, host in self._hosts.items():
            if host.bad:
                for place in host.places:
                    self._rejects.setdefault(place, host.bad)
            else:
                whole.add(name)
                hosts.add(name, host.about, host.groups)
        left_out, cut = len((self._hosts.keys() | self._cut) - whole), len(self._cut & whole)
        rows = number - self._blank
        return Census(hosts.kinds, hosts.groups, rows, self._rejects, left_out, cut, hosts.explained, unknown)

    def _row(self, place: Place, cell: str, group: VmGroup | PtelistError | None) -> None:
        """Take a row as one of the host that it names, or set it aside."""
        if group is None:
            self._blank += 1
            return
        name = ""
        try:
            if isinstance(group, NoRecordError):
                raise group
            name = self._inventory.host_name(cell)
            if isinstance(group, PtelistError):
                raise group
            self._take(place, name, group)
        except NoHostError:
            raise
        except PtelistError as error:
            self._reject(place, error.with_traceback(None), name)

    def _reject(self, place: Place, error: PtelistError, host: str) -> None:
        """Set a row aside; the host of which the kernel is not known is counted."""
        where = self._inventory.where(place.line)
        why = error.inner if error.where.file in {SAID_BY, where.file} else str(error)  # the row's place says it better
        if unknown := isinstance(error, UnknownKernelError):
            self._unknown.setdefault(error.release.text, (error, set()))[1].add(host)
            why = f"kernel: {error}"
        if self._keep_going:
            self._rejects[place] = why
            if host:
                self._cut.add(host)
        elif not unknown:
            raise PtelistError(why, where)

    def _take(self, place: Place, name: str, group: VmGroup) -> None:
        """Take VMs as those of a host, unless they cannot be."""
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = _ReadHost(group.about, place.line)
        if max(len(host.places), len(host.groups)) >= MOST_OF_A_HOST:
            raise NoHostError(name, self._inventory.where(place.line))
        if self._keep_going:
            host.places.append(place)
        if group.about != host.about:
            self._refuse(host, name, self._difference(host, group.about))
        elif group.vms:
            if host.modules and host.modules != group.modules:
                self._refuse_modules(host, name, group)
            host.modules = group.modules
            host.groups.append(group)

    def _refuse_modules(self, host: _ReadHost, name: str, group: VmGroup) -> None:
        """Set a host aside if VMs of two kinds cannot be on it."""
        try:
            self._fleet.scenario(0, HostKind(group.about, (host.groups[0], group)))
        except PtelistError as error:
            self._refuse(host, name, str(error))

    def _refuse(self, host: _ReadHost, name: str, why: str) -> None:
        """Set a whole host aside."""
        host.bad = host.bad or f"host {name}: {why}"
        if not self._keep_going:
            raise PtelistError(host.bad)

    def _difference(self, host: _ReadHost, about: AboutHost) -> str:
        fields = (*self._inventory.host_fields, *self._inventory.by, "host-memory")
        ours, theirs = ((*each.cells, *each.by, each.memory) for each in (about, host.about))
        name, here, there = next(each for each in zip(fields, ours, theirs, strict=True) if each[1] != each[2])
        return f'{name} is "{here}" here and "{there}" on line {host.line}'


def _can_be(groups: list[VmGroup]) -> bool:
    """Return whether VMs can be on one host, where all are that of rows which name it."""
    return len({group.about for group in groups}) == 1 and len({group.modules for group in groups if group.vms}) <= 1
