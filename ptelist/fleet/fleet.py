"""A fleet: what the hosts of an inventory take, each exactly, as they are and under several what-ifs."""

from __future__ import annotations

from operator import mul
from typing import TYPE_CHECKING

from ptelist.compare.assumptions import Assumptions
from ptelist.compare.clauses import PROPOSAL
from ptelist.engine.account import settle
from ptelist.engine.figure_kinds import KINDS
from ptelist.errors import PtelistError
from ptelist.fleet import paging
from ptelist.fleet.fields import COUNT, HOST, HOST_MEMORY, KERNEL, VMS
from ptelist.fleet.single import Holdings, Single
from ptelist.fleet.what_ifs import what_ifs
from ptelist.output.note import Note
from ptelist.scenario.overlay import Origin
from ptelist.settings.axes import AXES, Axis
from ptelist.settings.consistency import problems
from ptelist.settings.defaults import default
from ptelist.settings.kinds import Choice
from ptelist.settings.number_kinds import FIELDS
from ptelist.settings.space import Space

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptelist.engine.ledger import Ledger
    from ptelist.fleet.alike import HostKind, VmGroup
    from ptelist.fleet.inventory import AboutHost
    from ptelist.fleet.records import Cells
    from ptelist.fleet.what_ifs import Options
    from ptelist.scenario.models import Scenario
    from ptelist.settings.kinds import Chosen

    Parse = Callable[[Cells, Cells], Chosen]
    """What reads the cells of some fields."""

FILLING = "filling"
MOST_SCENARIOS = 10_000
"""Scenarios that are remembered; an inventory of more different VMs costs time, not memory."""

NAME_AXES = (Axis("host.name", "host.name", FIELDS, ""), Axis("vm.name", "vm.name", FIELDS, ""))
NO_AXES = frozenset((HOST, HOST_MEMORY, COUNT))
"""Fields of an inventory that are no axis."""

SAID_BY = "the inventory"
ADDED_UP = "added up over the VMs of the host"
NO_VMS = "it has no VMs"


AGED_NOTE = Note(
    "past",
    "an inventory says of no host how many VMs it once had, so those that are aged have bounds for any past and"
    " nothing is simulated; compare --filling aged --peak-vms does that for one host",
)

NO_HOLDINGS = frozenset(("name", "filling", "slab_merge"))
"""Fields of a host on which no VM's holdings depend: its slabs do."""


class Fleet:
    """Hosts in, figures out; what hosts have in common is worked out once."""

    def __init__(self, fields: tuple[Cells, Cells], parse: Parse, assumed: Chosen, options: Options) -> None:
        """Take the fields of hosts and VMs, what reads their cells, and what holds where a cell is empty."""
        self._fields, self._parse, self._assumed = fields, parse, assumed
        self.what_ifs = what_ifs(options)
        self._assumptions = Assumptions(releases=False, counted=False)
        self._told: set[tuple[object, ...]] = set()
        """Hosts, and VMs, with their kernels, of which assumptions were added."""
        self._aged = any(each.chosen[FILLING].value == "aged" for each in self.what_ifs if FILLING in each.chosen)
        names = dict.fromkeys([*assumed, *fields[0], *fields[1], VMS])
        self._axes = {AXES[name]: Origin(SAID_BY) for name in names if name not in NO_AXES}
        self._axes |= dict.fromkeys(NAME_AXES, Origin(""))
        for axis, _ in Space((), options).axes:
            self._axes.setdefault(axis, Origin(axis.option, is_option=True))
        self._axes.setdefault(AXES[paging.PAGING], Origin(SAID_BY))
        self._paging = paging.of_all(self.what_ifs[1:])
        """That of hosts as they are where it is open."""
        self._was_open = False
        self._forget()

    @property
    def assumed_kernel(self) -> str:
        """Return the kernel of hosts that say nothing of theirs."""
        return str(self._assumed[KERNEL].value) if KERNEL in self._assumed else default(KERNEL)

    def assumed(self, field: str) -> str:
        """Return what holds where a cell is empty, "" if that follows from others."""
        return self._assumed[field].label if field in self._assumed else default(field)

    def _forget(self) -> None:
        self._space = Space((), (), self._axes)
        self._hosts: dict[tuple[int, Cells], tuple[Scenario, int]] = {}
        """With any VM on them, and the number of the hosts on which each VM holds the same."""
        self._singles: dict[tuple[int, int, Cells], Single] = {}
        self._holdings = Holdings()
        self._classes: dict[tuple[object, ...], int] = {}

    def notes(self) -> tuple[Note, ...]:
        """Return what was assumed, and what is known of the proposals among the what-ifs."""
        proposals: dict[Note, None] = {}
        for what_if in self.what_ifs:
            proposal = {name: choice for name, choice in what_if.chosen.items() if name == "proposal"}
            proposals |= {
                Note(PROPOSAL, text, name): None for name, text in self._space.proposals(proposal) if name != "none"
            }
        told = [*([paging.note(self._paging)] if self._was_open else []), *([AGED_NOTE] if self._aged else [])]
        return (*self._assumptions.ordered(), *proposals, *told)

    def check(self, about: AboutHost) -> int | None:
        """Return the bytes of memory that a host says it has.

        Raises PtelistError if there cannot be a host as its cells say, whatever its VMs are.
        """
        self.bare(about)
        memory = self._parse((HOST_MEMORY,), (about.memory,)).get(HOST_MEMORY)
        return memory.value if memory else None

    def bare(self, about: AboutHost) -> Scenario:
        """Return a host as its cells say, whatever its VMs are; raises PtelistError if there cannot be it."""
        said = self._assumed | self._parse(self._fields[0], about.cells)
        said = {name: each for name, each in said.items() if not AXES[name].path.startswith("vm.")}
        return self._space.scenario(said | paging.ANY if paging.is_open(said, self._space) else said)

    def says_filling(self, about: AboutHost) -> bool:
        """Return whether it is said what a host has been through before, by the inventory or for all of it."""
        return FILLING in self._assumed or FILLING in self._parse(self._fields[0], about.cells)

    def chosen(self, number: int, about: Cells, vm: Cells) -> Chosen:
        """Return the point of a host with one VM under a what-if: assumed, said by the inventory, replaced."""
        host_fields, vm_fields = self._fields
        said = {
            "host.name": Choice("", "those of the inventory"),
            "vm.name": Choice("", "group"),
            VMS: Choice("1", 1),
            **self._assumed,
            **self._parse(host_fields, about),
            **self._parse(vm_fields, vm),
            **self.what_ifs[number].chosen,
        }
        said = {name: choice for name, choice in said.items() if name not in NO_AXES}
        if not number and self._paging and paging.is_open(said, self._space):
            self._was_open = True
            said |= self._paging
        return said

    def single(self, number: int, group: VmGroup) -> Single:
        """Return what one VM of a group holds under a what-if; raises PtelistError if there cannot be such a one."""
        return self._single(number, group.about.cells, group.cells)[1]

    def host(self, number: int, group: VmGroup) -> Scenario:
        """Return a group's host with one VM of it under a what-if; raises PtelistError if there cannot be it."""
        host, single = self._single(number, group.about.cells, group.cells)
        return host._replace(vms=(single.vm,))

    def _single(self, number: int, about: Cells, vm: Cells) -> tuple[Scenario, Single]:
        known = self._hosts.get((number, about))
        if known and (single := self._singles.get((number, known[1], vm))):
            return known[0], single
        if len(self._singles) + len(self._hosts) > MOST_SCENARIOS:
            self._forget()
        chosen = self.chosen(number, about, vm)
        try:
            scenario = self._space.scenario(chosen)
        except PtelistError as error:
            raise paging.refused(error, chosen, self._space) from None
        if len(scenario.vms) > 1:
            raise PtelistError(f"{len(scenario.vms)} [[vm]] tables in a preset: a row is one kind of VM, expected one")
        host, alike = self._hosts.setdefault((number, about), (scenario, self._alike(scenario)))
        single = self._singles[number, alike, vm] = Single(scenario, self._holdings)
        return host, single

    def noted(self, about: Cells, vm: Cells) -> Single:
        """Return a VM of the fleet as it is, and remember what is assumed for it and its host.

        Raises PtelistError if there cannot be such a host or VM.
        """
        host, single = self._single(0, about, vm)
        self._aged = self._aged or host.host.filling == "aged"
        of = host.kernel, host.config
        told = {(*of, host.host), (*of, single.vm)}  # nothing is assumed of a host and a VM together
        if not told <= self._told:
            if len(self._told) > MOST_SCENARIOS:
                self._told.clear()
            self._told |= told
            self._assumptions.add(host._replace(vms=(single.vm,)))
        return single

    def _alike(self, scenario: Scenario) -> int:
        """Return a number for what the holdings of a VM depend on: kernel, configuration, and most of the host."""
        host = zip(scenario.host._fields, scenario.host, strict=True)
        fields = tuple(value for name, value in host if name not in NO_HOLDINGS)
        return self._classes.setdefault((scenario.kernel, scenario.config, fields), len(self._classes))

    def scenario(self, number: int, kind: HostKind) -> Scenario:
        """Return a host with all its VM groups; raises PtelistError if they cannot be on one host."""
        counts: dict[Cells, int] = {}
        for group in kind.groups:
            counts[group.cells] = counts.get(group.cells, 0) + group.vms
        singles = [(*self._single(number, kind.about.cells, vm), counts[vm]) for vm in sorted(counts)]
        vms = tuple(single.vm._replace(count=count) for _, single, count in singles)
        sources = dict(singles[0][0].sources)
        groups = {field.removeprefix("vms.0."): text for field, text in sources.items() if field.startswith("vms.0.")}
        for place in range(1, len(vms)):
            sources |= {f"vms.{place}.{field}": text for field, text in groups.items()}
        whole = singles[0][0]._replace(vms=vms, sources=sources)
        for part, field, text in problems(whole):
            raise PtelistError(f"{part.partition('.')[0].rstrip('s')}.{field}: {text}")
        return whole

    def singles(self, number: int, kind: HostKind) -> list[Single]:
        """Return a VM of each group of a host; raises PtelistError if they cannot be on one host."""
        singles = [self.single(number, group) for group in kind.groups]
        if len({single.modules for single in singles}) > 1:
            self.scenario(number, kind)
        return singles

    def ledger(self, number: int, kind: HostKind, *, aside: bool) -> Ledger:
        """Return a host's figures under a what-if, rounded to slabs once for all its VMs.

        Figures that are part of no total are there only with `aside`; see `account`. One without VMs is as it is.
        """
        if not kind.groups:
            return settle(
                self.bare(kind.about), dict.fromkeys(KINDS, (0, 0)), dict.fromkeys(KINDS, NO_VMS), aside=aside
            )
        singles = self.singles(number, kind)
        counts = [group.vms for group in kind.groups]
        columns = zip(*(single.held.ends for single in singles), strict=True)
        ends = [sum(map(mul, counts, column)) for column in columns]
        why = dict.fromkeys(KINDS, ADDED_UP)
        if number:
            added = f"{ADDED_UP}, {self.what_ifs[number].name}"
            for single, old in zip(singles, self.singles(0, kind), strict=True):
                why |= dict.fromkeys(single.held.open_unlike(old.held), added)
        held = dict(zip(KINDS, zip(ends[::2], ends[1::2], strict=True), strict=True))
        return settle(self.host(number, kind.groups[-1]), held, why, aside=aside)
