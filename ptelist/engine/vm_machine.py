"""VMs step by step: what vCPUs' memory caches, lists and page tables hold after each step.

A step is what happens to a VM, not to a list: a vCPU enters the guest, the guest touches an
address, the host takes a page back. What a step takes, and from where, is the kernel's (x86
mmu.c, tdp_mmu.c, paging_tmpl.h; same in v5.10 to v7.3 but for what `Mmu` says):

- A fault first tops the vCPU's caches up (mmu_topup_memory_caches()). So does the load of a
  root (kvm_mmu_load()), when a vCPU enters the guest and has none.
- Then the tables that are missing are made (`vm_tables`), and the SPTE maps the page (`vm_mappings`).

Not modelled: SPTEs that KVM sets ahead of a touch, tables that a guest shares but for those
that are named, and the recycling of shadow pages past the limit of their number: `limited`
says that it would have begun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.memslot_steps import Memslots
from ptelist.engine.page_tables import default_limit
from ptelist.engine.vm_mappings import Mappings
from ptelist.engine.vm_slabs import BY_RCU, UNSLOT, UNSYNC
from ptelist.engine.vm_tables import Runner, Tables

if TYPE_CHECKING:
    from collections.abc import Hashable

    from ptelist.engine.vcpu_machine import Mmu, Totals

    Key = Hashable


class VmMachine:
    """One VM of a host: vCPUs by name, memslots, page tables, and what these map."""

    def __init__(self, mmu: Mmu, totals: Totals, *, bare: bool = False) -> None:
        """Start without a vCPU, and with the memslots of the options unless it is `bare`."""
        self._mmu, self._totals = mmu, totals
        self._vcpus: dict[Key, Runner] = {}
        self._mappings = Mappings(mmu, totals)
        self._tables = Tables(mmu, totals, self._mappings)
        self._most_tables = mmu.most_tables
        self._asked_limit = False
        self.memslots = Memslots(totals.memslots, bare=bare)
        self._limited = False
        """Whether a fault found so many tables that the kernel would have recycled some."""

    # vCPUs and their faults

    def create(self, name: Key) -> Runner:
        """Make a vCPU; raises ValueError if there is one of this name."""
        if name in self._vcpus:
            raise ValueError("there is such a vCPU already")
        found = self._vcpus[name] = Runner(self._mmu, self._totals)
        return found

    def run(self, name: Key, *, unpaged: bool = False) -> None:
        """Let a vCPU enter the guest, `unpaged` if the guest has no paging of its own (CR0.PG = 0)."""
        vcpu = self._vcpus.get(name) or self.create(name)
        unpaged = unpaged and self._mmu.shadow
        if vcpu.roots and (unpaged != vcpu.unpaged or self._tables.obsolete(vcpu)):
            self._tables.unload(vcpu)
        vcpu.unpaged, vcpu.indirect = unpaged, self._mmu.shadow and not unpaged
        if not vcpu.roots:
            vcpu.top_up()
            self._tables.load(vcpu)

    def _entered(self, name: Key) -> Runner:
        """Return a vCPU that is in the guest, in the mode in which it was before."""
        known = self._vcpus.get(name)
        if known is not None and known.roots and not self._tables.any_stale:
            return known
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
        vcpu, tables, mappings = self._entered(name), self._tables, self._mappings
        way, spte = tables.leaf(address, table, unpaged=vcpu.unpaged)
        linked = tables.lead_to(way)
        stays = linked and mappings.page(spte) == page
        while not stays:
            vcpu.top_up()
            if self._most_tables is not None and len(tables) + self._mmu.spare_tables > self._most_tables:
                self._totals.limited += not self._limited
                self._limited = True
            if not linked:
                tables.walk(vcpu, address, way, spte[0])
                linked = True
            stays = mappings.map(vcpu, spte, page)

    def drop(self, address: int, table: Key = None) -> None:
        """Drop the SPTE of an address, as when the guest takes it out of its page table.

        Raises ValueError if there is none.
        """
        _, spte = self._tables.leaf(address, table, unpaged=False)
        if self._mappings.page(spte) is None:
            raise ValueError(f"nothing is mapped at {address:#x}")
        self._mappings.drop(spte)

    def unmap(self, page: Key) -> None:
        """Let the host take a page back: every SPTE that maps it goes at once (an MMU notifier)."""
        self._mappings.unmap(page)

    # memslots, and the limit of tables that goes by them

    def unslot(self, address: int | None = None) -> None:
        """Delete the memslots that the VM began with, or the one at an address: all tables go, whosever they are.

        Raises ValueError if there is none.
        """
        self.memslots.remove(address)
        self._limit_by_memory()
        if not self._tables.all_loaded:
            self._tables.scatter(BY_RCU if self._mmu.by_rcu else UNSLOT)
        self._tables.zap()

    def slot(self, span: tuple[int, int] | None = None) -> None:
        """Add a memslot from here to there, or again those that the VM began with.

        Raises ValueError if another one is in its way.
        """
        self.memslots.add(span)
        self._limit_by_memory()

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

    def _limit_by_memory(self) -> None:
        """Set the default limit of tables, which goes by the memslots, unless a step has set one."""
        size, mmu = self.memslots.bytes, self._mmu
        if mmu.most_tables is None or self._asked_limit:
            return
        if size is None:
            self._most_tables = mmu.most_tables
        else:
            self._most_tables = default_limit(size // mmu.page_bytes, mmu.limit_divisor, mmu.least_limit)

    # the end

    def close(self) -> None:
        """Destroy the VM, with its vCPUs' caches."""
        self._end()
        self._tables.zap()
        self._tables.free_stale()
        for vcpu in self._vcpus.values():
            vcpu.free()
        self.memslots.clear()
        self._totals.limited -= self._limited

    def _end(self) -> None:
        """Let the slabs know in which order objects are freed, if it is said."""
        tables = self._tables.all
        if tables and (self._mmu.by_rcu or self._mmu.shadow or self._tables.any_stale):
            self._tables.scatter(BY_RCU if self._mmu.by_rcu else UNSYNC)
        ran = [vcpu for vcpu in self._vcpus.values() if vcpu.roots]
        for slabs in self._totals.descriptor_slabs:
            slabs.end(ran)
        for slabs in self._totals.header_slabs:
            slabs.end(ran, tables, roots_first=self._mmu.roots_first)
