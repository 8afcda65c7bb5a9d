"""Sheaves: what SLUB keeps for each CPU and node of a cache, objects apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.kmalloc import kmalloc
from ptelist.engine.ledger import Term, Unit, fixed, nothing, product, rule, total
from ptelist.engine.slab_layout import POINTER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptelist.engine.cache_layouts import CacheLayout
    from ptelist.engine.facts import Facts

B = Unit.BYTES


def sheaves(facts: Facts, caches: Iterable[CacheLayout]) -> Term:
    """Return the bytes of the sheaves of these caches.

    Each possible CPU has a main sheaf from the cache's creation on, perhaps a spare one; a node's barn holds up to
    10 full and 10 empty ones (init_percpu_sheaves(), MAX_FULL_SHEAVES, MAX_EMPTY_SHEAVES; read in 7.3).
    """
    parts = [_of_cache(facts, found) for found in caches if found.sheaf]
    name = "beside.bytes.sheaves"
    return total(name, B, parts) if parts else nothing(name, B, facts.source("kernel.slub_sheaf_capacity"))


def _of_cache(facts: Facts, found: CacheLayout) -> Term:
    kernel, host = facts.scenario.kernel, facts.scenario.host
    pool, cpus = facts.pool, host.possible_cpus or host.cpus
    per_node = kernel.slub_sheaves_per_node + kernel.slub_empty_sheaves_per_node
    most = cpus * kernel.slub_sheaves_per_cpu + host.nodes * per_node
    why = f"a main one on each possible CPU ({cpus}), a spare one at most, and up to {per_node} in each node's barn"
    count = rule("sheaves", cpus, most, Unit.COUNT, why, facts.host("cpus"), facts.host("nodes"))
    size = kmalloc(kernel.slub_sheaf_bytes + found.sheaf * POINTER, pool)
    each = fixed("sheaf", size, B, f"kmalloc bucket of {found.sheaf} pointers and a header", found.stride)
    heads = cpus * kernel.slub_percpu_sheaves_bytes + host.nodes * kmalloc(kernel.slub_barn_bytes, pool)
    rest = fixed("heads", heads, B, "per-CPU pointers to sheaves, and the barns", found.stride)
    return total(found.name, B, (product("sheaf_bytes", B, count, each), rest))
