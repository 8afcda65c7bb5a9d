"""How many tables mirror the guest's own: those of its memory, and what lists of SPTEs and of parents tell beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import mmu
from ptelist.engine.nested import Bounds
from ptelist.engine.page_tables import LEVEL_OF_LEAF, leaves
from ptelist.engine.windows import guest_ranges

if TYPE_CHECKING:
    from ptelist.scenario.models import Kernel, ListClass, Vm


def leaf(vm: Vm) -> str:
    """Return the size of the pages that the shadow tree maps."""
    return vm.l2_leaf if vm.nested else vm.leaf


def spread(kernel: Kernel, vm: Vm, tree: tuple[int, ...]) -> Bounds:
    """Return the least and the most tables, of which `tree` has those of memory, by level; none without a tree."""
    if not tree:
        return Bounds(0, 0)
    known = _known_entries(kernel, vm)
    least = sum(each.count * max(each.entries - known, 0) for each in vm.rmaps)
    most = sum(each.count * max(_longest(each) - known, 0) for each in vm.rmaps)
    plain = sum(tree)
    entries = least + (_leaves(kernel, vm) if known else 0)
    full = -(-entries // kernel.spte_ent_per_page) if least else 0
    if not known:
        above = vm.root_level - LEVEL_OF_LEAF[vm.leaf]
        low = full + above if full else plain
    else:
        level_1 = tree[0] if leaf(vm) == "4K" else plain
        low = plain - level_1 + max(level_1, full)
    parents = _of_parents(kernel, vm, max(full, tree[0]))
    low = max(low, parents.low)
    return Bounds(low, max(low, plain + most * (vm.root_level - 1) + parents.high))


def _of_parents(kernel: Kernel, vm: Vm, with_leaves: int) -> Bounds:
    """Return the least tables that there are with lists of parent SPTEs, and the most that they add to others.

    Each list is that of a table which is no root (kvm_mmu_page.parent_ptes). Its SPTEs lie in tables of a higher
    level, beside those `with_leaves` of 4K: at best as many in one as it has entries, at worst each in a table of
    its own, with tables above it up to the root.
    """
    if not vm.parent_ptes:
        return Bounds(0, 0)
    count = sum(each.count for each in vm.parent_ptes)
    least = sum(each.count * each.entries for each in vm.parent_ptes)
    most = sum(each.count * _longest(each) for each in vm.parent_ptes)
    holders = -(-least // kernel.spte_ent_per_page)
    below = max(with_leaves, 1) if leaf(vm) == "4K" else 1
    return Bounds(max(count + 1, below + holders), count + most * (vm.root_level - 2))


def _longest(lists: ListClass) -> int:
    return lists.entries if lists.entries_to is None else lists.entries_to


def _known_entries(kernel: Kernel, vm: Vm) -> int:
    """Return how many entries of a named list the plain trees have already.

    The one of the shadow tree; with the legacy MMU that of L1 beside it; none if
    the lists are all that is mapped.
    """
    if vm.mapped == "listed":
        return 0
    return 2 if mmu.tdp(kernel, vm) and not mmu.tdp_mmu(kernel, vm) else 1


def _leaves(kernel: Kernel, vm: Vm) -> int:
    """Return how many leaves map the memory of the shadow tree once."""
    memory = vm.l2_memory if vm.nested else vm.memory
    return leaves(guest_ranges(memory, vm.low_memory), leaf(vm), kernel.page_bytes)
