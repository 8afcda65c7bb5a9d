"""rmap and parent_ptes lists: how many descriptors a list of entries takes.

A head word is empty, or is its only entry ("direct"), or points to a chain of
pte_list_desc. The second entry turns a direct list into a chain; a chain stays
one until its last entry leaves. Two policies have existed:

walk  (up to v6.3) a new entry goes into the first descriptor with room, a full
      chain grows at its tail; a removal's hole is filled from the same
      descriptor, so descriptors may stay partly filled.
head  (from v6.4, 141705b78381) only the head descriptor may have room, a full
      head gets a new one before it; every hole is filled from the head.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable

WALK, HEAD = "walk", "head"
GROWN, ANY = "grown", "any"
MIN_EXT = 2
"""pte_list_add() puts the old and the new entry into a fresh descriptor."""


def descriptors(entries: int, ext: int) -> int:
    """Return the descriptors of a list that only grew to `entries` entries."""
    return 0 if entries < MIN_EXT else -(-entries // ext)


def bounds(entries: int, ext: int, policy: str, history: str, peak: int | None) -> tuple[int, int]:
    """Return the least and the most descriptors of a list of `entries` entries.

    `history` is "grown" for a list that no entry has ever left, "any" for one that
    has had up to `peak` entries (None: any number). The last entry of a chain keeps
    its descriptor. With "walk" each descriptor of the peak may be down to one
    entry; with "head" all but the head are full.
    """
    low = descriptors(entries, ext)
    if history == GROWN or entries == 0 or (peak is not None and peak < MIN_EXT):
        return low, low
    if policy == HEAD:
        return low, max(low, 1)
    return low, entries if peak is None else min(entries, descriptors(peak, ext))


class List:
    """One list, step by step, as the kernel keeps it.

    Counts what it holds (`len(list)`, `descriptors`) and what it has ever
    asked of the allocator (`allocs`, `frees`).
    """

    __slots__ = ("_homes", "_policy", "allocs", "ext", "frees")

    def __init__(self, ext: int, policy: str) -> None:
        """Start empty; `ext` is at least 2, `policy` is "walk" or "head"."""
        if ext < MIN_EXT:
            raise ValueError(f"PTE_LIST_EXT is at least {MIN_EXT}, got {ext}")
        self.ext = ext
        self.allocs = 0
        self.frees = 0
        self._homes: dict[Hashable, int] = {}
        self._policy = _Walk(ext) if policy == WALK else _Head(ext)

    def __len__(self) -> int:
        """Return the entries in the list."""
        return len(self._homes)

    @property
    def entries(self) -> Collection[Hashable]:
        """Return the entries."""
        return self._homes.keys()

    @property
    def descriptors(self) -> int:
        """Return the live descriptors."""
        return self.allocs - self.frees

    def add(self, entry: Hashable) -> int:
        """Add an entry and return how many there were before.

        Raises ValueError for an entry that is in the list already.
        """
        homes = self._homes
        if entry in homes:
            raise ValueError(f"already in the list: {entry}")
        before = len(homes)
        if before == 0:
            homes[entry] = 0
            return 0
        if before == 1 and self.allocs == self.frees:
            (only,) = homes
            self._chain(only)
        self._chain(entry)
        return before

    def _chain(self, entry: Hashable) -> None:
        """Enter an entry in a descriptor."""
        home, fresh = self._policy.add()
        self.allocs += fresh
        self._homes[entry] = home

    def add_parent(self, entry: Hashable, cap: int | None) -> bool:
        """Add an entry to a parent_ptes list; a page found to have `cap` parents is zapped, list and all, before that.

        The entry is then the first one of the page that takes its place (kvm_mmu_find_shadow_page(), 6.12.118).
        Returns whether the list was zapped.
        """
        full = cap is not None and len(self) >= cap
        if full:
            self.zap()
        self.add(entry)
        return full

    def remove(self, entry: Hashable) -> None:
        """Remove an entry; raises KeyError if it is not in the list."""
        home = self._homes.pop(entry)
        if self.descriptors:
            self.frees += self._policy.remove(home)

    def zap(self) -> int:
        """Empty the list at once and return how many entries it had.

        Its end is the same in all versions: a75b540451d2 (in v5.15) only made
        it one pass.
        """
        count = len(self._homes)
        self.frees = self.allocs
        self._homes.clear()
        self._policy = type(self._policy)(self.ext)
        return count

    def add_rmap(self, entry: Hashable, threshold: int) -> bool:
        """Add an entry to an rmap list; zap the list if it was over threshold.

        RMAP_RECYCLE_THRESHOLD is compared with the count before the add, and
        the new entry goes with the rest. Returns whether the list was zapped.
        parent_ptes lists have no such cap: use `add_parent`. (With "walk" the kernel
        counts up to the first descriptor with room only; a list over the threshold
        has none but in its last, so the outcome is the same.)
        """
        over = self.add(entry) > threshold
        if over:
            self.zap()
        return over


class _Walk:
    """Fill of each descriptor in chain order, numbered from the head."""

    __slots__ = ("_ext", "_fill", "_next", "_room")

    def __init__(self, ext: int) -> None:
        self._ext = ext
        self._fill: dict[int, int] = {}
        self._room: list[int] = []
        self._next = 0

    def add(self) -> tuple[int, int]:
        """Return the descriptor that takes one more entry, and 1 if it is new."""
        room, fill = self._room, self._fill
        while room:
            home = room[0]
            if fill.get(home, self._ext) < self._ext:
                fill[home] += 1
                return home, 0
            heappop(room)
        home = self._next
        self._next += 1
        fill[home] = 1
        heappush(room, home)
        return home, 1

    def remove(self, home: int) -> int:
        """Take an entry out of a descriptor; return 1 if that frees it."""
        fill = self._fill
        if fill[home] == 1:
            del fill[home]
            return 1
        if fill[home] == self._ext:
            heappush(self._room, home)
        fill[home] -= 1
        return 0


class _Head:
    """Only the fill of the head matters: every other descriptor is full.

    Which descriptor an entry is in does not: a hole is filled from the head.
    """

    __slots__ = ("_count", "_ext")

    def __init__(self, ext: int) -> None:
        self._ext = ext
        self._count = 0

    def add(self) -> tuple[int, int]:
        """Take one more entry; return 1 in second place if that needs a new head."""
        fresh = self._count % self._ext == 0
        self._count += 1
        return 0, int(fresh)

    def remove(self, _home: int) -> int:
        """Give an entry up; return 1 if that frees the head descriptor."""
        self._count -= 1
        return int(self._count % self._ext == 0)
