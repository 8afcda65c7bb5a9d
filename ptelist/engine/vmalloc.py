"""What vmalloc keeps beside the pages of an array: a description of each area, and page tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.kmalloc import kmalloc, pages_of
from ptelist.engine.ledger import Term, Unit, fixed, product, rule, total
from ptelist.engine.slab_layout import POINTER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptelist.engine.facts import Facts
    from ptelist.engine.kmalloc import Pool

B = Unit.BYTES
TABLE_ENTRIES = 512
AREA = "area"
EITHER = "either"
CONTIGUOUS = "contiguous"


def areas(size: int, pool: Pool) -> tuple[int, ...]:
    """Return the pages of each area that a vmalloc of `size` takes: its own, and that of a large array of pointers.

    The array has 8 bytes a page and is itself vmalloc'ed above one page (__vmalloc_area_node()).
    """
    if size == 0:
        return ()
    pages = pages_of(size, pool.page_bytes)
    table = pages * POINTER
    return (pages, *(areas(table, pool) if table > pool.page_bytes else ()))


def how(size: int, pool: Pool, *, always: bool) -> str:
    """Return whether a request gets an area of vmalloc space, may get one (kvmalloc), or is contiguous."""
    if size == 0:
        return CONTIGUOUS
    if always or kmalloc(size, pool) > pool.largest:
        return AREA
    return CONTIGUOUS if size <= pool.buckets[-1] else EITHER


class Areas(NamedTuple):
    """What arrays take beside their pages."""

    low: int
    """The least areas, all requests that may be contiguous being so."""
    high: int
    tables: int
    """The most pages of kernel page tables."""

    def beside(self, others: Areas) -> Areas:
        """Return these and others together."""
        return Areas(self.low + others.low, self.high + others.high, self.tables + others.tables)


def count(sizes: Iterable[tuple[int, int]], pool: Pool, *, always: bool) -> Areas:
    """Return the areas of arrays, so many of each size; `always`: __vcalloc() or vzalloc(), not kvcalloc().

    At most each area, with its guard page, begins a page table at each of two levels; a third holds 512 GiB.
    """
    low = high = tables = 0
    for size, number in sizes:
        kind = how(size, pool, always=always)
        if kind == CONTIGUOUS:
            continue
        found = areas(size, pool)
        high += number * len(found)
        low += number * len(found) if kind == AREA else 0
        for pages in found:
            touched = pages + 1
            for _ in range(2):
                touched = (touched + TABLE_ENTRIES - 2) // TABLE_ENTRIES + 1
                tables += number * touched
    return Areas(low, high, tables)


def descriptions(facts: Facts, found: Areas) -> Term:
    """Return the bytes of the vm_struct and vmap_area of areas.

    A vm_struct is kmalloc'ed, a vmap_area comes from a cache of its own; neither is charged to a cgroup
    (__get_vm_area_node(), read in 5.10, 6.1, 6.12, 7.3).
    """
    note = "an area for each array, and for each of its page-pointer arrays above a page"
    number = rule("areas", found.low, found.high, Unit.COUNT, note)
    given = facts.kernel("vm_struct_bytes", B)
    size = kmalloc(given.low, facts.pool)
    struct = fixed("vm_struct", size, B, "kmalloc bucket of struct vm_struct", given)
    each = total("area", B, (struct, facts.kernel("vmap_area_bytes", B)))
    return product("vmap_areas", B, number, each)


def page_tables(facts: Facts, found: Areas) -> Term:
    """Return what areas may add to the kernel's page tables, which are never freed, so that none may be new."""
    why = "tables of vmalloc space, shared with its neighbours and never freed, so perhaps none is new"
    number = rule("tables", 0, found.tables, Unit.PAGES, why)
    return product("vmalloc_tables", B, number, facts.kernel("page_bytes", B))
