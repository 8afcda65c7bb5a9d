"""What the kernel's general allocators take for a request of some bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.slab_layout import POINTER

if TYPE_CHECKING:
    from ptelist.scenario.models import Kernel


class Pool(NamedTuple):
    """The kmalloc caches of one kernel."""

    buckets: tuple[int, ...]
    """Sizes in ascending order; a larger request goes to the page allocator."""
    page_bytes: int
    largest: int
    """Most bytes that the page allocator gives in one piece."""


def pool_of(kernel: Kernel) -> Pool:
    """Return the kernel's kmalloc caches."""
    return Pool(kernel.kmalloc_buckets, kernel.page_bytes, kernel.page_bytes << kernel.max_page_order)


def kmalloc(size: int, pool: Pool) -> int:
    """Return the bytes that a kmalloc of `size` occupies: a bucket, else 2^n pages."""
    if size == 0:
        return 0
    for bucket in pool.buckets:
        if size <= bucket:
            return bucket
    pages = pages_of(size, pool.page_bytes)
    return pool.page_bytes << (pages - 1).bit_length()


def vmalloc(size: int, pool: Pool) -> int:
    """Return the bytes of whole pages and of their page-pointer array.

    The array has 8 bytes a page: kmalloc'd up to one page, itself vmalloc'd
    above (__vmalloc_area_node(), read in v6.18).
    """
    if size == 0:
        return 0
    pages = pages_of(size, pool.page_bytes)
    table = pages * POINTER
    extra = kmalloc(table, pool) if table <= pool.page_bytes else vmalloc(table, pool)
    return pages * pool.page_bytes + extra


def kvmalloc(size: int, pool: Pool) -> tuple[int, int]:
    """Return the least and the most bytes that a kvmalloc of `size` occupies.

    It asks kmalloc first; only if that fails does it take separate pages. Up to
    the largest bucket failure is taken as out of the question (as with slab
    orders, the figure is nominal); above, it depends on fragmentation, and beyond
    the page allocator's largest order only separate pages are left.
    """
    contiguous = kmalloc(size, pool)
    if size <= pool.buckets[-1]:
        return contiguous, contiguous
    scattered = vmalloc(size, pool)
    if contiguous > pool.largest:
        return scattered, scattered
    return min(contiguous, scattered), max(contiguous, scattered)


def pages_of(size: int, page_bytes: int) -> int:
    """Return how many pages hold size bytes."""
    return -(-size // page_bytes)
