"""How SLUB works on a kernel and host: the order of slabs, the metadata of objects, what CPUs keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import slab_layout
from ptelist.engine.slab_layout import OrderRule, min_objects

if TYPE_CHECKING:
    from ptelist.scenario.models import Config, Host, Kernel


def counted_cpus(kernel: Kernel, host: Host) -> int:
    """Return the CPUs that calculate_order() counts.

    Present ones, or nr_cpu_ids if only one is present (from v5.11); always
    nr_cpu_ids before.
    """
    possible = host.possible_cpus or host.cpus
    return possible if kernel.slub_cpus == "nr_cpu_ids" or host.cpus == 1 else host.cpus


def max_order(kernel: Kernel, host: Host) -> int:
    """Return slub_max_order: the boot option, else the kernel's own."""
    return kernel.slub_max_order if host.slub_max_order is None else host.slub_max_order


def order_rule(kernel: Kernel, host: Host) -> OrderRule:
    """Return what calculate_order() works with."""
    return OrderRule(
        kernel.slub_order_form,
        kernel.slub_fractions,
        host.slub_min_objects or min_objects(counted_cpus(kernel, host)),
        host.slub_min_order,
        max_order(kernel, host),
        kernel.page_bytes,
        kernel.slub_max_objects,
    )


def obj_ext_bytes(kernel: Kernel, config: Config, host: Host) -> int:
    """Return the bytes of memcg and profiling metadata for each object, 0 if none.

    They exist once objects are accounted to cgroups or profiled. Up to v6.9 a cgroup pointer; v6.10 to v7.2 a
    struct with a word for each that is built. From v7.3 a slot for each that may ever be wanted of this cache:
    for cgroups unless cgroup.memory=nokmem (SLAB_MAY_ACCOUNT, __kmem_cache_create_args(), mm/slab_common.c), for
    profiling unless sysctl.vm.mem_profiling=never (slab_obj_ext_has_codetag(), mm/slab.h; read in 7.3.4).
    """
    profiling = host.alloc_profiling == "on" and kernel.obj_ext != "pointer"
    if not (host.memcg or profiling):
        return 0
    words = {
        "pointer": 1,
        "struct": config.memcg + config.alloc_profiling,
        "slots": (config.memcg and not host.nokmem) + (config.alloc_profiling and host.alloc_profiling != "never"),
    }
    return kernel.obj_ext_bytes * words[kernel.obj_ext]


def cpu_partial(kernel: Kernel, config: Config, stride: int) -> int:
    """Return the free objects that a CPU's partial slabs may have: none without CONFIG_SLUB_CPU_PARTIAL."""
    return slab_layout.by_size(stride, kernel.slub_cpu_partial) if config.slub_cpu_partial else 0


def slabs_of_cpu(kernel: Kernel, config: Config, stride: int, per_slab: int) -> int:
    """Return the most slabs that one CPU keeps for itself: its own, and partial ones."""
    free = cpu_partial(kernel, config, stride)
    return 1 + slab_layout.cpu_partial_slabs(free, per_slab, kernel.slub_cpu_partial_unit)


def sheaf_capacity(name: str, size: int, debug: str, kernel: Kernel) -> int:
    """Return the objects of a sheaf: by stride, or what the cache asks for if that is more."""
    if name in kernel.slub_no_sheaves or slab_layout.debugged(debug):
        return 0
    return max(slab_layout.by_size(size, kernel.slub_sheaf_capacity), dict(kernel.slub_own_sheaves).get(name, 0))


def nodes_filled(host: Host) -> int:
    """Return on how many nodes there are slabs of KVM: those that have a CPU.

    KVM asks for no node (kmem_cache_alloc()), so a slab is of the node of the CPU that needs it, numa_mem_id() in
    get_partial() and alloc_slab_page() of mm/slub.c; that is, while that node has memory and the VMM no memory policy.
    """
    return min(host.nodes, host.cpus)


def fillers(host: Host) -> int:
    """Return how many fill slabs of their own on a host that is fresh: CPUs, or nodes as one CPU of each would."""
    return host.cpus if host.filling == "spread" else nodes_filled(host)


def most_sheaves(kernel: Kernel, host: Host) -> int:
    """Return the most sheaves that a cache of this host has, on CPUs and in the nodes' barns."""
    return host.cpus * kernel.slub_sheaves_per_cpu + host.nodes * kernel.slub_sheaves_per_node


def counted_free(kernel: Kernel, config: Config, host: Host, stride: int, per_slab: int, sheaf: int) -> int:  # noqa: PLR0913, PLR0917 -- what it follows from
    """Return the most free objects that slabinfo counts as in use: those in sheaves, else those on slabs of CPUs."""
    if sheaf:
        return sheaf * most_sheaves(kernel, host)
    return host.cpus * slabs_of_cpu(kernel, config, stride, per_slab) * per_slab


def parked_beside(kernel: Kernel, host: Host, sheaf: int) -> int:
    """Return the most free objects in sheaves just after a CPU filled one from a new slab.

    It does so only when both its sheaves and its node's barn have none left
    (__pcs_replace_empty_main()), so what is parked is on other CPUs, in other
    nodes' barns, and in the new sheaf, but for the object that was asked for.
    """
    if not sheaf:
        return 0
    others = (host.cpus - 1) * kernel.slub_sheaves_per_cpu + (host.nodes - 1) * kernel.slub_sheaves_per_node
    return sheaf * others + sheaf - 1
