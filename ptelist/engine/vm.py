"""What one group of equal VMs holds, by kind: objects, pages, arrays, tables."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ptelist.engine import extra_tables, memslots, mmu
from ptelist.engine.cache_arrays import CacheArrays
from ptelist.engine.chains import Chains
from ptelist.engine.dirty_rings import rings
from ptelist.engine.guest_memory import private_memory
from ptelist.engine.kmalloc import kvmalloc
from ptelist.engine.ledger import Op, Term, Unit, fixed, named, nothing, product, rule, total
from ptelist.engine.memory_attributes import attributes
from ptelist.engine.memory_caches import Caches
from ptelist.engine.memslots import write_tracking
from ptelist.engine.track_srcu import track_srcu
from ptelist.engine.trees import Trees

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.engine.facts import Facts

B, OBJECTS, PAGES = Unit.BYTES, Unit.OBJECTS, Unit.PAGES
PRODUCT = Op.PRODUCT
OF_RUNNING = {
    "kvm_mmu_page_header.objects": OBJECTS,
    "kvm_mmu_page_header.objects.vcpu_caches": OBJECTS,
    "kvm_mmu_page_header.objects.page_tables": OBJECTS,
    "shadow_pages.bytes": B,
    "vcpu_caches.bytes.pages": B,
    "page_tables.bytes.tables": B,
}
"""Figures of which a VM has nothing until a vCPU has run."""

NOT_RUN = "no vCPU has run: the first KVM_RUN fills its caches and makes the root"

Usage = tuple[str, Term]
"""A figure id and what this group adds to it."""


class VmGroup:
    """One VM group of a scenario."""

    def __init__(self, facts: Facts, number: int) -> None:
        """Take the group with this number."""
        scenario = facts.scenario
        self._facts, self._kernel, self._host, self._vm = facts, scenario.kernel, scenario.host, scenario.vms[number]
        self._number = number
        self._page = facts.kernel("page_bytes", B)

    def usage(self, *, aside: bool = True) -> Iterator[Usage]:
        """Yield what the group holds, what is part of no total among it if that is not left aside."""
        yield from self.descriptors()
        yield from self._tables_and_caches()
        if aside:
            yield "page_tables.bytes.raw", self._raw_tables()
        yield from self._others(aside=aside)

    def descriptors(self) -> Iterator[Usage]:
        """Yield the objects of pte_list_desc that the group holds."""
        chains = Chains(self._facts, self._kernel, self._vm, self._number, lambda: self._trees)
        rmaps, parents = chains.rmaps(), chains.parent_ptes()
        lists = total("lists", OBJECTS, (rmaps, parents))
        several = chains.most_of_one > 1
        drawn = self._caches.descriptors(lists, self._arrays.desc_capacity(), chains.at_once, several=several)
        yield "pte_list_desc.objects.vcpu_caches", self._of_vms(OBJECTS, drawn.left)
        if drawn.split:
            yield "pte_list_desc.objects.split_caches", self._of_vms(OBJECTS, drawn.split)
        yield "pte_list_desc.objects.rmaps", self._of_vms(OBJECTS, rmaps)
        yield "pte_list_desc.objects.parent_ptes", self._of_vms(OBJECTS, parents)
        yield "pte_list_desc.objects", self._of_vms(OBJECTS, drawn.held)

    @cached_property
    def _memslots(self) -> memslots.Slots:
        return memslots.slots(self._kernel, self._host, self._vm)

    @cached_property
    def _trees(self) -> Trees:
        return Trees(self._facts, self._kernel, self._vm, self._number, memslots.pages(self._memslots))

    @cached_property
    def _run(self) -> Term:
        """Return how many vCPUs of a VM have run."""
        return self._facts.vm(self._number, "vcpus" if self._vm.vcpus_run is None else "vcpus_run")

    @cached_property
    def _caches(self) -> Caches:
        return Caches(self._facts, self._kernel, self._vm, self._number)

    @cached_property
    def _arrays(self) -> CacheArrays:
        return CacheArrays(self._facts, self._vm)

    @cached_property
    def _tables_beside(self) -> dict[str, Term]:
        return extra_tables.beside(self._kernel, self._host, self._vm)

    @cached_property
    def _count(self) -> Term:
        return named("vms", self._facts.vm(self._number, "count"))

    def _of_vms(self, unit: Unit, *parts: Term) -> Term:
        """Return so much for each VM; a product is shown by its factors."""
        factors = [self._count]
        for part in parts:
            factors += part.parts if part.op is PRODUCT else (part,)
        return product(self._vm.name, unit, *factors)

    def _raw_tables(self) -> Term:
        """Return all tables of the tree, those that there may be beside RAM's among them."""
        if not self._run.low:
            return nothing(self._vm.name, B, NOT_RUN)
        split = self._trees.split()
        counted = (self._trees.tables, split) if split.high else (self._trees.tables,)
        beside = [named(name, count) for name, count in self._tables_beside.items()]
        tables = total("tables", PAGES, (*counted, *beside))
        return self._of_vms(B, tables, self._page)

    # tables, and the caches that they are drawn from

    def _tables_and_caches(self) -> Iterator[Usage]:
        """Yield headers and pages of live tables, and those ready in caches from each vCPU's first KVM_RUN on."""
        vm = self._vm
        if not mmu.tdp(self._kernel, vm):
            roots = self._facts.kernel("pae_roots", PAGES)
            vcpus = self._facts.vm(self._number, "vcpus")
            yield "page_tables.bytes.pae_roots", self._of_vms(B, vcpus, roots, self._page)
        yield from self._pointers()
        if not self._run.low:
            yield from ((name, nothing(vm.name, unit, NOT_RUN)) for name, unit in OF_RUNNING.items())
            return
        trees = self._trees
        tables = trees.tables
        each = fixed("objects_per_table", 1, OBJECTS, "a struct kvm_mmu_page and a page for each page table")
        drawn = product("tables", OBJECTS, tables, each)
        split = product("split_tables", OBJECTS, trees.split(), each)
        headers = self._caches.tables("headers", drawn, trees, faults=trees.least_faults, splits=1)
        yield "kvm_mmu_page_header.objects.vcpu_caches", self._of_vms(OBJECTS, headers.left)
        if headers.split:
            yield "kvm_mmu_page_header.objects.split_caches", self._of_vms(OBJECTS, headers.split)
        live = total("live_tables", OBJECTS, (drawn, split)) if split.high else drawn
        held = total("headers", OBJECTS, (headers.held, split)) if split.high else headers.held
        yield "kvm_mmu_page_header.objects.page_tables", self._of_vms(OBJECTS, live)
        yield "kvm_mmu_page_header.objects", self._of_vms(OBJECTS, held)
        yield "page_tables.bytes.tables", self._of_vms(B, live if split.high else tables, self._page)
        yield from self._pages(trees, drawn, split, each)
        if vm.eager_split:
            yield "split_caches.bytes.arrays", self._of_vms(B, self._arrays.of_split(self._caches.split_capacity))

    def _pages(self, trees: Trees, tables: Term, split: Term, each: Term) -> Iterator[Usage]:
        """Yield the pages of vCPU and split caches, and all of them: with those drawn, and `split` ones, of tables."""
        own, splits = self._arrays.shadow_page_caches(), self._arrays.split_nodes
        shadow = self._caches.tables("shadow pages", tables, trees, own, faults=trees.least_faults, splits=splits)
        kinds = [shadow]
        if mmu.shadow_root(self._kernel, self._vm):
            infos = trees.shadowed_info(tables)
            yield "page_tables.bytes.shadowed_info", self._of_vms(B, infos, self._page)
            drawn = product("infos", OBJECTS, infos, each)
            faults = trees.least_faults_shadowed
            kinds.append(self._caches.tables("pages of shadowed translations", drawn, trees, faults=faults))
        if self._vm.tdx:
            external = trees.external()
            yield "page_tables.bytes.external", self._of_vms(B, external, self._page)
            drawn = product("external", OBJECTS, external, each)
            kinds.append(self._caches.tables("external pages", drawn, trees, faults=trees.least_faults_external))
        left = total("pages", OBJECTS, [kind.left for kind in kinds])
        yield "vcpu_caches.bytes.pages", self._of_vms(B, left, self._page)
        if shadow.split:
            yield "split_caches.bytes.pages", self._of_vms(B, shadow.split, self._page)
        held = total("pages", OBJECTS, [*(kind.held for kind in kinds), *((split,) if split.high else ())])
        yield "shadow_pages.bytes", self._of_vms(B, held, self._page)

    def _pointers(self) -> Iterator[Usage]:
        """Yield the caches' arrays of pointers, allocated or embedded."""
        if self._arrays.embedded:
            vcpus = self._facts.vm(self._number, "vcpus")
            yield "embedded.bytes", self._of_vms(B, vcpus, self._arrays.of_struct())
            yield "vcpu_caches.bytes.arrays", nothing(self._vm.name, B, "inside struct kvm_vcpu_arch: embedded.bytes")
            return
        yield "vcpu_caches.bytes.arrays", self._of_vms(B, self._run, self._arrays.of_vcpu())

    # memslots and the rest

    def _others(self, *, aside: bool) -> Iterator[Usage]:
        """Yield memslots, the hash of shadow pages, and what some VMs have; what this one has not is left out."""
        facts, kernel, host, vm, number = self._facts, self._kernel, self._host, self._vm, self._number
        arrays = memslots.Arrays(facts, kernel, vm, self._memslots)
        track = write_tracking(kernel, facts.config, host, vm)
        for name, term in arrays.terms(track=track).items():
            yield f"memslots.bytes.{name}", self._of_vms(B, term)
        if aside:
            yield "beside.bytes.vmalloc_tables", self._of_vms(B, arrays.page_tables())
            yield from self._beside()
        yield "page_hash.bytes", self._page_hash()
        if private_memory(vm):
            yield "memory_attributes.bytes", self._of_vms(B, attributes(facts, kernel, host, vm, number))
        if vm.dirty_ring:
            yield "dirty_rings.bytes", self._of_vms(B, rings(facts, vm, number))
        if kernel.track_srcu == "always" or facts.config.external_write_tracking:
            yield "track_srcu.bytes", self._of_vms(B, track_srcu(facts, kernel, host))

    def _beside(self) -> Iterator[Usage]:
        """Yield bounds of what stands beside the total; what this VM has not is left out."""
        for name, count in self._tables_beside.items():
            yield f"beside.bytes.{name}", self._of_vms(B, extra_tables.with_headers(self._facts, name, count))

    def _page_hash(self) -> Term:
        kernel, vm, facts = self._kernel, self._vm, self._facts
        size = facts.kernel("page_hash_bytes", B)
        if kernel.page_hash == "embedded":
            return self._of_vms(B, size)
        if kernel.page_hash == "deferred" and not mmu.uses_rmaps(kernel, vm):
            return nothing(vm.name, B, facts.source("kernel.page_hash"))
        low, high = kvmalloc(size.low, facts.pool)
        return self._of_vms(B, rule("mmu_page_hash", low, high, B, facts.source("kernel.page_hash"), size))
