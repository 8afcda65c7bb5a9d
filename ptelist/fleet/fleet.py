"""A fleet: what the hosts of an inventory take, each exactly, as they are and under several what-ifs."""

from __future__ import annotations

from operator import mul
from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.assumptions import Assumptions
from ptelist.compare.clauses import PROPOSAL
from ptelist.engine.account import settle, settle_caches
from ptelist.engine.difference import SAME
from ptelist.engine.figure_kinds import KINDS
from ptelist.engine.interval import Interval
from ptelist.engine.ledger import Unit, rule
from ptelist.errors import PtelistError
from ptelist.fleet.inventory import COUNT, HOST, HOST_MEMORY, VMS
from ptelist.fleet.settled import HostScenario, Settled
from ptelist.fleet.single import OBJECTS, Single
from ptelist.fleet.what_ifs import what_ifs
from ptelist.output.note import Note
from ptelist.scenario.overlay import Origin
from ptelist.settings.axes import AXES, Axis
from ptelist.settings.consistency import problems
from ptelist.settings.kinds import Choice
from ptelist.settings.number_kinds import FIELDS
from ptelist.settings.space import Space

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptelist.engine.ledger import Ledger
    from ptelist.fleet.inventory import Cells
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

ADDED_UP = "added up over the VMs of the host"
SAID_BY = "the inventory"


class HostKind(NamedTuple):
    """Hosts of which the inventory says the same: of the host, and of its VMs and how many there are of each."""

    about: Cells
    groups: tuple[tuple[Cells, int], ...]


AGED_NOTE = Note(
    "past",
    "an inventory says of no host how many VMs it once had, so those that are aged have bounds for any past and"
    " nothing is simulated; compare --filling aged --peak-vms does that for one host",
)

NO_HOLDINGS = frozenset(("name", "filling", "slab_merge"))
"""Fields of a host on which no VM's holdings depend: its slabs do."""


class Fleet:
    """Hosts in, figures out; what hosts have in common is worked out once."""

    def __init__(
        self, fields: tuple[Cells, Cells], parse: Parse, assumed: Chosen, options: Options, *, aside: bool = True
    ) -> None:
        """Take the fields of hosts and VMs, what reads their cells, and what holds where a cell is empty.

        Figures that are part of no total are in ledgers only with `aside`; see `account`.
        """
        self._aside = aside
        self._fields, self._parse, self._assumed = fields, parse, assumed
        self.what_ifs = what_ifs(options)
        self._assumptions = Assumptions(releases=False)
        self._aged = any(each.chosen[FILLING].value == "aged" for each in self.what_ifs if FILLING in each.chosen)
        names = dict.fromkeys([*assumed, *fields[0], *fields[1], VMS])
        self._axes = {AXES[name]: Origin(SAID_BY) for name in names if name not in NO_AXES}
        self._axes |= dict.fromkeys(NAME_AXES, Origin(""))
        for axis, _ in Space((), options).axes:
            self._axes.setdefault(axis, Origin(axis.option, is_option=True))
        self._forget()

    def _forget(self) -> None:
        self._space = Space((), (), self._axes)
        self._hosts: dict[tuple[int, Cells], HostScenario] = {}
        self._singles: dict[tuple[int, int, Cells], Single] = {}
        self._classes: dict[tuple[object, ...], int] = {}

    def notes(self) -> tuple[Note, ...]:
        """Return what was assumed, and what is known of the proposals among the what-ifs."""
        proposals: dict[Note, None] = {}
        for what_if in self.what_ifs:
            proposal = {name: choice for name, choice in what_if.chosen.items() if name == "proposal"}
            proposals |= {
                Note(PROPOSAL, text, name): None for name, text in self._space.proposals(proposal) if name != "none"
            }
        return (*self._assumptions.ordered(), *proposals, *((AGED_NOTE,) if self._aged else ()))

    def check(self, about: Cells, memory: str) -> None:
        """Raise PtelistError if there cannot be a host as its cells say, whatever its VMs are."""
        said = self._assumed | self._parse(self._fields[0], about)
        host = {name: choice for name, choice in said.items() if not AXES[name].path.startswith("vm.")}
        self._space.scenario(host)
        self.memory(memory)

    def memory(self, text: str) -> int | None:
        """Return the bytes of memory that a host says it has."""
        choice = self._parse((HOST_MEMORY,), (text,)).get(HOST_MEMORY)
        return choice.value if choice else None

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
        return {name: choice for name, choice in said.items() if name not in NO_AXES}

    def single(self, number: int, about: Cells, vm: Cells) -> tuple[Scenario, Single]:
        """Return a host's scenario, with any VM on it, and what one such VM holds there.

        Raises PtelistError if there cannot be such a host or VM.
        """
        host = self._hosts.get((number, about))
        if host and (single := self._singles.get((number, host.alike, vm))):
            host.singles[vm] = single
            return host.scenario, single
        if len(self._singles) + len(self._hosts) > MOST_SCENARIOS:
            self._forget()
        scenario = self._space.scenario(self.chosen(number, about, vm))
        host = self._hosts.get((number, about))
        if host is None:
            host = self._hosts[number, about] = HostScenario(scenario, self._alike(scenario))
        single = self._singles[number, host.alike, vm] = host.singles[vm] = Single(scenario)
        return host.scenario, single

    def noted(self, about: Cells, vm: Cells) -> Single:
        """Return a VM of the fleet as it is, and remember what is assumed for it and its host."""
        host, single = self.single(0, about, vm)
        self._aged = self._aged or host.host.filling == "aged"
        self._assumptions.add(host._replace(vms=(single.vm,)))
        return single

    def _alike(self, scenario: Scenario) -> int:
        """Return a number for what the holdings of a VM depend on: kernel, configuration, and most of the host."""
        host = zip(scenario.host._fields, scenario.host, strict=True)
        fields = tuple(value for name, value in host if name not in NO_HOLDINGS)
        return self._classes.setdefault((scenario.kernel, scenario.config, fields), len(self._classes))

    def scenario(self, number: int, kind: HostKind) -> Scenario:
        """Return a host with all its VM groups; raises PtelistError if they cannot be on one host."""
        singles = [(*self.single(number, kind.about, vm), count) for vm, count in kind.groups]
        vms = tuple(single.vm._replace(count=count) for _, single, count in singles)
        sources = dict(singles[0][0].sources)
        groups = {field.removeprefix("vms.0."): text for field, text in sources.items() if field.startswith("vms.0.")}
        for group in range(1, len(vms)):
            sources |= {f"vms.{group}.{field}": text for field, text in groups.items()}
        whole = singles[0][0]._replace(vms=vms, sources=sources)
        for part, field, text in problems(whole):
            raise PtelistError(f"{part.partition('.')[0].rstrip('s')}.{field}: {text}")
        return whole

    def _singles_of(self, number: int, kind: HostKind) -> tuple[HostScenario, list[Single]]:
        """Return a host under a what-if, and its VMs."""
        host = self._hosts.get((number, kind.about))
        known = host.singles if host else {}
        singles = [known.get(vm) or self.single(number, kind.about, vm)[1] for vm, _ in kind.groups]
        if len({single.modules for single in singles}) > 1:
            self.scenario(number, kind)
        return self._hosts[number, kind.about], singles

    def settled(self, number: int, kind: HostKind) -> Settled:
        """Return what a host holds under a what-if: the figures that `ledger` has as well, but fewer of them."""
        host, singles = self._singles_of(number, kind)
        counts = [count for _, count in kind.groups]
        columns = zip(*(single.totals for single in singles), strict=True)
        desc_low, desc_high, header_low, header_high, low, high = (sum(map(mul, counts, each)) for each in columns)
        rest_change, desc_why, header_why = SAME, ADDED_UP, ADDED_UP
        if number:
            _, before = self._singles_of(0, kind)
            changes = [single.change(old) for single, old in zip(singles, before, strict=True)]
            least, most, unlike = zip(*changes, strict=True)
            rest_change = Interval(sum(map(mul, counts, least)), sum(map(mul, counts, most)))
            added = f"{ADDED_UP}, {self.what_ifs[number].name}"
            desc_why, header_why = (added if any(each) else ADDED_UP for each in zip(*unlike, strict=True))
        facts, caches = host.layouts(singles[-1])
        objects = (
            rule(OBJECTS[0], desc_low, desc_high, Unit.OBJECTS, desc_why),
            rule(OBJECTS[1], header_low, header_high, Unit.OBJECTS, header_why),
        )
        return Settled(settle_caches(facts, caches, objects), Interval(low, high), rest_change)

    def ledger(self, number: int, kind: HostKind) -> Ledger:
        """Return a host's figures under a what-if, rounded to slabs once for all its VMs."""
        host, singles = self._singles_of(number, kind)
        counts = [count for _, count in kind.groups]
        ends = [sum(map(mul, counts, column)) for column in zip(*(single.ends for single in singles), strict=True)]
        why = dict.fromkeys(KINDS, ADDED_UP)
        if number:
            added = f"{ADDED_UP}, {self.what_ifs[number].name}"
            for single, old in zip(singles, self._singles_of(0, kind)[1], strict=True):
                why |= dict.fromkeys(single.open_unlike(old), added)
        held = dict(zip(KINDS, zip(ends[::2], ends[1::2], strict=True), strict=True))
        return settle(host.scenario._replace(vms=(singles[-1].vm,)), held, why, aside=self._aside)
