"""Steps of VMs under the rules of every column: what there is after each mark, and at the end."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.engine import memslots, mmu, page_tables
from ptelist.engine.account import slabs_of
from ptelist.engine.host_machine import Machine
from ptelist.engine.ledger import Unit, fixed
from ptelist.engine.lists import histogram
from ptelist.engine.lists.descriptors import MIN_EXT
from ptelist.engine.vcpu_machine import Mmu
from ptelist.errors import Where
from ptelist.readers.host.rmaps_stat import LABELS, PAGE_SIZES
from ptelist.settings.work import Work
from ptelist.traces.replay.step_charges import Charges, rows
from ptelist.traces.replay.step_slabs import StepSlabs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.engine.interval import Interval
    from ptelist.engine.ledger import Ledger, Term
    from ptelist.engine.vcpu_machine import Counts
    from ptelist.scenario.models import Scenario

OBJECTS, COUNT, PAGES = Unit.OBJECTS, Unit.COUNT, Unit.PAGES

STEP_COUNTS = {
    "replay.held": (OBJECTS, "descriptors in lists and in vCPU caches at the end"),
    "replay.live": (OBJECTS, "descriptors in lists at the end"),
    "replay.cached": (OBJECTS, "descriptors in vCPU caches at the end"),
    "replay.peak": (OBJECTS, "the most in lists at any moment"),
    "replay.held_peak": (OBJECTS, "the most in lists and caches together at any moment"),
    "replay.allocs": (OBJECTS, "descriptors that lists took"),
    "replay.frees": (OBJECTS, "descriptors that lists gave back"),
    "replay.topups": (COUNT, "top-ups that filled a vCPU's cache of descriptors, each up to its capacity"),
    "replay.headers": (OBJECTS, "page headers of tables and in vCPU caches at the end"),
    "replay.headers_cached": (OBJECTS, "page headers in vCPU caches at the end"),
    "replay.headers_peak": (OBJECTS, "the most page headers at any moment"),
    "replay.tables": (PAGES, "page tables at the end, roots included"),
    "replay.entries": (Unit.ENTRIES, "SPTEs that map a page at the end"),
}
"""What a replay of steps counts, for each column."""

MARKED = ("held", "in_lists", "cached", "headers", "headers_cached", "tables", "entries", "longest")
"""What is told of each mark."""

MEMSLOTS = Work(
    "memslots at the marks of all columns, equal ones counted once", 2_000_000, "mark less often, or give fewer values"
)
"""Each takes some 5 us."""

OF_MOMENT, OF_CHARGES, OF_LENGTH = 2048, 3072, 100
"""The most bytes in memory that a moment takes, what is charged then, and a length of lists."""


class Heads(NamedTuple):
    """The heads of rmap lists in the memslots that there are, by page size, and how mmu_rmaps_stat sorts them."""

    counts: tuple[int, ...]
    level: int
    """Of the pages that are mapped."""
    how: str


class Moment(NamedTuple):
    """What there is in one column when steps are marked."""

    counts: Counts
    slabs: dict[str, Interval]
    """The fewest and the most slabs of each kmem_cache; what CPUs and nodes keep beyond them is not counted."""
    lengths: dict[int, int]
    """rmap lists by length."""
    heads: Heads | None
    """None where there is no mmu_rmaps_stat, or no list."""
    raw: dict[str, Interval] | None = None
    """The fewest and the most slabs as /proc/slabinfo counts them; None if no step asked to follow them."""
    charged: dict[str, Interval] | None = None
    """The least and the most bytes that a cgroup is charged for all VMs, by kind; None if no step opened a VM."""

    @property
    def rmaps_stat(self) -> dict[str, list[int]] | None:
        """Return what mmu_rmaps_stat says, of all VMs together: lists by page size and column."""
        if self.heads is None:
            return None
        lists = {
            name: [count, *[0] * (len(LABELS) - 1)] for name, count in zip(PAGE_SIZES, self.heads.counts, strict=True)
        }
        row = lists[PAGE_SIZES[self.heads.level - 1]]
        for length, count in self.lengths.items():
            row[0] -= count
            row[histogram.column(length, self.heads.how)] += count
        return lists


class Stage(NamedTuple):
    """A mark, with a moment for each column."""

    at: int
    text: str
    moments: tuple[Moment, ...]

    @property
    def size(self) -> int:
        """Return the bytes in memory that it takes at most."""
        lengths = {id(moment.lengths): len(moment.lengths) for moment in self.moments}
        each = OF_MOMENT + OF_CHARGES * (self.moments[0].charged is not None)
        return len(self.moments) * each + sum(lengths.values()) * OF_LENGTH

    def data(self) -> dict[str, Any]:
        """Return it for JSON: each count as a list with a number for each column."""
        told: dict[str, Any] = {"at": self.at, "text": self.text}
        for name in MARKED:
            told[_LIVE.get(name, name)] = [getattr(moment.counts, name) for moment in self.moments]
        told["slabs"] = _ends([moment.slabs for moment in self.moments])
        raw = [moment.raw for moment in self.moments if moment.raw]
        if raw:
            told["slabs_raw"] = _ends(raw)
        charged = [moment.charged for moment in self.moments if moment.charged]
        if charged:
            told["charged"] = _ends(charged)
        told["lists"] = [moment.lengths for moment in self.moments]
        told["mmu_rmaps_stat"] = [moment.rmaps_stat for moment in self.moments]
        return told


_LIVE = {"in_lists": "live"}
"""Marks of traces call them so."""


def _ends(slabs: Sequence[dict[str, Interval]]) -> dict[str, list[dict[str, int]]]:
    return {name: [dict(zip(("low", "high"), each[name], strict=True)) for each in slabs] for name in slabs[0]}


class StepReplay:
    """The machines of all columns; columns whose rules are the same have one together."""

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        """Start without a VM."""
        self._scenarios = scenarios
        self.slabs = StepSlabs(scenarios)
        mmus = [mmu_of(scenario) for scenario in scenarios]
        columns: dict[Mmu, list[int]] = {}
        for number, each in enumerate(mmus):
            columns.setdefault(each, []).append(number)
        self.machines = {each: Machine(each, partial(self.slabs.follow, those)) for each, those in columns.items()}
        self._machines = [self.machines[each] for each in mmus]
        self._charges = Charges(scenarios)
        self._memslots = 0
        """How many were looked at so far."""

    def stage(self, at: int, text: str) -> Stage:
        """Return what there is now, after the line `at`; raises PtelistError if there are too many memslots."""
        self._memslots += sum(len(machine.memslots()) for machine in self._machines)
        MEMSLOTS.bound(self._memslots, Where(line=at))
        counted = {
            each: (machine.counts(), dict(sorted(machine.lengths().items()))) for each, machine in self.machines.items()
        }
        moments = (self._moment(number, *counted[machine.mmu]) for number, machine in enumerate(self._machines))
        return Stage(at, text, tuple(moments))

    def _moment(self, number: int, counts: Counts, lengths: dict[int, int]) -> Moment:
        machine, slabs = self._machines[number], self.slabs
        after_shrink, raw = slabs.ends(number, counts, machine.totals), slabs.raw(number, machine, counts)
        charged = self._charges.at(number, machine, counts)
        return Moment(counts, after_shrink, lengths, self._heads(number), raw, charged)

    def _heads(self, number: int) -> Heads | None:
        machine, how = self._machines[number], self._scenarios[number].kernel.rmaps_stat
        if how == "none" or not machine.mmu.lists:
            return None
        counts = [0, 0, 0]
        for memslot, count in machine.memslots().items():
            for row in rows(self._scenarios[number], memslot):
                counts = [known + count * size for known, size in zip(counts, row, strict=True)]
        return Heads(tuple(counts), machine.mmu.leaf_level, how)

    def ledgers(self) -> Iterator[Ledger]:
        """Yield the figures of each column: what was counted, and the slabs of what was held at most."""
        for scenario, machine in zip(self._scenarios, self._machines, strict=True):
            terms = dict(_terms(machine))
            ledger = slabs_of(scenario, terms["replay.held_peak"])
            for term in terms.values():
                ledger.add(term)
            yield ledger

    def lengths(self) -> dict[int, int]:
        """Return how many rmap lists there are of each length, in the first column."""
        return dict(self._machines[0].lengths())


def _terms(machine: Machine) -> Iterator[tuple[str, Term]]:
    counts, totals = machine.counts(), machine.totals
    values = (
        counts.held,
        counts.in_lists,
        counts.cached,
        totals.peak,
        totals.peak_held,
        counts.allocs,
        counts.frees,
        counts.topups,
        counts.headers,
        counts.headers_cached,
        totals.peak_headers,
        counts.tables,
        counts.entries,
    )
    for (name, (unit, why)), value in zip(STEP_COUNTS.items(), values, strict=True):
        yield name, fixed(name, value, unit, why)


def mmu_of(scenario: Scenario) -> Mmu:
    """Return how a scenario's kernel handles the faults of its first VM group."""
    kernel, vm = scenario.kernel, scenario.first_vm
    capacity = mmu.desc_capacity(kernel, vm) if mmu.tops_up_desc(kernel, vm) else 0
    direct, lists = mmu.tdp(kernel, vm), mmu.uses_rmaps(kernel, vm)
    limit = page_tables.default_limit(
        memslots.pages(memslots.slots(kernel, scenario.host, vm)), kernel.shadow_page_divisor, kernel.shadow_page_least
    )
    return Mmu(
        ext=mmu.ext(kernel, vm) if lists else MIN_EXT,  # without lists machines do not differ by it
        policy=kernel.list_policy,
        cap=kernel.rmap_recycle_threshold,
        parents_cap=kernel.parent_ptes_cap,
        descriptors=(capacity, mmu.desc_topup_min(kernel)),
        headers=(kernel.cache_capacity, kernel.page_topup_min),
        lists=lists,
        shadow=not direct,
        root_level=vm.root_level,
        leaf_level=page_tables.LEVEL_OF_LEAF[vm.leaf],
        page_bytes=kernel.page_bytes,
        most_tables=None if mmu.tdp_mmu(kernel, vm) else limit,
        spare_tables=kernel.shadow_page_min_free,
        roots_first=kernel.roots_freed == "before_caches",
        limit_divisor=kernel.shadow_page_divisor,
        least_limit=kernel.shadow_page_least,
        infos=(0 if direct else kernel.cache_capacity, kernel.page_topup_min),
        infos_level=0 if direct else kernel.shadowed_info_max_level,
    )
