"""A fleet: what the hosts of an inventory take, each exactly, as they are and under several what-ifs."""

from __future__ import annotations

from functools import cached_property
from operator import mul
from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.assumptions import Assumptions
from ptelist.compare.clauses import PROPOSAL
from ptelist.compare.comparison import PART, WHOLE, pick
from ptelist.engine import mmu
from ptelist.engine.account import DESC, HEADER, KINDS, account, holdings, settle
from ptelist.engine.ledger import TYPICAL
from ptelist.errors import PtelistError
from ptelist.fleet.inventory import COUNT, HOST, HOST_MEMORY, NO_PAST, PEAK, VMS
from ptelist.note import Note
from ptelist.scenario.overlay import Origin
from ptelist.settings.axes import AXES, Axis
from ptelist.settings.columns import name as name_of
from ptelist.settings.consistency import problems
from ptelist.settings.kinds import Choice
from ptelist.settings.number_kinds import FIELDS
from ptelist.settings.space import Space
from ptelist.settings.values import points

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ptelist.engine.ledger import Ledger, Term, Unit
    from ptelist.fleet.inventory import Cells
    from ptelist.scenario.models import Scenario
    from ptelist.settings.kinds import Chosen

    Parse = Callable[[Cells, Cells], Chosen]
    """What reads the cells of some fields."""

AS_IT_IS = "as it is"
FILLING = "filling"
PER_OBJECT = frozenset(
    f"{cache}.{name}"
    for cache in (DESC, HEADER)
    for name in ("ext", "size", "stride", "slab_order", "objects_per_slab")
)
"""Figures of which hosts have no sum."""

FIGURES = (
    *(f"{DESC}.{name}" for name in ("objects", "slabs", "pages", "bytes.used", "bytes.slab", "bytes.memcg")),
    PART,
    WHOLE,
)
"""What is summed unless told otherwise."""

MOST_KNOWN = 10_000
"""Scenarios that are remembered; an inventory of more different VMs costs time, not memory."""

NAMES = (Axis("host.name", "host.name", FIELDS, ""), Axis("vm.name", "vm.name", FIELDS, ""))
OWN = frozenset((HOST, HOST_MEMORY, COUNT))
"""Fields of an inventory that are no axis."""

SAID_BY = "the inventory"

Options = list[tuple[str, str]]


class Kind(NamedTuple):
    """Hosts of which the inventory says the same: of the host, and of its VMs and how many there are of each."""

    about: Cells
    groups: tuple[tuple[Cells, int], ...]


class WhatIf(NamedTuple):
    """Values that replace those of the inventory; none for the fleet as it is."""

    name: str
    chosen: Chosen


class Single:
    """One VM on a host of some kernel."""

    def __init__(self, scenario: Scenario) -> None:
        """Take a host with this one VM."""
        (self.vm,) = scenario.vms
        self.modules = mmu.tdp(scenario.kernel, self.vm), mmu.tdp_mmu(scenario.kernel, self.vm)
        """Parameters of the kvm modules that it needs: tdp and tdp_mmu."""
        self._scenario = scenario
        self._unlike: dict[Single, list[str]] = {}

    @cached_property
    def held(self) -> dict[str, Term]:
        """Return what it holds, worked out when it is first asked for."""
        return holdings(self._scenario)

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """Return both ends of each kind, in the order of KINDS."""
        found = [self.held.get(name) for name in KINDS]
        return tuple(end for term in found for end in ((term.low, term.high) if term else (0, 0)))

    def open_unlike(self, before: Single) -> list[str]:
        """Return the kinds that are open and do not follow as they did before."""
        found = self._unlike.get(before)
        if found is None:
            old = before.held
            found = [name for name, term in self.held.items() if not term.exact and term != old.get(name)]
            self._unlike[before] = found
        return found


def what_ifs(options: Options) -> list[WhatIf]:
    """Return the fleet as it is, then each combination of the options' values."""
    space = Space((), options)
    for axis, _ in space.axes:
        if axis.name == VMS:
            raise PtelistError("--vms: how many VMs there are is what the inventory says")
        if axis.name == PEAK:
            raise PtelistError(f"--peak-vms: {NO_PAST}")
    axes = [axis for axis, _ in space.axes]
    found = [WhatIf(AS_IT_IS, {})]
    for point in points(space.axes) if axes else ():
        chosen = {axis.name: choice for axis, choice in zip(axes, point, strict=True)}
        found.append(WhatIf(name_of(axes, chosen), chosen))
    return found


def assumed(texts: Sequence[str]) -> Chosen:
    """Return the values in OPTION=VALUE, for what an inventory leaves open; raises PtelistError for other text."""
    options = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in AXES or name in {VMS, PEAK}:
            raise PtelistError(f'--assume: expected OPTION=VALUE, as in memcg=off or host=laptop, got "{text[:60]}"')
        options.append((name, value))
    axes = Space((), options).axes
    for axis, values in axes:
        if len(values) > 1:
            raise PtelistError(f"--assume: {axis.name} has {len(values)} values, expected one")
    return {axis.name: values[0] for axis, values in axes}


def figures(names: Sequence[str]) -> dict[str, Unit]:
    """Return the figures asked for, or the usual ones, with their units; raises PtelistError for one of no sum."""
    space = Space((), ())
    ledger = account(space.scenario({}))
    picked = pick(ledger, tuple(names)) or FIGURES
    for name in picked:
        if name.endswith(TYPICAL):
            raise PtelistError(f"--figure: {name} is simulated for one host: use compare --filling aged --peak-vms")
        if name in PER_OBJECT:
            raise PtelistError(f"--figure: {name} is the same for each object, hosts have no sum of it")
    return {name: ledger[name].unit for name in picked}


AGED = Note(
    "past",
    "an inventory says of no host how many VMs it once had, so those that are aged have bounds for any past and"
    " nothing is simulated; compare --filling aged --peak-vms does that for one host",
)

NO_HOLDINGS = frozenset(("name", "filling", "slab_merge"))
"""Fields of a host on which no VM's holdings depend: its slabs do."""


class _Host(NamedTuple):
    """A host with any VM on it, and the number of the hosts on which each VM holds the same."""

    scenario: Scenario
    alike: int


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
        self._axes = {AXES[name]: Origin(SAID_BY) for name in names if name not in OWN}
        self._axes |= dict.fromkeys(NAMES, Origin(""))
        for axis, _ in Space((), options).axes:
            self._axes.setdefault(axis, Origin(axis.option, is_option=True))
        self._forget()

    def _forget(self) -> None:
        self._space = Space((), (), self._axes)
        self._hosts: dict[tuple[int, Cells], _Host] = {}
        self._singles: dict[tuple[int, int, Cells], Single] = {}
        self._classes: dict[tuple[object, ...], int] = {}

    def notes(self) -> tuple[Note, ...]:
        """Return what was assumed, and what is known of the proposals among the what-ifs."""
        found: dict[Note, None] = {}
        for what_if in self.what_ifs:
            proposal = {name: choice for name, choice in what_if.chosen.items() if name == "proposal"}
            found |= {
                Note(PROPOSAL, text, name): None for name, text in self._space.proposals(proposal) if name != "none"
            }
        return (*self._assumptions.ordered("host"), *found, *((AGED,) if self._aged else ()))

    def check(self, about: Cells, memory: str) -> None:
        """Raise PtelistError if there cannot be a host as its cells say, whatever its VMs are."""
        said = self._assumed | self._parse(self._fields[0], about)
        host = {name: choice for name, choice in said.items() if not AXES[name].path.startswith("vm.")}
        self._space.scenario(host)
        self.memory(memory)

    def memory(self, text: str) -> int | None:
        """Return the bytes of memory that a host says it has."""
        found = self._parse((HOST_MEMORY,), (text,)).get(HOST_MEMORY)
        return found.value if found else None

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
        return {name: choice for name, choice in said.items() if name not in OWN}

    def single(self, number: int, about: Cells, vm: Cells) -> tuple[Scenario, Single]:
        """Return a host's scenario, with any VM on it, and what one such VM holds there.

        Raises PtelistError if there cannot be such a host or VM.
        """
        host = self._hosts.get((number, about))
        if host and (single := self._singles.get((number, host.alike, vm))):
            return host.scenario, single
        if len(self._singles) + len(self._hosts) > MOST_KNOWN:
            self._forget()
        scenario = self._space.scenario(self.chosen(number, about, vm))
        host = self._hosts.get((number, about))
        if host is None:
            host = self._hosts[number, about] = _Host(scenario, self._alike(scenario))
        single = self._singles[number, host.alike, vm] = Single(scenario)
        return host.scenario, single

    def noted(self, about: Cells, vm: Cells) -> Single:
        """Return a VM of the fleet as it is, and remember what is assumed for it and its host."""
        host, found = self.single(0, about, vm)
        self._aged = self._aged or host.host.filling == "aged"
        self._assumptions.add(host._replace(vms=(found.vm,)))
        return found

    def _alike(self, scenario: Scenario) -> int:
        """Return a number for what the holdings of a VM depend on: kernel, configuration, and most of the host."""
        host = zip(scenario.host._fields, scenario.host, strict=True)
        fields = tuple(value for name, value in host if name not in NO_HOLDINGS)
        return self._classes.setdefault((scenario.kernel, scenario.config, fields), len(self._classes))

    def scenario(self, number: int, kind: Kind) -> Scenario:
        """Return a host with all its VM groups; raises PtelistError if they cannot be on one host."""
        found = [(*self.single(number, kind.about, vm), count) for vm, count in kind.groups]
        vms = tuple(single.vm._replace(count=count) for _, single, count in found)
        sources = dict(found[0][0].sources)
        groups = {field.removeprefix("vms.0."): text for field, text in sources.items() if field.startswith("vms.0.")}
        for group in range(1, len(vms)):
            sources |= {f"vms.{group}.{field}": text for field, text in groups.items()}
        whole = found[0][0]._replace(vms=vms, sources=sources)
        for part, field, text in problems(whole):
            raise PtelistError(f"{part.partition('.')[0].rstrip('s')}.{field}: {text}")
        return whole

    def ledger(self, number: int, kind: Kind) -> Ledger:
        """Return a host's figures under a what-if, rounded to slabs once for all its VMs."""
        found = [self.single(number, kind.about, vm) for vm, _ in kind.groups]
        host, last = found[-1]
        if len({single.modules for _, single in found}) > 1:
            self.scenario(number, kind)
        counts = [count for _, count in kind.groups]
        ends = [sum(map(mul, counts, column)) for column in zip(*(single.ends for _, single in found), strict=True)]
        why: dict[str, str] = {}
        if number:
            added = f"added up over the VMs of the host, {self.what_ifs[number].name}"
            for (vm, _), (_, single) in zip(kind.groups, found, strict=True):
                why |= dict.fromkeys(single.open_unlike(self.single(0, kind.about, vm)[1]), added)
        held = dict(zip(KINDS, zip(ends[::2], ends[1::2], strict=True), strict=True))
        return settle(host._replace(vms=(last.vm,)), held, why, aside=self._aside)
