"""One vCPU under shadow paging, step by step: its lists, its page tables, its memory caches.

Built on the package's engine; what differs by kernel comes from the shipped profile. It knows of the guest's memory
what the probes do: aliases begin at 1 GiB, and all that maps them lies below.
"""

from __future__ import annotations

from functools import cache

from helpers import kernel

from ptelist.engine import pagetables, rules
from ptelist.engine.lists import List
from ptelist.engine.memory_caches import MemoryCache

ALIASES = 1 << 30
LEVELS = 4


class VcpuModel:
    """Each alias touched is a fault of its own.

    A fault tops the vCPU's caches up, adds the page tables that are missing, then one entry, which takes at most one
    descriptor.
    """

    def __init__(self, version: str, *, parents: bool = False) -> None:
        """Run once, so that the caches are full; `parents` makes the lists parent_ptes, which know no cap."""
        self.kernel = kernel(version)
        self.cap = None if parents else self.kernel.rmap_recycle_threshold
        self.longest = 0
        """The most entries that an add has found."""
        self.lists: dict[int, List] = {}
        self.tables: set[tuple[int, int]] = set()
        self.cache = MemoryCache(self.kernel.cache_capacity, rules.desc_topup_min(self.kernel))
        self.headers = MemoryCache(self.kernel.cache_capacity, self.kernel.page_topup_min)
        self.fault()
        self.walk(0)

    def list(self, gfn: int = 0) -> List:
        if gfn not in self.lists:
            self.lists[gfn] = List(self.kernel.pte_list_ext, self.kernel.list_policy)
        return self.lists[gfn]

    def fault(self) -> None:
        self.cache.top_up()
        self.headers.top_up()

    def walk(self, address: int) -> None:
        """Make the tables for an address that are missing: none above one that is there."""
        for level in range(1, LEVELS + 1):
            table = level, address // pagetables.window(level, self.kernel.page_bytes)
            if table in self.tables:
                return
            self.tables.add(table)
            self.headers.draw()

    def touch(self, alias: int, gfn: int = 0) -> None:
        """Fault until the alias is mapped: an add that empties the list is refaulted."""
        shared = self.cap is None
        zapped = True
        while zapped:
            self.fault()
            self.walk(ALIASES if shared else ALIASES + alias * self.kernel.page_bytes)
            found = self.list(gfn)
            before = found.allocs
            self.longest = max(self.longest, len(found))
            zapped = False
            if self.cap is None:
                found.add(alias)
            else:
                zapped = found.add_rmap(alias, self.cap)
            assert found.allocs - before <= 1
            if found.allocs > before:
                self.cache.draw()

    def remove(self, alias: int, gfn: int = 0) -> None:
        self.list(gfn).remove(alias)

    @property
    def in_use(self) -> int:
        return sum(each.descriptors for each in self.lists.values())

    @property
    def held(self) -> int:
        return self.in_use + self.cache.objects

    @property
    def counts(self) -> tuple[int, int, int]:
        """Return held, cached and in_use, as the files have them."""
        return self.held, self.cache.objects, self.in_use


def grown(version: str, entries: int, *, parents: bool = False) -> VcpuModel:
    """Return the model after so many aliases of one page were touched."""
    model = VcpuModel(version, parents=parents)
    for alias in range(entries):
        model.touch(alias)
    return model


@cache
def same_lists(version: str) -> str:
    """Return a kernel, always the same one, that this model does not tell from this version: so as to model once."""
    return _VERSIONS.setdefault(_rules(version), version)


_VERSIONS: dict[tuple[object, ...], str] = {}


def _rules(version: str) -> tuple[object, ...]:
    found = kernel(version)
    lists = found.pte_list_ext, found.list_policy, found.rmap_recycle_threshold
    caches = found.cache_capacity, rules.desc_topup_min(found), found.page_topup_min
    return *lists, *caches, found.page_bytes


def bucket(length: int, how: str) -> int:
    """Return a list's column in mmu_rmaps_stat: position of the lowest set bit ("ffs") or of the highest ("fls")."""
    return {"ffs": (length & -length).bit_length(), "fls": length.bit_length()}[how]
