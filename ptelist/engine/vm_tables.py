"""The page tables of a VM: which are linked to which, and which vCPUs have loaded as roots.

- The tables that are missing on the way to an address are made from the top down. Each takes a page header, and a
  page, from the caches of the vCPU that faulted.
- A table that a second parent SPTE comes to point to has a list of them (parent_ptes), as a page has of its SPTEs.
- A table that is found with as many parents as the kernel allows is zapped with all its SPTEs, and made anew
  (kvm_mmu_find_shadow_page(), e4558c3d7198); the windows that led to it fault again.
- A deleted memslot takes all tables but the roots that vCPUs have loaded; these go when their
  vCPUs next enter the guest (kvm_mmu_zap_all_fast(), KVM_REQ_MMU_FREE_OBSOLETE_ROOTS).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.lists.descriptors import List
from ptelist.engine.page_tables import window
from ptelist.engine.vcpu_machine import Vcpu
from ptelist.engine.vm_slabs import UNSLOT, UNSYNC

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable

    from ptelist.engine.vcpu_machine import Mmu, Totals
    from ptelist.engine.vm_mappings import Mappings, Spte

    Key = Hashable

UNPAGED_ROOT_LEVEL, UNPAGED_ROOTS = 2, 4
"""PAE roots of a guest without paging of its own, under shadow paging: one for each GiB below 4 GiB."""


class Table:
    """A page table: who points to it, and which vCPUs have it loaded as a root."""

    __slots__ = ("has_info", "parents", "users")

    def __init__(self, mmu: Mmu, *, has_info: bool) -> None:
        """Make one that nobody points to; `has_info`: it has a page for shadowed translations."""
        self.parents = List(mmu.ext, mmu.policy)
        self.has_info = has_info
        self.users: set[Runner] = set()


class Runner(Vcpu):
    """A vCPU that enters the guest: its caches, and the roots it has loaded."""

    def __init__(self, mmu: Mmu, totals: Totals) -> None:
        """Start with empty caches, and without a root."""
        super().__init__(mmu, totals)
        self.roots: tuple[Table, ...] = ()
        self.unpaged = False
        """Whether the guest has no paging of its own."""


class Tables:
    """Those of one VM."""

    def __init__(self, mmu: Mmu, totals: Totals, mappings: Mappings) -> None:
        """Start without a table; the SPTEs of those of leaves are among the mappings."""
        self._mmu, self._totals, self._mappings = mmu, totals, mappings
        self._known: dict[Key, Table] = {}
        self._stale: dict[Table, None] = {}
        """Roots of a memslot that was deleted, while a vCPU has them loaded."""
        self._links: dict[Spte, Key] = {}
        """Parent SPTEs, and the table that each points to."""
        self._ways: dict[Key, Key] = {}
        """Windows to which all tables are there and linked."""
        self._leaf_bytes = mmu.leaf_bytes
        self._table_bytes = window(mmu.leaf_level, mmu.page_bytes)
        self._most = window(mmu.root_level, mmu.page_bytes)
        self._most_unpaged = UNPAGED_ROOTS * window(UNPAGED_ROOT_LEVEL, mmu.page_bytes)
        """Bytes that a leaf, the table of one, and the roots map."""

    def __len__(self) -> int:
        """Return how many there are, stale ones among them."""
        return len(self._known) + len(self._stale)

    @property
    def all(self) -> list[Table]:
        """Return them, the stale ones last."""
        return [*self._known.values(), *self._stale]

    @property
    def any_stale(self) -> bool:
        """Return whether there is a root that goes when its vCPUs next enter the guest."""
        return bool(self._stale)

    @property
    def all_loaded(self) -> bool:
        """Return whether each is loaded as a root, stale ones aside."""
        return all(table.users for table in self._known.values())

    # roots

    def load(self, vcpu: Runner) -> None:
        """Let a vCPU load its roots, made from its caches if they are not there."""
        level, count = self._root(unpaged=vcpu.unpaged)
        vcpu.roots = tuple(self._table(vcpu, (vcpu.unpaged, level, number), level) for number in range(count))
        for root in vcpu.roots:
            root.users.add(vcpu)

    def obsolete(self, vcpu: Runner) -> bool:
        """Return whether the roots that a vCPU has loaded are stale."""
        return vcpu.roots[0] in self._stale

    def unload(self, vcpu: Runner) -> None:
        """Let go of a vCPU's roots; stale ones that nobody has loaded any more are freed."""
        for root in vcpu.roots:
            root.users.discard(vcpu)
        gone = [root for root in vcpu.roots if root in self._stale and not root.users]
        vcpu.roots = ()
        if gone:
            self.scatter(UNSLOT)
        self._free(gone)
        for root in gone:
            del self._stale[root]

    def _root(self, *, unpaged: bool) -> tuple[int, int]:
        """Return the level of the roots, and how many there are."""
        return (UNPAGED_ROOT_LEVEL, UNPAGED_ROOTS) if unpaged else (self._mmu.root_level, 1)

    # the way to an address

    def leaf(self, address: int, table: Key, *, unpaged: bool) -> tuple[Key, Spte]:
        """Return the window of the last table on the way to an address, and the SPTE.

        Raises ValueError if the roots do not reach the address.
        """
        if address >= (self._most_unpaged if unpaged else self._most):
            raise ValueError(f"{address:#x} lies beyond what the root maps")
        number, rest = divmod(address, self._table_bytes)
        key: Key = (unpaged, self._mmu.leaf_level, number) if table is None else ("named", table)
        return (unpaged, number, table), (key, rest // self._leaf_bytes)

    def lead_to(self, way: Key) -> bool:
        """Return whether all tables on the way to a window are there and linked."""
        return way in self._ways

    def walk(self, vcpu: Runner, address: int, way: Key, leaf: Key) -> None:
        """Make what tables are missing on the way to the leaf's, and let each parent SPTE point to its table."""
        mmu = self._mmu
        above = None
        for level in range(self._root(unpaged=vcpu.unpaged)[0], mmu.leaf_level - 1, -1):
            number = address // window(level, mmu.page_bytes)
            key = leaf if level == mmu.leaf_level else (vcpu.unpaged, level, number)
            table = self._table(vcpu, key, level)
            if above is not None and above not in self._links:
                if mmu.lists:
                    self._adopt(vcpu, key, table, above)
                self._links[above] = key
            above = key, address // window(level - 1, mmu.page_bytes)
        self._ways[way] = leaf

    def _table(self, vcpu: Runner, key: Key, level: int) -> Table:
        """Return a table, made from the vCPU's caches if it is not there."""
        found = self._known.get(key)
        if found is None:
            has_info = vcpu.indirect and level <= self._mmu.infos_level
            found = self._known[key] = Table(self._mmu, has_info=has_info)
            self._draw(vcpu, found)
        return found

    @staticmethod
    def _draw(vcpu: Runner, table: Table) -> None:
        vcpu.draw_header(table)
        if table.has_info:
            vcpu.draw_info()

    def _adopt(self, vcpu: Runner, key: Key, table: Table, above: Spte) -> None:
        """Enter a parent SPTE in the list of the table that it is to point to; one with too many is zapped first."""
        parents = table.parents
        before, allocs = parents.descriptors, parents.allocs
        if parents.add_parent(above, self._mmu.parents_cap):
            self._totals.give_back(before)
            self._remake(vcpu, key)
        vcpu.draw_descriptors(parents.allocs - allocs)

    def _remake(self, vcpu: Runner, key: Key) -> None:
        """Zap a table of leaves, the only ones that several windows share, and make it anew without an SPTE."""
        self._mappings.drop_table(key)
        self._links = {above: child for above, child in self._links.items() if child != key}
        self._ways = {way: leaf for way, leaf in self._ways.items() if leaf != key}
        table = self._known[key]
        self.scatter(UNSYNC)
        self._free([table])
        self._draw(vcpu, table)

    # what is freed

    def zap(self) -> None:
        """Free all but the roots that vCPUs have loaded, and take all SPTEs away."""
        self._mappings.clear()
        tables = self._known.values()
        self._totals.give_back(sum(table.parents.descriptors for table in tables))
        used = [table for table in tables if table.users]
        self._free(tables, used)
        self._stale.update(dict.fromkeys(used))
        for known in (self._known, self._links, self._ways):
            known.clear()

    def free_stale(self) -> None:
        """Free the roots that are left of a VM that ends."""
        self._free(self._stale)

    def _free(self, tables: Collection[Table], but: Collection[Table] = ()) -> None:
        """Free tables, but for some of them."""
        self._totals.tables -= len(tables) - len(but)
        self._totals.infos -= sum(table.has_info for table in tables) - sum(table.has_info for table in but)

    def scatter(self, why: str) -> None:
        """Let tables be freed in an order that is not said."""
        for slabs in self._totals.header_slabs:
            slabs.scatter(why)
