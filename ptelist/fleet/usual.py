"""The usual figures of hosts, in plain integers: few sums over their VMs, and slabs rounded once."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.account import settle_totals
from ptelist.engine.difference import difference
from ptelist.engine.figure_kinds import DESC, DESC_TOTAL, HEADER, HEADER_TOTAL, TOTAL
from ptelist.engine.interval import Interval
from ptelist.engine.ledger import Unit, rule
from ptelist.engine.repeated import Repeated
from ptelist.errors import PtelistError
from ptelist.fleet.fleet import ADDED_UP
from ptelist.fleet.lanes import Lanes
from ptelist.fleet.single import OBJECTS, Change, Totals
from ptelist.fleet.what_ifs import Unfit, unfit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ptelist.engine.ledger import Ledger
    from ptelist.fleet.alike import HostKind, VmGroup
    from ptelist.fleet.fleet import Fleet
    from ptelist.fleet.records import Cells
    from ptelist.scenario.models import Scenario

OF_CACHES = ("objects", "slabs", "pages", "bytes.used", "bytes.slab", "bytes.memcg", "bytes.total")
USUAL = frozenset((TOTAL, *(f"{cache}.{name}" for cache in (DESC, HEADER) for name in OF_CACHES)))
"""Figures that follow from few sums over the VMs of a host."""

WORTH = 4
"""Hosts of a kind after which what they have in common is recorded: it is short."""

MOST_ROWS, MOST_PROGRAMS = 20_000, 2_000
"""VM groups of which the numbers are remembered, and kinds of hosts of which the programs are."""

ENDS = 4
"""Numbers of a figure: its ends, and those of its change."""

BASE, CHANGED = len(Totals._fields), len(Totals._fields) + len(Change._fields)
"""Numbers of a VM group as it is, and under a what-if."""

Ways = tuple["tuple[bool, ...] | Unfit", ...]
"""Under each what-if, the parameters of the kvm modules that VMs need; or why it cannot be applied to them."""


class _Row(NamedTuple):
    """What a VM group, or one of its VMs, adds to its host."""

    numbers: int
    """In lanes, totals as they are; for each what-if, totals under it and how they change."""
    ways: int
    """The number of its ways."""


class _Programs(NamedTuple):
    """What gives the ends of hosts."""

    alone: Repeated[None]
    """Of hosts as they are."""
    changed: list[Repeated[None] | Unfit]
    """Of hosts as they are, and behind these under each what-if; or why it cannot be applied."""


class Usual:
    """Usual figures of hosts under every what-if, rounded to slabs once for all VMs of a host."""

    def __init__(self, fleet: Fleet, figures: tuple[str, ...]) -> None:
        """Take what knows the hosts, and figures that are usual."""
        self._fleet, self._figures, self._width = fleet, figures, ENDS * len(figures)
        self._lanes = Lanes(BASE + (len(fleet.what_ifs) - 1) * CHANGED)
        self._rows: dict[VmGroup, _Row] = {}
        self._singles: dict[tuple[Cells, Cells], _Row] = {}
        """By what is said of the host and of a VM."""
        self._ways: dict[Ways, int] = {}
        self._programs: dict[tuple[Cells, int], _Programs] = {}
        """By what is said of a host, and the ways of its VMs."""

    def values(self, kind: HostKind) -> tuple[list[int], list[tuple[int, Unfit]]]:
        """Return both ends of each figure and of its change under each what-if: those of its ledgers.

        With them come the what-ifs that cannot be applied to it, and why; there it is as it was.
        """
        known = self._rows
        rows = [known.get(group) or self._row(group) for group in kind.groups]
        sums = self._lanes.row(sum([row.numbers for row in rows]))
        ways = {row.ways for row in rows}
        way = ways.pop() if len(ways) == 1 else self._both(kind, ways)
        programs = self._programs.get((kind.about.cells, way)) or self._made(kind, way)
        base: Sequence[int] = ()
        values: list[Sequence[int]] = []
        failed = []
        for number, program in enumerate(programs.changed, 1):
            if isinstance(program, Unfit):
                failed.append((number, program))
                values.append(())
            else:
                place = BASE + number * CHANGED
                found, _ = program(*sums[:BASE], *sums[place - CHANGED : place])
                base = found[: self._width]
                values.append(found[self._width :])
        if not base:
            base, _ = programs.alone(*sums[:BASE])
        return [*base, *chain.from_iterable(part or base for part in values)], failed

    def _row(self, group: VmGroup) -> _Row:
        """Return what a group adds, and remember it."""
        if len(self._rows) > MOST_ROWS:
            self._rows.clear()
            self._singles.clear()
        key = group.about.cells, group.cells
        one = self._singles.get(key)
        if one is None:
            one = self._singles[key] = self._single(group)
        row = self._rows[group] = _Row(group.vms * one.numbers, one.ways)
        return row

    def _single(self, group: VmGroup) -> _Row:
        """Return what one VM of a group adds."""
        before = self._fleet.single(0, group)
        numbers: list[int] = [*before.held.totals]
        ways: list[tuple[bool, ...] | Unfit] = [before.modules]
        for number in range(1, len(self._fleet.what_ifs)):
            try:
                single = self._fleet.single(number, group)
            except PtelistError as error:
                ways.append(unfit(error))
                numbers += [0] * CHANGED
            else:
                ways.append(single.modules)
                numbers += [*single.held.totals, *single.held.change(before.held)]
        return _Row(Lanes.packed(numbers), self._ways.setdefault(tuple(ways), len(self._ways)))

    def _both(self, kind: HostKind, ways: Iterable[int]) -> int:
        """Return the way of a host with VMs of several."""
        every = list(self._ways)
        whole: list[tuple[bool, ...] | Unfit] = []
        for number, each in enumerate(zip(*(every[way] for way in ways), strict=True)):
            why = sorted({way for way in each if isinstance(way, Unfit)})
            if not why and len(set(each)) > 1:
                try:
                    self._fleet.scenario(number, kind)
                except PtelistError as error:
                    why = [unfit(error)]
            whole.append(why[0] if why else each[0])
        return self._ways.setdefault(tuple(whole), len(self._ways))

    def _made(self, kind: HostKind, way: int) -> _Programs:
        """Return the programs of hosts alike, and remember them."""
        figures, group = self._figures, kind.groups[-1]
        old = self._fleet.host(0, group)
        changed: list[Repeated[None] | Unfit] = []
        for number, reason in enumerate(list(self._ways)[way][1:], 1):
            if isinstance(reason, Unfit):
                changed.append(reason)
            else:
                why = f"{ADDED_UP}, {self._fleet.what_ifs[number].name}"
                rules = partial(_changes, old, self._fleet.host(number, group), why, figures)
                changed.append(Repeated(rules, WORTH))
        if len(self._programs) > MOST_PROGRAMS:
            self._programs.clear()
        made = self._programs[kind.about.cells, way] = _Programs(Repeated(partial(_ends, old, figures), WORTH), changed)
        return made


def _settled(scenario: Scenario, sums: Totals, why: tuple[str, str]) -> Ledger:
    objects = (
        rule(OBJECTS[0], sums.desc_low, sums.desc_high, Unit.OBJECTS, why[0]),
        rule(OBJECTS[1], sums.header_low, sums.header_high, Unit.OBJECTS, why[1]),
    )
    rest = rule("rest", sums.rest_low, sums.rest_high, Unit.BYTES, ADDED_UP)
    return settle_totals(scenario, objects, rest)


def _ends(scenario: Scenario, figures: Sequence[str], *sums: int) -> tuple[list[int], None]:
    """Return both ends of each figure, and of no change."""
    return _of(_settled(scenario, Totals(*sums), (ADDED_UP, ADDED_UP)), figures), None


def _of(ledger: Ledger, figures: Sequence[str]) -> list[int]:
    return [end for figure in figures for end in (ledger[figure].low, ledger[figure].high, 0, 0)]


def _changes(old: Scenario, new: Scenario, why: str, figures: Sequence[str], *sums: int) -> tuple[list[int], None]:
    """Return both ends of each figure and of no change, and then those under a what-if and of its change."""
    change = Change(*sums[2 * BASE :])
    reasons = why if change.desc_unlike else ADDED_UP, why if change.header_unlike else ADDED_UP
    before = _settled(old, Totals(*sums[:BASE]), (ADDED_UP, ADDED_UP))
    after = _settled(new, Totals(*sums[BASE : 2 * BASE]), reasons)
    ends = _of(before, figures)
    for figure in figures:
        term = after[figure]
        delta = difference(before[figure], term) if figure != TOTAL else _total_change(before, after, change)
        ends += (term.low, term.high, *delta)
    return ends, None


def _total_change(before: Ledger, after: Ledger, change: Change) -> Interval:
    """Return the change of the MMU's total: its parts change each for itself, and so does what is beside slabs."""
    parts = [difference(before[name], after[name]) for name in (DESC_TOTAL, HEADER_TOTAL)]
    old, new = before[TOTAL], after[TOTAL]
    least, most = sum(part.low for part in parts), sum(part.high for part in parts)
    return Interval(max(least + change.rest_low, new.low - old.high), min(most + change.rest_high, new.high - old.low))
