"""Sheaves: what SLUB keeps for each CPU and node of a cache, objects apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import slub
from ptelist.engine.kmalloc import POINTER, kmalloc, pool_of
from ptelist.engine.ledger import Term, Unit, nothing, product, rule, total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.engine.facts import Facts
    from ptelist.scenario.models import Host, Kernel

B = Unit.BYTES


def sheaves(facts: Facts, kernel: Kernel, host: Host, strides: Sequence[Term]) -> Term:
    """Return the bytes of the sheaves of caches with these strides, figures named `NAME.stride`.

    Each possible CPU has a main sheaf from the cache's creation on, perhaps a spare one; a node's barn holds up to
    10 full and 10 empty ones (init_percpu_sheaves(), MAX_FULL_SHEAVES, MAX_EMPTY_SHEAVES; read in 7.3).
    """
    name = "beside.bytes.sheaves"
    pool = pool_of(kernel)
    parts = []
    cpus = host.possible_cpus or host.cpus
    for stride in strides:
        cache = stride.name.removesuffix(".stride")
        capacity = slub.sheaf_capacity(cache, stride.low, host.slub_debug, kernel)
        if not capacity:
            continue
        per_node = kernel.slub_sheaves_per_node + kernel.slub_empty_sheaves_per_node
        most = cpus * kernel.slub_sheaves_per_cpu + host.nodes * per_node
        why = f"a main one on each possible CPU ({cpus}), a spare one at most, and up to {per_node} in each node's barn"
        count = rule("sheaves", cpus, most, Unit.COUNT, why, facts.host("cpus"), facts.host("nodes"))
        size = kmalloc(kernel.slub_sheaf_bytes + capacity * POINTER, pool)
        each = rule("sheaf", size, size, B, f"kmalloc bucket of {capacity} pointers and a header", stride)
        fixed_bytes = cpus * kernel.slub_percpu_sheaves_bytes + host.nodes * kmalloc(kernel.slub_barn_bytes, pool)
        rest = rule("heads", fixed_bytes, fixed_bytes, B, "per-CPU pointers to sheaves, and the barns", stride)
        parts.append(total(cache, B, (product("sheaf_bytes", B, count, each), rest)))
    return total(name, B, parts) if parts else nothing(name, B, facts.source("kernel.slub_sheaf_capacity"))
