"""Descriptors that list operations touch: what a smaller PTE_LIST_EXT costs in faults.

Up to v6.3 an add walks the chain to the first descriptor with room; from v6.4 on
(141705b78381) it looks at the head only, and at the new head if that was full. A removal
searches from the head on, in all versions; since v6.4 the head, which may have room, comes
first and the full ones behind it. Read in 5.10, 6.1 and 6.18: pte_list_add() and
pte_list_remove(). All is for lists that only grew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.lists.descriptors import HEAD, MIN_EXT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Ratio = tuple[int, int]
"""Numerator and denominator."""

Lengths = tuple[int, range]
"""So many lists, each of one of these lengths."""


def by_adds(entries: int, ext: int, policy: str) -> int:
    """Return the descriptors touched by all the adds that make a list of `entries` entries."""
    if entries < MIN_EXT:
        return 0
    more = entries - 1  # the first add only writes the head word
    if policy == HEAD:
        return more + (more // ext)
    return _walked(more, ext) + more // ext


def by_removals(entries: int, ext: int, policy: str) -> int:
    """Return the descriptors touched by removing one entry, added up over each entry that it may be."""
    if entries < MIN_EXT:
        return 0
    if policy != HEAD:
        return _walked(entries, ext)
    chain = -(-entries // ext)
    in_head = entries - (chain - 1) * ext
    return in_head + ext * (chain * (chain + 1) // 2 - 1)


def _walked(entries: int, ext: int) -> int:
    """Return the sum of ceil(n / ext) over n = 1..entries."""
    full, rest = divmod(entries, ext)
    return ext * (full * (full + 1) // 2) + (full + 1) * rest


def average(lists: Sequence[Lengths], touched: Callable[[int], int]) -> tuple[Ratio, Ratio]:
    """Return the least and the most that is touched for each entry of all lists, whatever their lengths are.

    There is at least one list, of at least one entry.
    """
    tables = [(count, [(length, touched(length)) for length in lengths]) for count, lengths in lists]
    low = _least(tables, 1)
    high = _least(tables, -1)
    return low, (-high[0], high[1])


def _least(tables: list[tuple[int, list[Ratio]]], sign: int) -> Ratio:
    """Return the least ratio of two sums, a pair of terms chosen from each table (Dinkelbach's method)."""
    top, bottom = _sums(tables, sign, [lengths[0] for _, lengths in tables])
    while True:
        best = [min(lengths, key=lambda pair: sign * pair[1] * bottom - top * pair[0]) for _, lengths in tables]
        better = _sums(tables, sign, best)
        if better[0] * bottom >= top * better[1]:
            return top, bottom
        top, bottom = better


def _sums(tables: list[tuple[int, list[Ratio]]], sign: int, pairs: list[Ratio]) -> Ratio:
    top = bottom = 0
    for (count, _), (length, touched) in zip(tables, pairs, strict=True):
        top += sign * count * touched
        bottom += count * length
    return top, bottom
