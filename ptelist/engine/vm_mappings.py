"""The SPTEs of a VM that map pages, and the rmap list of each page.

- A page that a second SPTE comes to map has a list of them (its rmap), whose descriptors come from the cache of the
  vCPU that faulted; what a list gives back goes to the allocator. The TDP MMU keeps no lists.
- A list that had more than RMAP_RECYCLE_THRESHOLD entries before an add is emptied, the new entry with it, and the
  guest faults again.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ptelist.engine.lists.descriptors import List

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ptelist.engine.vcpu_machine import Mmu, Totals, Vcpu

    Key = Hashable
    Spte = tuple[Hashable, int]
    """A table, and the index in it."""


class Mappings:
    """Those of one VM."""

    def __init__(self, mmu: Mmu, totals: Totals) -> None:
        """Start without an SPTE."""
        self._mmu, self._totals = mmu, totals
        self._sptes: dict[Spte, Key] = {}
        self._rmaps: dict[Key, List] = {}

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
            return True
        found = self._rmaps.get(page)
        if found is None:
            found = self._rmaps[page] = List(mmu.ext, mmu.policy)
        totals.longest = max(totals.longest, len(found))
        before, allocs = found.descriptors, found.allocs
        zapped = found.add_rmap(spte, mmu.cap)
        if drawn := found.allocs - allocs:
            vcpu.draw_descriptors(drawn)
        if zapped:
            totals.give_back(before + drawn)
            self._forget(page)
        return not zapped

    def drop(self, spte: Spte) -> None:
        """Take an SPTE away, and out of its page's list."""
        page = self._sptes.pop(spte)
        self._totals.entries -= 1
        if self._mmu.lists:
            found = self._rmaps[page]
            frees = found.frees
            found.remove(spte)
            self._totals.give_back(found.frees - frees)
            if not len(found):
                del self._rmaps[page]

    def drop_table(self, table: Key) -> None:
        """Take all SPTEs of a table away."""
        for spte in [spte for spte in self._sptes if spte[0] == table]:
            self.drop(spte)

    def unmap(self, page: Key) -> None:
        """Take all SPTEs away that map a page, at once."""
        if page in self._rmaps:
            self._totals.give_back(self._rmaps[page].descriptors)
        self._forget(page)

    def _forget(self, page: Key) -> None:
        """Forget all SPTEs and the list of a page that was zapped."""
        gone = [spte for spte, mapped in self._sptes.items() if mapped == page]
        for spte in gone:
            del self._sptes[spte]
        self._totals.entries -= len(gone)
        self._rmaps.pop(page, None)

    def clear(self) -> None:
        """Take all SPTEs away, with all lists."""
        self._totals.give_back(sum(found.descriptors for found in self._rmaps.values()))
        self._totals.entries -= len(self._sptes)
        self._sptes.clear()
        self._rmaps.clear()

    def lengths(self) -> Counter[int]:
        """Return how many rmap lists there are of each length."""
        return Counter(map(len, self._rmaps.values()))
