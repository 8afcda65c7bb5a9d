"""Dirty rings, one a vCPU, in place of dirty bitmaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import rules
from ptelist.engine.kmalloc import vmalloc
from ptelist.engine.ledger import Term, Unit, fixed, nothing, product, total
from ptelist.engine.vmalloc import descriptions

if TYPE_CHECKING:
    from ptelist.engine.facts import Facts
    from ptelist.scenario import Kernel, Vm

B = Unit.BYTES


def rings(facts: Facts, kernel: Kernel, vm: Vm, number: int) -> Term:
    """Return the bytes of the rings: vzalloc'ed when a vCPU is created (kvm_dirty_ring_alloc(), read in 6.1, 7.3)."""
    if not vm.dirty_ring:
        return nothing("dirty_rings", B, "no dirty ring")
    entry = facts.kernel("dirty_gfn_bytes", B)
    size = vm.dirty_ring * entry.low
    taken = vmalloc(size, rules.pool(kernel))
    why = "whole pages and their page-pointer array (vzalloc)"
    pages = fixed("ring", taken, B, why, facts.vm(number, "dirty_ring", Unit.ENTRIES), entry)
    each = total("ring_with_areas", B, (pages, descriptions(facts, kernel, (size,), always=True)))
    return product("dirty_rings", B, facts.vm(number, "vcpus"), each)
