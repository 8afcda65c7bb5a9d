"""Dirty rings, one a vCPU, in place of dirty bitmaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import mmu
from ptelist.engine.kmalloc import vmalloc
from ptelist.engine.ledger import Term, Unit, fixed, product, total
from ptelist.engine.vmalloc import count, descriptions

if TYPE_CHECKING:
    from ptelist.engine.facts import Facts
    from ptelist.scenario.models import Host, Kernel, Vm

B = Unit.BYTES


def pml(kernel: Kernel, host: Host, vm: Vm) -> bool:
    """Return whether the CPU logs dirty pages itself: Intel with EPT, module parameter pml; not for TDX guests."""
    return host.vendor == "intel" and host.pml and mmu.tdp(kernel, vm) and not vm.tdx


def least(kernel: Kernel, host: Host, vm: Vm) -> int:
    """Return the fewest entries of a ring that KVM takes, a power of two.

    A page of them, and room for those that it keeps free and those that PML may hand over at once
    (kvm_vm_ioctl_enable_dirty_log_ring(), kvm_dirty_ring_get_rsvd_entries(); read in 6.1.192 and 7.3.4).
    """
    kept = kernel.dirty_ring_reserved + (kernel.pml_entries if pml(kernel, host, vm) else 0)
    wanted = max(kernel.page_bytes // kernel.dirty_gfn_bytes, kept)
    return 1 << (wanted - 1).bit_length()


def rings(facts: Facts, vm: Vm, number: int) -> Term:
    """Return the bytes of the rings: vzalloc'ed when a vCPU is created (kvm_dirty_ring_alloc(), read in 6.1, 7.3)."""
    entry = facts.kernel("dirty_gfn_bytes", B)
    size = vm.dirty_ring * entry.low
    pool = facts.pool
    taken, areas = vmalloc(size, pool), count(((size, 1),), pool, always=True)
    why = "whole pages and their page-pointer array (vzalloc)"
    pages = fixed("ring", taken, B, why, facts.vm(number, "dirty_ring", Unit.ENTRIES), entry)
    each = total("ring_with_areas", B, (pages, descriptions(facts, areas)))
    return product("dirty_rings", B, facts.vm(number, "vcpus"), each)
