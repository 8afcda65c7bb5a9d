"""What one group of equal VMs holds, by kind: objects, pages, arrays, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import extra_tables, memslots, rules
from ptelist.engine.caches import drawn_bounds
from ptelist.engine.chains import Chains
from ptelist.engine.dirty_rings import rings
from ptelist.engine.guest_memory import private_memory
from ptelist.engine.kmalloc import POINTER, kvmalloc
from ptelist.engine.ledger import Term, Unit, fixed, named, nothing, product, rule, total
from ptelist.engine.memory_attributes import attributes
from ptelist.engine.track_srcu import track_srcu
from ptelist.engine.trees import Trees

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.engine.facts import Facts
    from ptelist.scenario import Host, Kernel, Vm

B, OBJECTS, PAGES, COUNT = Unit.BYTES, Unit.OBJECTS, Unit.PAGES, Unit.COUNT
EMBEDDED_CACHES = ("pte_list_desc", "page_header", "shadow_page", "gfn_array")
"""The four caches inside struct kvm_vcpu_arch while their arrays were embedded."""

Usage = tuple[str, Term]
"""A figure id and what this group adds to it."""


class Group:
    """One VM group of a scenario."""

    def __init__(self, facts: Facts, kernel: Kernel, host: Host, vm: Vm, number: int) -> None:
        """Take the group with this number."""
        self._facts, self._kernel, self._host, self._vm = facts, kernel, host, vm
        self._number = number
        self._count = named("vms", facts.vm(number, "count"))
        self._page = facts.kernel("page_bytes", B)
        self._run = facts.vm(number, "vcpus" if vm.vcpus_run is None else "vcpus_run")
        self._slots: memslots.Slots | None = None
        self._shape: Trees | None = None

    def usage(self) -> Iterator[Usage]:
        """Yield what the group holds."""
        yield from self.descriptors()
        yield from self._vcpu_caches()
        yield from self._split_caches()
        yield from self._page_tables()
        yield from self._slot_arrays()
        yield "page_hash.bytes", self._page_hash()
        yield from self._others()

    def descriptors(self) -> Iterator[Usage]:
        """Yield the objects of pte_list_desc that the group holds."""
        yield "pte_list_desc.objects.vcpu_caches", self._of_vms(OBJECTS, self._run, self._cached_descriptors())
        if self._vm.eager_split:
            split = self._cached(self._split_capacity(), used=True)
            yield "pte_list_desc.objects.split_caches", self._of_vms(OBJECTS, split)
        chains = Chains(self._facts, self._kernel, self._vm, self._number, self._trees)
        yield "pte_list_desc.objects.rmaps", self._of_vms(OBJECTS, chains.rmaps())
        yield "pte_list_desc.objects.parent_ptes", self._of_vms(OBJECTS, chains.parent_ptes())

    def _memslots(self) -> memslots.Slots:
        if self._slots is None:
            self._slots = memslots.slots(self._kernel, self._host, self._vm)
        return self._slots

    def _trees(self) -> Trees:
        if self._shape is None:
            pages = memslots.pages(self._memslots())
            self._shape = Trees(self._facts, self._kernel, self._vm, self._number, pages)
        return self._shape

    def _of_vms(self, unit: Unit, *parts: Term) -> Term:
        return product(self._vm.name, unit, self._count, *parts)

    # vCPU caches

    def _vcpu_caches(self) -> Iterator[Usage]:
        """Yield what vCPUs hold from their first KVM_RUN, with TDP and without nesting too."""
        run = self._run
        capacity = self._facts.kernel("cache_capacity", OBJECTS)
        headers = self._cached(capacity, used=True)
        yield "kvm_mmu_page_header.objects.vcpu_caches", self._of_vms(OBJECTS, run, headers)
        sets = self._page_caches()
        pages = self._cached(capacity, used=True)
        yield "vcpu_caches.bytes.pages", self._of_vms(B, run, sets, pages, self._page)
        yield from self._arrays(capacity, sets)

    def _desc_capacity(self) -> Term:
        kernel, vm, facts = self._kernel, self._vm, self._facts
        if kernel.topup_pte_list_desc == "if_rmaps" and not rules.uses_rmaps(kernel, vm):
            return nothing("pte_list_desc_capacity", OBJECTS, facts.source("kernel.topup_pte_list_desc"))
        return facts.kernel(rules.desc_capacity_field(kernel, vm), OBJECTS)

    def _cached_descriptors(self) -> Term:
        return self._cached(self._desc_capacity(), used=rules.uses_rmaps(self._kernel, self._vm))

    def _cached(self, capacity: Term, *, used: bool) -> Term:
        low, high = drawn_bounds(capacity.low, drawn=used and self._vm.caches == "drawn")
        if low == high:
            return capacity
        return rule("cached", low, high, OBJECTS, "drawn from since the last top-up, by how much is open", capacity)

    def _page_caches(self) -> Term:
        """Return how many caches of 4 KiB pages a vCPU has filled."""
        kernel, vm, host = self._kernel, self._vm, self._host
        shadow = fixed("shadow_page_caches", 1, COUNT, "mmu_shadow_page_cache")
        if kernel.shadow_page_caches_per_node and host.nodes > 1:
            why = self._facts.source("kernel.shadow_page_caches_per_node")
            shadow = fixed("shadow_page_caches", host.nodes, COUNT, why, self._facts.host("nodes"))
        parts = [shadow]
        if rules.shadow_root(kernel, vm):
            note = "mmu_shadowed_info_cache (mmu_gfn_array_cache up to v5.19): indirect pages"
            parts.append(fixed("shadowed_info_caches", 1, COUNT, note))
        if vm.tdx:
            note = self._facts.source("kernel.external_spt_cache")
            parts.append(fixed("external_spt_caches", 1, COUNT, note))
        return total("page_caches", COUNT, parts)

    def _arrays(self, capacity: Term, sets: Term) -> Iterator[Usage]:
        """Yield the caches' arrays of pointers, allocated or embedded."""
        facts = self._facts
        if self._kernel.memory_cache_array == "embedded":
            note = "pointers of " + ", ".join(EMBEDDED_CACHES) + " caches inside struct kvm_vcpu_arch"
            size = len(EMBEDDED_CACHES) * capacity.low * POINTER
            each = fixed("embedded_arrays", size, B, note, capacity)
            yield "embedded.bytes", self._of_vms(B, facts.vm(self._number, "vcpus"), each)
            yield "vcpu_caches.bytes.arrays", nothing(self._vm.name, B, "inside struct kvm_vcpu_arch: embedded.bytes")
            return
        header = fixed("page_header_caches", 1, COUNT, "mmu_page_header_cache")
        plain = product("page_arrays", B, total("caches", COUNT, (header, sets)), self._array(capacity))
        arrays = total("arrays", B, (self._array(self._desc_capacity()), plain))
        yield "vcpu_caches.bytes.arrays", self._of_vms(B, self._run, arrays)

    def _array(self, capacity: Term) -> Term:
        low, high = kvmalloc(capacity.low * POINTER, rules.pool(self._kernel))
        return rule("array", low, high, B, f"kvmalloc of {POINTER} B a pointer, at the first top-up", capacity)

    # split caches

    def _split_caches(self) -> Iterator[Usage]:
        """Yield what the first huge page of a nested VM that is split eagerly fills."""
        if not self._vm.eager_split:
            return
        capacity = self._facts.kernel("cache_capacity", OBJECTS)
        yield "kvm_mmu_page_header.objects.split_caches", self._of_vms(OBJECTS, self._cached(capacity, used=True))
        sets = self._split_page_caches()
        yield "split_caches.bytes.pages", self._of_vms(B, sets, self._cached(capacity, used=True), self._page)
        plain = product("page_arrays", B, sets, self._array(capacity))
        arrays = total("arrays", B, (self._array(self._split_capacity()), self._array(capacity), plain))
        yield "split_caches.bytes.arrays", self._of_vms(B, arrays)

    def _split_capacity(self) -> Term:
        capacity = self._facts.kernel("cache_capacity", OBJECTS)
        entries = self._facts.kernel("spte_ent_per_page", Unit.ENTRIES)
        need = fixed("split_desc_min", entries.low + 1, OBJECTS, "SPTE_ENT_PER_PAGE + 1", entries)
        return total("split_desc_capacity", OBJECTS, (need, capacity))

    def _split_page_caches(self) -> Term:
        nodes = self._host.nodes if self._kernel.shadow_page_caches_per_node else 1
        why = (
            "split_shadow_page_cache"
            if nodes == 1
            else "split_shadow_page_cache of each node that a split huge page was on"
        )
        return rule("split_shadow_page_caches", 1, nodes, COUNT, why)

    # page tables

    def _page_tables(self) -> Iterator[Usage]:
        trees, vm = self._trees(), self._vm
        tables, split = trees.tables(), trees.split()
        live = total("live_tables", PAGES, (tables, split)) if split.high else tables
        header = fixed("headers_per_table", 1, OBJECTS, "a struct kvm_mmu_page for each page table")
        yield "kvm_mmu_page_header.objects.page_tables", self._of_vms(OBJECTS, live, header)
        yield "page_tables.bytes.tables", self._of_vms(B, live, self._page)
        yield "page_tables.bytes.shadowed_info", self._of_vms(B, trees.shadowed_info(tables), self._page)
        if vm.tdx:
            yield "page_tables.bytes.external", self._of_vms(B, trees.external(), self._page)
        if not rules.tdp(self._kernel, vm):
            roots = self._facts.kernel("pae_roots", PAGES)
            yield (
                "page_tables.bytes.pae_roots",
                self._of_vms(B, self._facts.vm(self._number, "vcpus"), roots, self._page),
            )

    # memslots and the rest

    def _slot_arrays(self) -> Iterator[Usage]:
        arrays = memslots.Arrays(self._facts, self._kernel, self._vm, self._memslots())
        terms = arrays.terms(external_write_tracking=self._host.external_write_tracking)
        for name, term in terms.items():
            yield f"memslots.bytes.{name}", self._of_vms(B, term)
        yield "beside.bytes.vmalloc_tables", self._of_vms(B, arrays.page_tables())

    def _others(self) -> Iterator[Usage]:
        """Yield what some VMs have, and bounds of what stands beside the total; what this one has not is left out."""
        facts, kernel, host, vm, number = self._facts, self._kernel, self._host, self._vm, self._number
        if private_memory(vm):
            yield "memory_attributes.bytes", self._of_vms(B, attributes(facts, kernel, host, vm, number))
        if vm.dirty_ring:
            yield "dirty_rings.bytes", self._of_vms(B, rings(facts, kernel, vm, number))
        if kernel.track_srcu == "always" or host.external_write_tracking:
            yield "track_srcu.bytes", self._of_vms(B, track_srcu(facts, kernel, host))
        for name, most, why in extra_tables.beside(kernel, host, vm):
            if most:
                yield f"beside.bytes.{name}", self._of_vms(B, extra_tables.bound(facts, name, most, why))

    def _page_hash(self) -> Term:
        kernel, vm, facts = self._kernel, self._vm, self._facts
        size = facts.kernel("page_hash_bytes", B)
        if kernel.page_hash == "embedded":
            return self._of_vms(B, size)
        if not rules.uses_rmaps(kernel, vm):
            return nothing(vm.name, B, facts.source("kernel.page_hash"))
        low, high = kvmalloc(size.low, rules.pool(kernel))
        return self._of_vms(B, rule("mmu_page_hash", low, high, B, facts.source("kernel.page_hash"), size))
