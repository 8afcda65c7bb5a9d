"""How many page-table pages map guest memory (closed form, by level)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.windows import common, covered, distinct, inside

if TYPE_CHECKING:
    from ptelist.engine.windows import Range

BITS_PER_LEVEL = 9
LEVEL_OF_LEAF = {"4K": 1, "2M": 2, "1G": 3}


def window(level: int, page_bytes: int) -> int:
    """Return the bytes that one page table of this level maps (level 1: 2 MiB)."""
    return page_bytes << (BITS_PER_LEVEL * level)


def tables(spans: tuple[Range, ...], leaf: str, root_level: int, page_bytes: int) -> tuple[int, ...]:
    """Return the tables at level 1, 2, .. root_level that map the ranges.

    Every window that a range touches has a table, except where a leaf of the
    size asked for ("4K", "2M", "1G") maps the whole window. A root exists even
    if nothing is mapped. (Same rule in all versions: a table is made when a
    fault first needs it.)
    """
    counts = []
    for level in range(1, root_level):
        size = window(level, page_bytes)
        count = distinct(spans, size)
        if level < LEVEL_OF_LEAF[leaf]:
            count -= sum(covered(span, size) for span in spans)
        counts.append(count)
    return (*counts, 1)


def leaves(spans: tuple[Range, ...], leaf: str, page_bytes: int) -> int:
    """Return how many leaves map the ranges: of the size asked for where it fits, else smaller."""
    count = 0
    larger = 0
    for level in range(LEVEL_OF_LEAF[leaf], 0, -1):
        whole = sum(covered(span, window(level - 1, page_bytes)) for span in spans)
        count += whole - larger
        larger = whole << BITS_PER_LEVEL
    return count


def shared_leaves(tree: tuple[tuple[Range, ...], str], other: tuple[tuple[Range, ...], str], page_bytes: int) -> int:
    """Return how many leaves map the same window in two trees, each ranges and leaf size.

    The ranges of `other` lie within those of `tree`.
    """
    (spans, leaf), (others, other_leaf) = tree, other
    both = common(spans, others)
    count = 0
    for level in range(1, min(LEVEL_OF_LEAF[leaf], LEVEL_OF_LEAF[other_leaf]) + 1):
        size, larger = window(level - 1, page_bytes), window(level, page_bytes)
        count += sum(covered(span, size) for span in both)
        if level < LEVEL_OF_LEAF[leaf]:
            taken = inside(spans, larger)
        elif level < LEVEL_OF_LEAF[other_leaf]:
            taken = inside(others, larger)
        else:
            continue
        count -= sum(covered(span, size) for span in common(both, taken))
    return count


def default_limit(memslot_pages: int, divisor: int, least: int) -> int:
    """Return the most shadow pages that KVM keeps unless told otherwise.

    `max(least, memslot pages / divisor)`, over the memslots of all address
    spaces; KVM_SET_NR_MMU_PAGES lifts it. TDP-MMU pages are not limited.
    """
    return max(least, memslot_pages // divisor)
