"""The structs of a VM and of a vCPU themselves: figures of a build that tells their sizes, part of no total."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import cache_layouts, slab_layout
from ptelist.engine.ledger import Term, Unit, fixed, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.engine.facts import Facts

B = Unit.BYTES


def vm_structs(facts: Facts) -> Iterator[Term]:
    """Yield size and order of each struct whose size is known."""
    kernel = facts.scenario.kernel
    for structs, orders in ((kernel.vm_structs, _of_vm), (kernel.vcpu_structs, _of_vcpu)):
        for name, field in structs.items():
            size = named(f"{name}.size", facts.kernel(field, B))
            yield size
            yield from orders(facts, name, size)


def _of_vm(facts: Facts, name: str, size: Term) -> Iterator[Term]:
    """Yield the order of the pages asked for, as KVM_SANITY_CHECK_VM_STRUCT_SIZE takes it (x86.h, v6.17)."""
    yield _order(facts, f"{name}.order", size)
    if facts.scenario.kernel.memslot_hash_bytes is not None:
        hashes = facts.kernel("memslot_hash_bytes", B)
        rest = fixed("rest", max(size.low - hashes.low, 1), B, "size - memslot_hash_bytes", size, hashes)
        yield _order(facts, f"{name}.order.without_memslot_hashes", rest)


def _order(facts: Facts, name: str, size: Term) -> Term:
    kernel = facts.scenario.kernel
    if kernel.vm_alloc == "vmalloc":
        why = f"vmalloc takes pages one by one, {facts.source('kernel.vm_alloc')}"
        return fixed(name, 0, Unit.ORDER, why, size)
    debugged = ", lockdep's maps included" if facts.config.lock_debugging else ""
    why = f"get_order(size){debugged}: what kvzalloc asks for first, {facts.source('kernel.vm_alloc')}"
    page = facts.kernel("page_bytes", B)
    return fixed(name, slab_layout.get_order(size.low, kernel.page_bytes), Unit.ORDER, why, size, page)


def _of_vcpu(facts: Facts, name: str, size: Term) -> Iterator[Term]:
    """Yield the order of a slab of kvm_vcpu; what slub_debug adds depends on an alignment that BTF does not tell."""
    if not facts.scenario.host.slub_debug:
        yield cache_layouts.slab(facts, name, size)[1]
