"""One vCPU's memory caches in a VM's life, and what is counted of it.

The rule of each cache is `MemoryCache`'s, __kvm_mmu_topup_memory_cache(); when caches are topped up
and what is drawn from them is the business of vm_machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.memory_cache import MemoryCache
from ptelist.engine.page_tables import window
from ptelist.engine.population import Population
from ptelist.engine.vm_slabs import LISTS

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ptelist.engine.memslot_steps import MadeMemslot
    from ptelist.engine.vm_slabs import CacheSlabs


class Mmu(NamedTuple):
    """How one kernel handles the faults of one kind of VM."""

    ext: int
    policy: str
    cap: int
    """RMAP_RECYCLE_THRESHOLD."""
    parents_cap: int | None
    """A table that has so many parents is zapped rather than found by one more; None where any number may be."""
    descriptors: tuple[int, int]
    """Capacity of a vCPU's cache of descriptors, 0 if it is never filled, and the minimum that a top-up asks for."""
    headers: tuple[int, int]
    """The same of its cache of page headers."""
    lists: bool
    """Whether there are rmap and parent_ptes lists: not with the TDP MMU."""
    shadow: bool
    """Whether tables mirror the guest's own."""
    root_level: int
    leaf_level: int
    """Level of the tables whose SPTEs map pages: 1 for 4K."""
    page_bytes: int
    most_tables: int | None
    """The default limit of shadow pages; None with the TDP MMU, whose tables are not limited."""
    spare_tables: int = 0
    """A fault that finds fewer than these left of the limit has old tables recycled (KVM_MIN_FREE_MMU_PAGES)."""
    roots_first: bool = False
    """Whether roots are freed before any vCPU's caches when a VM ends."""
    limit_divisor: int = 1
    """Pages in memslots for each table that the default limit lets be."""
    least_limit: int = 0
    """The least that it is."""
    infos: tuple[int, int] = 0, 1
    """Capacity and minimum of a vCPU's cache of pages for shadowed translations, 0 if it is never filled."""
    infos_level: int = 0
    """The highest level of tables that have such a page."""

    @property
    def by_rcu(self) -> bool:
        """Return whether tables are freed by RCU: those of the TDP MMU."""
        return self.most_tables is None

    @property
    def leaf_bytes(self) -> int:
        """Return the bytes that one SPTE maps."""
        return window(self.leaf_level - 1, self.page_bytes)


class Counts(NamedTuple):
    """What there is after a step, of all VMs together."""

    in_lists: int = 0
    """Descriptors in rmap and parent_ptes lists."""
    cached: int = 0
    """Descriptors in vCPU caches."""
    headers_cached: int = 0
    """Page headers in vCPU caches; there are as many pages for tables beside them."""
    tables: int = 0
    """Page tables, roots included, each with a header of its own."""
    entries: int = 0
    """SPTEs that map a page."""
    longest: int = 0
    """The most entries that an add has found in an rmap list: KVM's statistic max_mmu_rmap_size."""
    topups: int = 0
    """Top-ups that filled a cache of descriptors."""
    allocs: int = 0
    """Descriptors that lists took so far."""
    frees: int = 0
    """Descriptors that lists gave back so far."""
    infos: int = 0
    """Pages of shadowed translations, in vCPU caches and of tables."""
    vcpus: int = 0
    """vCPUs that there are."""
    running: int = 0
    """Those of them whose caches were filled."""
    indirect: int = 0
    """Those of them that have filled one of pages for shadowed translations as well."""

    @property
    def held(self) -> int:
        """Return the objects of pte_list_desc."""
        return self.in_lists + self.cached

    @property
    def headers(self) -> int:
        """Return the objects of kvm_mmu_page_header."""
        return self.headers_cached + self.tables


class Totals:
    """What all VMs of a host have now, and the most they had at any moment."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.in_lists = self.cached = self.headers_cached = self.tables = self.entries = 0
        self.longest = self.topups = self.allocs = self.frees = 0
        self.infos = self.vcpus = self.running = self.indirect = 0
        self.peak = 0
        """The most descriptors in lists."""
        self.peak_held = 0
        """The most descriptors in lists and caches together."""
        self.peak_headers = 0
        """The most page headers in tables and caches together."""
        self.limited = 0
        """VMs of which the kernel would have recycled tables."""
        self.lengths: Population[int] = Population()
        """rmap lists by their entries."""
        self.memslots: Population[MadeMemslot | None] = Population()
        """Memslots of each kind; None: those of a VM's options, all together."""
        self.descriptor_slabs: tuple[CacheSlabs, ...] = ()
        self.header_slabs: tuple[CacheSlabs, ...] = ()
        """Who is told of each object, if anyone follows slabs."""

    def counts(self) -> Counts:
        """Return what there is now."""
        return Counts(
            self.in_lists,
            self.cached,
            self.headers_cached,
            self.tables,
            self.entries,
            self.longest,
            self.topups,
            self.allocs,
            self.frees,
            self.infos,
            self.vcpus,
            self.running,
            self.indirect,
        )

    def note(self) -> None:
        """Take note of what is held, after it grew."""
        self.peak = max(self.peak, self.in_lists)
        self.peak_held = max(self.peak_held, self.cached + self.in_lists)
        self.peak_headers = max(self.peak_headers, self.headers_cached + self.tables)

    def resize(self, before: int, now: int) -> None:
        """Take note of an rmap list that had so many entries and now has others; without any there is no list."""
        if before:
            self.lengths.leave(before)
        if now:
            self.lengths.enter(now)

    def give_back(self, descriptors: int) -> None:
        """Take note of descriptors that lists no longer have."""
        if descriptors:
            for slabs in self.descriptor_slabs:
                slabs.scatter(LISTS)
        self.in_lists -= descriptors
        self.frees += descriptors


class Vcpu:
    """A vCPU's memory caches; what they give and take is told to the totals."""

    def __init__(self, mmu: Mmu, totals: Totals) -> None:
        """Start with empty caches, as at vCPU creation."""
        self._descriptors = _cache(*mmu.descriptors)
        self._headers = _cache(*mmu.headers)
        self._infos = _cache(*mmu.infos)
        self._totals = totals
        self._totals.vcpus += 1
        self._running = False
        self.indirect = False
        """Whether its tables may mirror the guest's: only then pages for shadowed translations are topped up."""

    def top_up(self) -> None:
        """Top all caches up, as every fault does before anything else."""
        self._totals.running += not self._running
        self._running = True
        if self.indirect and self._infos is not None:
            self._totals.indirect += not self._infos.allocated
            self._totals.infos += self._infos.top_up()
        if self._descriptors is not None and (taken := self._descriptors.top_up()):
            self._totals.topups += 1
            self._totals.cached += taken
            self._totals.note()
            for slabs in self._totals.descriptor_slabs:
                slabs.fill(self, taken)
        if self._headers is not None and (taken := self._headers.top_up()):
            self._totals.headers_cached += taken
            self._totals.note()
            for slabs in self._totals.header_slabs:
                slabs.fill(self, taken)

    def draw_descriptors(self, count: int) -> None:
        """Take so many descriptors for lists."""
        for _ in range(count):
            self._totals.in_lists += 1
            self._totals.allocs += 1
            self._totals.cached -= _drawn(self._descriptors)
            self._totals.note()
            for slabs in self._totals.descriptor_slabs:
                slabs.draw(self)

    def draw_header(self, table: Hashable) -> None:
        """Take a page header for a table, and with it a page."""
        self._totals.tables += 1
        self._totals.headers_cached -= _drawn(self._headers)
        self._totals.note()
        for slabs in self._totals.header_slabs:
            slabs.draw(self, table)

    def draw_info(self) -> None:
        """Take a page for a table's shadowed translations."""
        self._totals.infos += 1 - _drawn(self._infos)

    def free(self) -> None:
        """Free all caches with what is left in them, and the vCPU."""
        self._totals.vcpus -= 1
        self._totals.running -= self._running
        if self._infos is not None:
            self._totals.indirect -= self._infos.allocated > 0
            self._totals.infos -= self._infos.objects
        self._totals.cached -= 0 if self._descriptors is None else self._descriptors.objects
        self._totals.headers_cached -= 0 if self._headers is None else self._headers.objects


def _cache(capacity: int, minimum: int) -> MemoryCache | None:
    """Return an empty cache; one smaller than its minimum is filled whenever it is not full."""
    return MemoryCache(capacity, min(minimum, capacity)) if capacity else None


def _drawn(cache: MemoryCache | None) -> int:
    """Take an object; return 1 if it came out of the cache, 0 if from the allocator (an atomic allocation)."""
    if cache is None or not cache.objects:
        return 0
    cache.draw()
    return 1
