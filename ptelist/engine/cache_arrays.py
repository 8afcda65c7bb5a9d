"""Which memory caches one group of equal VMs fills, and their arrays of pointers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import mmu
from ptelist.engine.kmalloc import kvmalloc
from ptelist.engine.ledger import Term, Unit, fixed, nothing, product, rule, total
from ptelist.engine.slab_layout import POINTER

if TYPE_CHECKING:
    from ptelist.engine.facts import Facts
    from ptelist.scenario.models import Vm

B, OBJECTS, COUNT = Unit.BYTES, Unit.OBJECTS, Unit.COUNT
EMBEDDED_CACHES = ("pte_list_desc", "page_header", "shadow_page", "gfn_array")
"""The four caches inside struct kvm_vcpu_arch while their arrays were embedded."""


class CacheArrays:
    """Those of a VM of the group, or of one of its vCPUs."""

    def __init__(self, facts: Facts, vm: Vm) -> None:
        """Take the VM."""
        self._facts, self._kernel, self._host, self._vm = facts, facts.scenario.kernel, facts.scenario.host, vm

    @property
    def embedded(self) -> bool:
        """Tell whether the arrays lie inside struct kvm_vcpu_arch, whether the vCPU has run or not."""
        return self._kernel.memory_cache_array == "embedded"

    def of_struct(self) -> Term:
        """Return the embedded arrays of one vCPU."""
        capacity = self._facts.kernel("cache_capacity", OBJECTS)
        note = "pointers of " + ", ".join(EMBEDDED_CACHES) + " caches inside struct kvm_vcpu_arch"
        return fixed("embedded_arrays", len(EMBEDDED_CACHES) * capacity.low * POINTER, B, note, capacity)

    def of_vcpu(self) -> Term:
        """Return the allocated arrays of one vCPU, which its first top-ups allocate."""
        header = fixed("page_header_caches", 1, COUNT, "mmu_page_header_cache")
        sets = total("caches", COUNT, (header, self._page_caches()))
        plain = product("page_arrays", B, sets, self._array(self._facts.kernel("cache_capacity", OBJECTS)))
        return total("arrays", B, (self._array(self.desc_capacity()), plain))

    def of_split(self, desc_capacity: Term) -> Term:
        """Return the arrays of the split caches, which the first huge page that is split eagerly fills."""
        capacity = self._facts.kernel("cache_capacity", OBJECTS)
        plain = product("page_arrays", B, self._split_page_caches(), self._array(capacity))
        return total("arrays", B, (self._array(desc_capacity), self._array(capacity), plain))

    def _array(self, capacity: Term) -> Term:
        low, high = kvmalloc(capacity.low * POINTER, self._facts.pool)
        return rule("array", low, high, B, f"kvmalloc of {POINTER} B a pointer, at the first top-up", capacity)

    def desc_capacity(self) -> Term:
        """Return the capacity of a vCPU's cache of descriptors, 0 if it is never filled."""
        kernel, vm, facts = self._kernel, self._vm, self._facts
        if not mmu.tops_up_desc(kernel, vm):
            return nothing("pte_list_desc_capacity", OBJECTS, facts.source("kernel.topup_pte_list_desc"))
        return facts.kernel(mmu.desc_capacity_field(kernel, vm), OBJECTS)

    def shadow_page_caches(self) -> Term:
        """Return how many caches of shadow pages a vCPU has: one, or by a proposal one a node."""
        if self._kernel.shadow_page_caches_per_node and self._host.nodes > 1:
            why = self._facts.source("kernel.shadow_page_caches_per_node")
            return fixed("shadow_page_caches", self._host.nodes, COUNT, why, self._facts.host("nodes"))
        return fixed("shadow_page_caches", 1, COUNT, "mmu_shadow_page_cache")

    def _page_caches(self) -> Term:
        """Return how many caches of 4 KiB pages a vCPU has filled."""
        parts = [self.shadow_page_caches()]
        if mmu.shadow_root(self._kernel, self._vm):
            note = "mmu_shadowed_info_cache (mmu_gfn_array_cache up to v5.19): indirect pages"
            parts.append(fixed("shadowed_info_caches", 1, COUNT, note))
        if self._vm.tdx:
            note = self._facts.source("kernel.external_spt_cache")
            parts.append(fixed("external_spt_caches", 1, COUNT, note))
        return total("page_caches", COUNT, parts)

    @property
    def split_nodes(self) -> int:
        """Return the most caches of shadow pages for splitting: one, or by a proposal one a node."""
        return self._host.nodes if self._kernel.shadow_page_caches_per_node else 1

    def _split_page_caches(self) -> Term:
        nodes = self.split_nodes
        why = (
            "split_shadow_page_cache"
            if nodes == 1
            else "split_shadow_page_cache of each node that a split huge page was on"
        )
        return rule("split_shadow_page_caches", 1, nodes, COUNT, why)
