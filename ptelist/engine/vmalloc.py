"""What vmalloc keeps beside the pages of an array: a description of each area, and page tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import rules
from ptelist.engine.kmalloc import POINTER, kmalloc, pages_of
from ptelist.engine.ledger import Term, Unit, fixed, product, rule, total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.engine.facts import Facts
    from ptelist.engine.kmalloc import Pool
    from ptelist.scenario import Kernel

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


def descriptions(facts: Facts, kernel: Kernel, sizes: Sequence[int], *, always: bool) -> Term:
    """Return the bytes of the vm_struct and vmap_area of the areas that arrays of these sizes take.

    `always` is true for __vcalloc() and vzalloc(), false for kvcalloc(). A vm_struct is kmalloc'ed, a vmap_area
    comes from a cache of its own; neither is charged to a cgroup (__get_vm_area_node(), read in 5.10, 6.1, 6.12, 7.3).
    """
    pool = rules.pool(kernel)
    low = high = 0
    for size in sizes:
        kind = how(size, pool, always=always)
        if kind == CONTIGUOUS:
            continue
        count = len(areas(size, pool))
        high += count
        low += count if kind == AREA else 0
    note = "an area for each array, and for each of its page-pointer arrays above a page"
    number = rule("areas", low, high, Unit.COUNT, note)
    size = facts.kernel("vm_struct_bytes", B)
    struct = fixed("vm_struct", kmalloc(size.low, pool), B, "kmalloc bucket of struct vm_struct", size)
    each = total("area", B, (struct, facts.kernel("vmap_area_bytes", B)))
    return product("vmap_areas", B, number, each)


def page_tables(kernel: Kernel, sizes: Sequence[int], *, always: bool) -> tuple[int, int]:
    """Return the least and the most bytes of kernel page tables that areas for arrays of these sizes may add.

    Tables of vmalloc space are shared with neighbours and never freed, so that none may be new. At most each area
    begins a table at each of two levels, and a third holds 512 GiB; it has a guard page behind it.
    """
    pool = rules.pool(kernel)
    most = 0
    for size in sizes:
        if how(size, pool, always=always) == CONTIGUOUS:
            continue
        for pages in areas(size, pool):
            span = pages + 1
            for _ in range(2):
                span = (span + TABLE_ENTRIES - 2) // TABLE_ENTRIES + 1
                most += span
    return 0, most * pool.page_bytes
