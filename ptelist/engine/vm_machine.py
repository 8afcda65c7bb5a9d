"""VMs step by step: what vCPUs' memory caches, lists and page tables hold after each step.

A step is what happens to a VM, not to a list: a vCPU enters the guest, the guest touches an
address, the host takes a page back. What a step takes, and from where, is the kernel's (x86
mmu.c, tdp_mmu.c, paging_tmpl.h; same in v5.10 to v7.3 but for what `Mmu` says):

- A fault first tops the vCPU's caches up (mmu_topup_memory_caches()). So does the load of a
  root (kvm_mmu_load()), when a vCPU enters the guest and has none.
- Then the tables that are missing on the way to the address are made, from the top down.
  Each takes a page header, and a page, from the caches of the vCPU that faulted.
- A page that a second SPTE comes to map has a list of them (its rmap), and a table that a
  second parent SPTE comes to point to as well (parent_ptes). Their descriptors come from the
  vCPU's cache; what a list gives back goes to the allocator. The TDP MMU keeps no lists.
- An rmap list that had more than RMAP_RECYCLE_THRESHOLD entries before an add is emptied, the
  new entry with it, and the guest faults again.
- A table that is found with as many parents as the kernel allows is zapped with all its SPTEs, and made anew
  (kvm_mmu_find_shadow_page(), e4558c3d7198); the windows that led to it fault again.
- A deleted memslot takes all tables but the roots that vCPUs have loaded; these go when their
  vCPUs next enter the guest (kvm_mmu_zap_all_fast(), KVM_REQ_MMU_FREE_OBSOLETE_ROOTS).

Not modelled: SPTEs that KVM sets ahead of a touch, tables that a guest shares but for those
that are named, and the recycling of shadow pages past the limit of their number: `limited`
says that it would have begun.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ptelist.engine.pagetables import default_limit, window
from ptelist.engine.vcpu_machine import Totals, Vcpu
from ptelist.engine.vm_memslots import Memslots
from ptelist.engine.vm_slabs import BY_RCU, LISTS, UNSLOT, UNSYNC
from ptelist.lists.descriptors import List

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable

    from ptelist.engine.vcpu_machine import Mmu

    Key = Hashable
    Spte = tuple[Hashable, int]
    """A table, and the index in it."""

UNPAGED_ROOT_LEVEL, UNPAGED_ROOTS = 2, 4
"""PAE roots of a guest without paging of its own, under shadow paging: one for each GiB below 4 GiB."""


class _Table:
    """A page table: who points to it, and which vCPUs have it loaded as a root."""

    __slots__ = ("has_info", "parents", "users")

    def __init__(self, mmu: Mmu, *, has_info: bool) -> None:
        self.parents = List(mmu.ext, mmu.policy)
        self.has_info = has_info
        self.users: set[Key] = set()


class _Runner(Vcpu):
    """A vCPU that enters the guest: its caches, and the roots it has loaded."""

    def __init__(self, mmu: Mmu, totals: Totals) -> None:
        super().__init__(mmu, totals)
        self.roots: tuple[_Table, ...] = ()
        self.unpaged = False


class Vm:
    """One VM of a machine: vCPUs by name, tables, and the SPTEs in them."""

    def __init__(self, mmu: Mmu, totals: Totals, *, bare: bool = False) -> None:
        """Start without a vCPU, and with the memslots of the options unless it is `bare`."""
        self._mmu, self._totals = mmu, totals
        self._vcpus: dict[Key, _Runner] = {}
        self._tables: dict[Key, _Table] = {}
        self._stale: list[_Table] = []
        """Roots of a memslot that was deleted, while a vCPU has them loaded."""
        self._links: dict[Spte, Key] = {}
        """Parent SPTEs, and the table that each points to."""
        self._ways: dict[Key, Key] = {}
        """Windows to which all tables are there and linked."""
        self._sptes: dict[Spte, Key] = {}
        self._rmaps: dict[Key, List] = {}
        self._leaf_bytes = mmu.leaf_bytes
        self._table_bytes = window(mmu.leaf_level, mmu.page_bytes)
        self._most = window(mmu.root_level, mmu.page_bytes)
        self._most_unpaged = UNPAGED_ROOTS * window(UNPAGED_ROOT_LEVEL, mmu.page_bytes)
        """Bytes that a leaf, the table of one, and the roots map."""
        self._most_tables = mmu.most_tables
        self._asked_limit = False
        self.memslots = Memslots(bare=bare)
        self.limited = False
        """Whether a fault found so many tables that the kernel would have recycled some."""

    def create(self, name: Key) -> _Runner:
        """Make a vCPU; raises ValueError if there is one of this name."""
        if name in self._vcpus:
            raise ValueError("there is such a vCPU already")
        found = self._vcpus[name] = _Runner(self._mmu, self._totals)
        return found

    def run(self, name: Key, *, unpaged: bool = False) -> None:
        """Let a vCPU enter the guest, `unpaged` if the guest has no paging of its own (CR0.PG = 0)."""
        vcpu = self._vcpus.get(name) or self.create(name)
        unpaged = unpaged and self._mmu.shadow
        if vcpu.roots and (unpaged != vcpu.unpaged or vcpu.roots[0] in self._stale):
            self._unload(name, vcpu)
        vcpu.unpaged, vcpu.indirect = unpaged, self._mmu.shadow and not unpaged
        if not vcpu.roots:
            vcpu.top_up()
            level, count = self._root(unpaged=unpaged)
            vcpu.roots = tuple(self._table(vcpu, (unpaged, level, number), level) for number in range(count))
            for root in vcpu.roots:
                root.users.add(name)

    def _root(self, *, unpaged: bool) -> tuple[int, int]:
        """Return the level of the roots, and how many there are."""
        return (UNPAGED_ROOT_LEVEL, UNPAGED_ROOTS) if unpaged else (self._mmu.root_level, 1)

    def _unload(self, name: Key, vcpu: _Runner) -> None:
        """Let go of a vCPU's roots; stale ones that nobody has loaded any more are freed."""
        for root in vcpu.roots:
            root.users.discard(name)
        vcpu.roots = ()
        used = [root for root in self._stale if root.users]
        if len(used) < len(self._stale):
            self._scatter(UNSLOT)
        self._free(self._stale, used)
        self._stale = used

    def _free(self, tables: Collection[_Table], but: Collection[_Table] = ()) -> None:
        """Free tables, but for some of them."""
        self._totals.tables -= len(tables) - len(but)
        self._totals.infos -= sum(table.has_info for table in tables) - sum(table.has_info for table in but)

    def _entered(self, name: Key) -> _Runner:
        """Return a vCPU that is in the guest, in the mode in which it was before."""
        known = self._vcpus.get(name)
        if known is None or not known.roots or self._stale:
            self.run(name, unpaged=known is not None and known.unpaged)
        return self._vcpus[name]

    def fault(self, name: Key) -> None:
        """Let a vCPU fault without need of a table or an entry, as when it writes to a write-protected table."""
        self._entered(name).top_up()

    def touch(self, name: Key, address: int, page: Key, table: Key = None) -> None:
        """Let a vCPU touch an address, which maps a page; `table` names a guest page table that several windows share.

        The address counts in bytes: a guest virtual one under shadow paging, else a guest physical one.
        Raises ValueError if there is no memslot, or if the root does not reach the address.
        """
        if not self.memslots.known:
            raise ValueError("the VM has no memslot: what it touches is no memory")
        vcpu = self._entered(name)
        way, spte = self._leaf(address, table, unpaged=vcpu.unpaged)
        while way not in self._ways or self._sptes.get(spte) != page:
            vcpu.top_up()
            if self._most_tables is not None:
                used = len(self._tables) + len(self._stale) + self._mmu.spare_tables
                self.limited |= used > self._most_tables
            if way not in self._ways:
                self._walk(vcpu, address, spte[0])
                self._ways[way] = spte[0]
            self._map(vcpu, spte, page)

    def _leaf(self, address: int, table: Key, *, unpaged: bool) -> tuple[Key, Spte]:
        """Return the window of the last table on the way to an address, and the SPTE."""
        if address >= (self._most_unpaged if unpaged else self._most):
            raise ValueError(f"{address:#x} lies beyond what the root maps")
        number, rest = divmod(address, self._table_bytes)
        key: Key = (unpaged, self._mmu.leaf_level, number) if table is None else ("named", table)
        return (unpaged, number, table), (key, rest // self._leaf_bytes)

    def _walk(self, vcpu: _Runner, address: int, leaf: Key) -> None:
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

    def _adopt(self, vcpu: _Runner, key: Key, table: _Table, above: Spte) -> None:
        """Enter a parent SPTE in the list of the table that it is to point to; one with too many is zapped first."""
        parents = table.parents
        before, allocs = parents.descriptors, parents.allocs
        if parents.add_parent(above, self._mmu.parents_cap):
            self._give_back(before)
            self._remake(vcpu, key)
        self._draw(vcpu, parents.allocs - allocs)

    def _remake(self, vcpu: _Runner, key: Key) -> None:
        """Zap a table of leaves, the only ones that several windows share, and make it anew without an SPTE."""
        for spte in [spte for spte in self._sptes if spte[0] == key]:
            self._leave(spte)
        self._links = {above: child for above, child in self._links.items() if child != key}
        self._ways = {way: leaf for way, leaf in self._ways.items() if leaf != key}
        table = self._tables[key]
        self._scatter(UNSYNC)
        self._free([table])
        vcpu.draw_header(table)
        if table.has_info:
            vcpu.draw_info()

    def _table(self, vcpu: _Runner, key: Key, level: int) -> _Table:
        """Return a table, made from the vCPU's caches if it is not there."""
        found = self._tables.get(key)
        if found is None:
            has_info = vcpu.indirect and level <= self._mmu.infos_level
            found = self._tables[key] = _Table(self._mmu, has_info=has_info)
            vcpu.draw_header(found)
            if has_info:
                vcpu.draw_info()
        return found

    def _map(self, vcpu: _Runner, spte: Spte, page: Key) -> None:
        """Let an SPTE map a page, and enter it in the page's rmap list."""
        if spte in self._sptes:
            if self._sptes[spte] == page:
                return
            self._leave(spte)
        self._sptes[spte] = page
        self._totals.entries += 1
        if not self._mmu.lists:
            return
        found = self._rmaps.get(page)
        if found is None:
            found = self._rmaps[page] = List(self._mmu.ext, self._mmu.policy)
        self._totals.longest = max(self._totals.longest, len(found))
        before, allocs = found.descriptors, found.allocs
        zapped = found.add_rmap(spte, self._mmu.cap)
        drawn = found.allocs - allocs
        self._draw(vcpu, drawn)
        if zapped:
            self._give_back(before + drawn)
            self._forget(page)

    @staticmethod
    def _draw(vcpu: _Runner, descriptors: int) -> None:
        for _ in range(descriptors):
            vcpu.draw_descriptor()

    def _give_back(self, descriptors: int) -> None:
        """Take note of descriptors that lists no longer have."""
        if descriptors:
            for slabs in self._totals.descriptor_slabs:
                slabs.scatter(LISTS)
        self._totals.in_lists -= descriptors
        self._totals.frees += descriptors

    def drop(self, address: int, table: Key = None) -> None:
        """Drop the SPTE of an address, as when the guest takes it out of its page table.

        Raises ValueError if there is none.
        """
        _, spte = self._leaf(address, table, unpaged=False)
        if spte not in self._sptes:
            raise ValueError(f"nothing is mapped at {address:#x}")
        self._leave(spte)

    def _leave(self, spte: Spte) -> None:
        """Take an SPTE away, and out of its page's list."""
        page = self._sptes.pop(spte)
        self._totals.entries -= 1
        if self._mmu.lists:
            found = self._rmaps[page]
            frees = found.frees
            found.remove(spte)
            self._give_back(found.frees - frees)
            if not len(found):
                del self._rmaps[page]

    def unmap(self, page: Key) -> None:
        """Let the host take a page back: every SPTE that maps it goes at once (an MMU notifier)."""
        if page in self._rmaps:
            self._give_back(self._rmaps[page].descriptors)
        self._forget(page)

    def _forget(self, page: Key) -> None:
        """Forget all SPTEs and the list of a page that was zapped."""
        gone = [spte for spte, mapped in self._sptes.items() if mapped == page]
        for spte in gone:
            del self._sptes[spte]
        self._totals.entries -= len(gone)
        self._rmaps.pop(page, None)

    def _scatter(self, why: str) -> None:
        """Let tables be freed in an order that is not said."""
        for slabs in self._totals.header_slabs:
            slabs.scatter(why)

    def unslot(self, address: int | None = None) -> None:
        """Delete the memslots that the VM began with, or the one at an address: all tables go, whosever they are.

        Raises ValueError if there is none.
        """
        self.memslots.remove(address)
        self._limit_by_memory()
        if not all(table.users for table in self._tables.values()):
            self._scatter(BY_RCU if self._mmu.by_rcu else UNSLOT)
        self._zap()

    def _zap(self) -> None:
        """Free all tables but the roots that vCPUs have loaded."""
        lists = [*self._rmaps.values(), *(table.parents for table in self._tables.values())]
        self._give_back(sum(found.descriptors for found in lists))
        used = [table for table in self._tables.values() if table.users]
        self._free(self._tables.values(), used)
        self._totals.entries -= len(self._sptes)
        self._stale += used
        for known in (self._tables, self._links, self._ways, self._sptes, self._rmaps):
            known.clear()

    def slot(self, span: tuple[int, int] | None = None) -> None:
        """Add a memslot from here to there, or again those that the VM began with.

        Raises ValueError if another one is in its way.
        """
        self.memslots.add(span)
        self._limit_by_memory()

    def _limit_by_memory(self) -> None:
        """Set the default limit of tables, which goes by the memslots, unless a step has set one."""
        size, mmu = self.memslots.bytes, self._mmu
        if mmu.most_tables is None or self._asked_limit:
            return
        if size is None:
            self._most_tables = mmu.most_tables
        else:
            self._most_tables = default_limit(size // mmu.page_bytes, mmu.limit_divisor, mmu.least_limit)

    def log(self, address: int, *, on: bool) -> None:
        """Turn a memslot's dirty logging on or off: with leaves of 4K no table comes or goes.

        Raises ValueError if there is no such memslot, or if larger leaves would be split.
        """
        if self._mmu.leaf_level > 1:
            raise ValueError("how huge pages are split is not followed: expected leaves of 4K (--leaf)")
        self.memslots.log(address, on=on)

    def limit(self, tables: int) -> None:
        """Set the most shadow pages (KVM_SET_NR_MMU_PAGES); the TDP MMU knows no limit."""
        if self._mmu.most_tables is not None:
            self._most_tables = tables
            self._asked_limit = True

    def close(self) -> None:
        """Destroy the VM, with its vCPUs' caches."""
        self._end()
        self._zap()
        self._free(self._stale)
        for vcpu in self._vcpus.values():
            vcpu.free()

    def _end(self) -> None:
        """Let the slabs know in which order objects are freed, if it is said."""
        tables = [*self._tables.values(), *self._stale]
        if tables and (self._mmu.by_rcu or self._mmu.shadow or self._stale):
            self._scatter(BY_RCU if self._mmu.by_rcu else UNSYNC)
        ran = [vcpu for vcpu in self._vcpus.values() if vcpu.roots]
        for slabs in self._totals.descriptor_slabs:
            slabs.end(ran)
        for slabs in self._totals.header_slabs:
            slabs.end(ran, tables, roots_first=self._mmu.roots_first)

    def lengths(self) -> Counter[int]:
        """Return how many rmap lists there are of each length."""
        return Counter(map(len, self._rmaps.values()))
