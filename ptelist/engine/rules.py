"""Small questions to a kernel profile that several rooms ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import slab
from ptelist.engine.kmalloc import Pool
from ptelist.engine.pagetables import default_limit
from ptelist.engine.slab import OrderRule, min_objects
from ptelist.lists.recycler import Limit

if TYPE_CHECKING:
    from ptelist.scenario.models import Config, Host, Kernel, Vm


def tdp(kernel: Kernel, vm: Vm) -> bool:
    """Return whether the hardware walks EPT or NPT for this VM: module parameter ept or npt."""
    return bool(kernel.tdp_default) if vm.paging == "tdp" else vm.paging != "shadow"


def tdp_mmu(kernel: Kernel, vm: Vm) -> bool:
    """Return whether the TDP MMU is in use: with TDP, module parameter tdp_mmu."""
    return vm.paging == "tdp-mmu" or (vm.paging == "tdp" and bool(kernel.tdp_default) and kernel.tdp_mmu_default)


def pml(kernel: Kernel, host: Host, vm: Vm) -> bool:
    """Return whether the CPU logs dirty pages itself: Intel with EPT, module parameter pml; not for TDX guests."""
    return host.vendor == "intel" and host.pml and tdp(kernel, vm) and not vm.tdx


def shadow_root(kernel: Kernel, vm: Vm) -> bool:
    """Return whether a shadow root was ever allocated: no TDP, or an L2 ran."""
    return vm.nested or not tdp(kernel, vm)


def uses_rmaps(kernel: Kernel, vm: Vm) -> bool:
    """Return what kvm_memslots_have_rmaps() says: TDP MMU off, or a shadow root."""
    return shadow_root(kernel, vm) or not tdp_mmu(kernel, vm)


def tables_freed(kernel: Kernel, vm: Vm) -> bool:
    """Return whether tables may have been freed: by any history, or with those that L1 replaced and KVM zapped."""
    return vm.history == "any" or (vm.nested and vm.l1_replacements > 0 and kernel.nested_orphans == "zapped")


def entries_removed(kernel: Kernel, vm: Vm) -> bool:
    """Return whether entries may have left lists, and descriptors with them."""
    lists = (*vm.rmaps, *vm.parent_ptes)
    return any(each.peak is not None for each in lists) or (
        tables_freed(kernel, vm) and (vm.history == "any" or bool(lists))
    )


def ext(kernel: Kernel, *, with_tdp: bool) -> int:
    """Return PTE_LIST_EXT in force; a proposal makes it depend on TDP."""
    if with_tdp and kernel.pte_list_ext_tdp is not None:
        return kernel.pte_list_ext_tdp
    return kernel.pte_list_ext


def ext_field(kernel: Kernel, *, with_tdp: bool) -> str:
    """Return the name of the field that `ext` takes its value from."""
    return "pte_list_ext_tdp" if with_tdp and kernel.pte_list_ext_tdp is not None else "pte_list_ext"


def desc_topup_min(kernel: Kernel) -> int:
    """Return 1 + PT64_ROOT_MAX_LEVEL + PTE_PREFETCH_NUM."""
    return 1 + kernel.pt64_root_max_level + kernel.pte_prefetch_num


def desc_capacity_field(kernel: Kernel, vm: Vm) -> str:
    """Return the name of the field with the vCPU pte_list_desc cache's capacity."""
    if tdp(kernel, vm) and kernel.pte_list_desc_capacity_tdp is not None:
        return "pte_list_desc_capacity_tdp"
    return "cache_capacity" if kernel.pte_list_desc_capacity is None else "pte_list_desc_capacity"


def rmap_cap(kernel: Kernel) -> int:
    """Return the most entries of a stable rmap list.

    An add is followed by a zap of the whole list when it held more than
    RMAP_RECYCLE_THRESHOLD before.
    """
    return kernel.rmap_recycle_threshold + 1


def write_tracking(kernel: Kernel, config: Config, host: Host, vm: Vm) -> bool:
    """Return whether memslots have arrays that count who tracks writes to a gfn.

    Up to v5.15 always; from v5.16 on if there is a shadow root, or for users outside of KVM: up to v6.8 where
    CONFIG_KVM_EXTERNAL_WRITE_TRACKING is built, from v6.9 on once one has registered
    (kvm_page_track_write_tracking_enabled(), arch/x86/kvm/mmu/page_track.c).
    """
    forced = config.external_write_tracking if kernel.write_track_forced == "if_built" else host.external_write_tracking
    return kernel.write_track_lazy == "never" or shadow_root(kernel, vm) or forced


def shadow_page_limit(kernel: Kernel, memslot_pages: int) -> Limit:
    """Return KVM's default limit of shadow pages for memslots of so many pages, and how it recycles."""
    pages = default_limit(memslot_pages, kernel.shadow_page_divisor, kernel.shadow_page_least)
    return Limit(pages, kernel.shadow_page_min_free, kernel.shadow_page_refill, kernel.shadow_pages_at_once)


def pool(kernel: Kernel) -> Pool:
    """Return the kernel's kmalloc caches."""
    return Pool(kernel.kmalloc_buckets, kernel.page_bytes, kernel.page_bytes << kernel.max_page_order)


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


def sheaf_capacity(name: str, size: int, debug: str, kernel: Kernel) -> int:
    """Return the objects of a sheaf: by stride, or what the cache asks for if that is more."""
    if name in kernel.slub_no_sheaves or not slab.DEBUG_FLAGS.isdisjoint(debug):
        return 0
    return max(slab.by_size(size, kernel.slub_sheaf_capacity), dict(kernel.slub_own_sheaves).get(name, 0))


def sheaves(kernel: Kernel, host: Host) -> int:
    """Return the most sheaves that a cache of this host has, on CPUs and in the nodes' barns."""
    return host.cpus * kernel.slub_sheaves_per_cpu + host.nodes * kernel.slub_sheaves_per_node


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


def cpu_partial(kernel: Kernel, config: Config, stride: int) -> int:
    """Return the free objects that a CPU's partial slabs may have: none without CONFIG_SLUB_CPU_PARTIAL."""
    return slab.by_size(stride, kernel.slub_cpu_partial) if config.slub_cpu_partial else 0


def slabs_of_cpu(kernel: Kernel, config: Config, stride: int, per_slab: int) -> int:
    """Return the most slabs that one CPU keeps for itself: its own, and partial ones."""
    free = cpu_partial(kernel, config, stride)
    return 1 + slab.cpu_partial_slabs(free, per_slab, kernel.slub_cpu_partial_unit)
