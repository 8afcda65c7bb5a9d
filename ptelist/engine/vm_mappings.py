"""The SPTEs of a VM that map pages, and the rmap list of each page.

- A page that a second SPTE comes to map has a list of them (its rmap), whose descriptors come from the cache of the
  vCPU that faulted; what a list gives back goes to the allocator. The TDP MMU keeps no lists.
- A list that had more than RMAP_RECYCLE_THRESHOLD entries before an add is emptied, the new entry with it, and the
  guest faults again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.lists.descriptors import List
from ptelist.engine.page_tables import window

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable

    from ptelist.engine.vcpu_machine import Mmu, Totals, Vcpu

    Key = Hashable
    Spte = tuple[Hashable, int]
    """A table, and the index in it."""


class Mappings:
    """Those of one VM."""

    def __init__(self, mmu: Mmu, totals: Totals) -> None:
        """Start without an SPTE."""
        self._mmu, self._totals = mmu, totals
        self._sptes: dict[Hashable, Key] = {}
        self._rmaps: dict[Key, List] = {}
        self._unlisted: dict[Key, set[Spte]] = {}
        """The SPTEs of each page, where there are no lists."""
        self._table_entries = window(mmu.leaf_level, mmu.page_bytes) // mmu.leaf_bytes

    def page(self, spte: Spte) -> Key:
        """Return the page that an SPTE maps, None if it maps none."""
        return self._sptes.get(spte)

    def map(self, vcpu: Vcpu, spte: Spte, page: Key) -> bool:
        """Let an SPTE map a page, and enter it in the page's rmap list; return whether it stays there."""
        mmu, totals = self._mmu, self._totals
        if spte in self._sptes:
            if self._sptes[spte] == page:
                return True
            self.drop(spte)
        self._sptes[spte] = page
        totals.entries += 1
        if not mmu.lists:
            self._unlisted.setdefault(page, set()).add(spte)
            return True
        found = self._rmaps.get(page)
        if found is None:
            found = self._rmaps[page] = List(mmu.ext, mmu.policy)
        entries, before, allocs = len(found), found.descriptors, found.allocs
        totals.longest = max(totals.longest, entries)
        others = tuple(found.entries) if entries > mmu.cap else ()
        zapped = found.add_rmap(spte, mmu.cap)
        totals.resize(entries, len(found))
        if drawn := found.allocs - allocs:
            vcpu.draw_descriptors(drawn)
        if zapped:
            totals.give_back(before + drawn)
            del self._rmaps[page]
            self._forget((*others, spte))
        return not zapped

    def drop(self, spte: Spte) -> None:
        """Take an SPTE away, and out of its page's list."""
        page = self._sptes.pop(spte)
        self._totals.entries -= 1
        if not self._mmu.lists:
            self._unlisted[page].remove(spte)
            if not self._unlisted[page]:
                del self._unlisted[page]
            return
        found = self._rmaps[page]
        entries, frees = len(found), found.frees
        found.remove(spte)
        self._totals.resize(entries, entries - 1)
        self._totals.give_back(found.frees - frees)
        if not len(found):
            del self._rmaps[page]

    def drop_table(self, table: Key) -> None:
        """Take all SPTEs of a table of leaves away."""
        for spte in [(table, index) for index in range(self._table_entries)]:
            if spte in self._sptes:
                self.drop(spte)

    def unmap(self, page: Key) -> None:
        """Take all SPTEs away that map a page, at once."""
        found = self._rmaps.pop(page, None)
        if found is not None:
            self._totals.give_back(found.descriptors)
            self._totals.resize(len(found), 0)
            self._forget(found.entries)
        self._forget(self._unlisted.pop(page, ()))

    def _forget(self, sptes: Collection[Hashable]) -> None:
        """Forget the SPTEs of a page that was zapped."""
        for spte in sptes:
            del self._sptes[spte]
        self._totals.entries -= len(sptes)

    def clear(self) -> None:
        """Take all SPTEs away, with all lists."""
        self._totals.give_back(sum(found.descriptors for found in self._rmaps.values()))
        for found in self._rmaps.values():
            self._totals.resize(len(found), 0)
        self._totals.entries -= len(self._sptes)
        for known in (self._sptes, self._rmaps, self._unlisted):
            known.clear()
