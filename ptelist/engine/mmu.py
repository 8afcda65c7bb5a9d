"""How KVM's MMU works for a VM: with TDP or shadow paging, with rmap lists or without, and what bounds these."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ptelist.scenario.models import Kernel, Vm


def tdp(kernel: Kernel, vm: Vm) -> bool:
    """Return whether the hardware walks EPT or NPT for this VM: module parameter ept or npt."""
    return bool(kernel.tdp_default) if vm.paging == "tdp" else vm.paging != "shadow"


def tdp_mmu(kernel: Kernel, vm: Vm) -> bool:
    """Return whether the TDP MMU is in use: with TDP, module parameter tdp_mmu."""
    return vm.paging == "tdp-mmu" or (vm.paging == "tdp" and bool(kernel.tdp_default) and kernel.tdp_mmu_default)


def shadow_root(kernel: Kernel, vm: Vm) -> bool:
    """Return whether a shadow root was ever allocated: no TDP, or an L2 ran."""
    return vm.nested or not tdp(kernel, vm)


def uses_rmaps(kernel: Kernel, vm: Vm) -> bool:
    """Return what kvm_memslots_have_rmaps() says: TDP MMU off, or a shadow root."""
    return shadow_root(kernel, vm) or not tdp_mmu(kernel, vm)


def tables_freed(kernel: Kernel, vm: Vm) -> bool:
    """Return whether tables may have been freed: by any history, in a run, or as L1 replaced them and KVM zapped them.

    A VM that ran, and told its shadow pages, had others: its firmware deletes memslots, which zaps all tables
    (kvm_mmu_zap_all_fast()).
    """
    return (
        vm.history == "any"
        or vm.shadow_tables is not None
        or (vm.nested and vm.l1_replacements > 0 and kernel.nested_orphans == "zapped")
    )


def entries_removed(kernel: Kernel, vm: Vm) -> bool:
    """Return whether entries may have left lists, and descriptors with them."""
    lists = (*vm.rmaps, *vm.parent_ptes)
    return any(each.peak is not None for each in lists) or (
        tables_freed(kernel, vm) and (vm.history == "any" or bool(lists))
    )


def ext(kernel: Kernel, vm: Vm) -> int:
    """Return PTE_LIST_EXT in force; a proposal makes it depend on TDP."""
    value: int = getattr(kernel, ext_field(kernel, vm))
    return value


def ext_field(kernel: Kernel, vm: Vm) -> str:
    """Return the name of the field that has the PTE_LIST_EXT in force."""
    return "pte_list_ext_tdp" if kernel.pte_list_ext_tdp is not None and tdp(kernel, vm) else "pte_list_ext"


def desc_topup_min(kernel: Kernel) -> int:
    """Return 1 + PT64_ROOT_MAX_LEVEL + PTE_PREFETCH_NUM."""
    return 1 + kernel.pt64_root_max_level + kernel.pte_prefetch_num


def desc_capacity_field(kernel: Kernel, vm: Vm) -> str:
    """Return the name of the field with the vCPU pte_list_desc cache's capacity."""
    if tdp(kernel, vm) and kernel.pte_list_desc_capacity_tdp is not None:
        return "pte_list_desc_capacity_tdp"
    return "cache_capacity" if kernel.pte_list_desc_capacity is None else "pte_list_desc_capacity"


def desc_capacity(kernel: Kernel, vm: Vm) -> int:
    """Return how many pte_list_desc objects a vCPU's cache has room for."""
    capacity: int = getattr(kernel, desc_capacity_field(kernel, vm))
    return capacity


def tops_up_desc(kernel: Kernel, vm: Vm) -> bool:
    """Return whether vCPUs top up their pte_list_desc caches: always, or by a proposal where KVM uses rmaps."""
    return kernel.topup_pte_list_desc == "always" or uses_rmaps(kernel, vm)


def rmap_cap(kernel: Kernel) -> int:
    """Return the most entries of a stable rmap list.

    An add is followed by a zap of the whole list when it held more than
    RMAP_RECYCLE_THRESHOLD before.
    """
    return kernel.rmap_recycle_threshold + 1
