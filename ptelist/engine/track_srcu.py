"""The SRCU domain of page tracking, one a VM where write tracking is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.kmalloc import kmalloc
from ptelist.engine.ledger import Term, Unit, fixed, product, rule, total

if TYPE_CHECKING:
    from ptelist.engine.facts import Facts
    from ptelist.scenario.models import Host, Kernel

B = Unit.BYTES


def tree_nodes(cpus: int, leaf: int, inner: int) -> int:
    """Return the nodes of a combining tree over so many CPUs, `leaf` below each leaf and `inner` nodes below others."""
    level = -(-cpus // leaf)
    count = level
    while level > 1:
        level = -(-level // inner)
        count += level
    return count


def track_srcu(facts: Facts, kernel: Kernel, host: Host) -> Term:
    """Return the bytes of track_srcu beside struct kvm (init_srcu_struct(); read in 5.10, 6.1, 6.12, 7.3).

    There is one if external write tracking is built (CONFIG_KVM_EXTERNAL_WRITE_TRACKING), up to v6.5 always.
    """
    pool = facts.pool
    cpus = host.possible_cpus or host.cpus
    possible = fixed(
        "possible_cpus", cpus, Unit.COUNT, "the per-CPU allocator serves possible CPUs", facts.host("cpus")
    )
    data = product("srcu_data", B, possible, facts.kernel("srcu_data_bytes", B))
    usage = kmalloc(kernel.srcu_usage_bytes, pool)
    parts = [data, fixed("srcu_usage", usage, B, facts.source("kernel.srcu_usage_bytes"))]
    if kernel.srcu_node_bytes:
        most = kmalloc(tree_nodes(cpus, *kernel.srcu_fanout) * kernel.srcu_node_bytes, pool)
        big = kernel.srcu_big_cpus
        why = f"nodes of a tree over the CPUs: from {big} on at once, below if updates contend"
        parts.append(rule("srcu_nodes", most if cpus >= big else 0, most, B, why, possible))
    return total("track_srcu", B, parts)
