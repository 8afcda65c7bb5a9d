"""What nested TDP keeps and needs beside the plain trees.

Orphans: where L1 replaces a table of its own TDP tree, kernels before 69397c92de77 (in v7.2) unlink the shadow page
below it and leave it (kvm_mmu_pte_write(), later kvm_mmu_track_write(), hands no invalid_list to mmu_page_zap_pte()):
its entries stay in the rmap lists until the shadow page is recycled or the VM ends. Later kernels zap it with its
children.

SMM: an L2 that has it makes L1 keep a second TDP tree for it, which KVM shadows from a root of its own.

Huge pages: account_shadowed() forbids them where a table of L1's lies. A window that was mapped by a larger leaf is
split once L1 writes the table again, so that the write is seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import mmu
from ptelist.engine.lists.descriptors import MIN_EXT
from ptelist.engine.page_tables import LEVEL_OF_LEAF, leaves, shared_leaves, window
from ptelist.engine.windows import covered, guest_ranges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.scenario.models import Kernel, Vm

KEPT = "kept"
SMM_WINDOWS = 2
"""Where firmware's SMM code has memory: near the bottom, and in the flash below 4 GiB."""


class Bounds(NamedTuple):
    """A least and a most number of tables."""

    low: int
    high: int


class Repeated(NamedTuple):
    """So many gfns, each with so many SPTEs, that no list of the VM names."""

    gfns: int
    entries: int


def replaced(kernel: Kernel, vm: Vm) -> int:
    """Return how many shadow pages of replaced tables are kept for one that is in use."""
    return vm.l1_replacements if vm.nested and kernel.nested_orphans == KEPT else 0


def orphans(kernel: Kernel, vm: Vm, tables: tuple[int, ...]) -> int:
    """Return the shadow pages that KVM keeps of tables that L1 has replaced: of all that hold leaves for L2.

    `tables` are those of L2's tree by level.
    """
    return replaced(kernel, vm) * sum(tables[: LEVEL_OF_LEAF[vm.l2_leaf]])


def smm_tree(vm: Vm) -> Bounds:
    """Return the tables of L2's second tree: one a level at least, and one more a further window."""
    if not (vm.nested and vm.l2_smm):
        return Bounds(0, 0)
    below_root = 2 * (SMM_WINDOWS - 1)  # the second window is in another GiB: a page directory and a page table
    return Bounds(vm.root_level, vm.root_level + below_root)


def smm_above(vm: Vm, level: int) -> int:
    """Return how many tables of L2's second tree lie above a level."""
    return max(vm.root_level - level, 0) if smm_tree(vm).high else 0


def reasons(kernel: Kernel, vm: Vm, split: int) -> list[str]:
    """Return why there are more tables than the plain trees have, or may be."""
    found = []
    told = vm.shadow_tables is not None  # with these among them
    if replaced(kernel, vm) and not told:
        found.append("shadow pages of tables that L1 replaced stay (kernel.nested_orphans)")
    if smm_tree(vm).high and not told:
        found.append("L2's tree for SMM has one or two windows")
    if split:
        found.append("L1's memory that holds its own tables is mapped at 4K once L1 writes them")
    return found


def fields(vm: Vm) -> tuple[str, ...]:
    """Return the numbers of the VM that decide it."""
    return ("l1_replacements",) if vm.nested and vm.l1_replacements else ()


def grown(kernel: Kernel, vm: Vm, tables: tuple[int, ...], plain: tuple[int, int]) -> tuple[int, int]:
    """Return the least and the most shadow pages: those of the plain trees, and these here."""
    kept, smm = orphans(kernel, vm, tables), smm_tree(vm)
    return plain[0] + kept + smm.low, plain[1] + kept + smm.high


def split_windows(kernel: Kernel, vm: Vm, pages: int) -> int:
    """Return the most tables that L1's tree gets because `pages` of its memory hold tables of L1's own.

    At most one a page and level below the leaf, and no more than the windows that a leaf maps whole. None of it is
    sure: a table that L1 never writes again leaves the window as it is.
    """
    if not vm.nested:
        return 0
    spans = guest_ranges(vm.memory, vm.low_memory)
    sizes = [window(level, kernel.page_bytes) for level in range(1, LEVEL_OF_LEAF[vm.leaf])]
    return sum(min(pages, sum(covered(span, size) for span in spans)) for size in sizes)


def repeated(kernel: Kernel, vm: Vm, room: int) -> Iterator[Repeated]:
    """Yield the gfns that L2 maps and that no rmap list of the VM names, by how many SPTEs each has.

    One in L2's tree, and one in each orphan that mapped it; with the legacy MMU also that of L1, if it is of the same
    size. `room` is the most tables with leaves that there can be: a gfn has one SPTE in each at most.
    """
    if not vm.nested:
        return
    kept = min(replaced(kernel, vm), max(room - 1, 0))
    l1, l2 = ((guest_ranges(memory, vm.low_memory), leaf) for memory, leaf in _trees(vm))
    mapped = leaves(*l2, kernel.page_bytes)
    shared = 0 if mmu.tdp_mmu(kernel, vm) else shared_leaves(l1, l2, kernel.page_bytes)
    listed = sum(each.count for each in vm.rmaps)
    if shared:
        yield Repeated(max(shared - listed, 0), MIN_EXT + kept)
    if kept and mapped > shared:
        yield Repeated(max(mapped - max(shared, listed), 0), 1 + kept)


def _trees(vm: Vm) -> tuple[tuple[int, str], tuple[int, str]]:
    return (vm.memory, vm.leaf), (vm.l2_memory, vm.l2_leaf)
