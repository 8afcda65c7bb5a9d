"""What KVM's counters of a VM say about its rmap lists, and about its shadow pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.readers.host import paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.readers.host.vms import Vm
    from ptelist.scenario.models import Kernel

LEAVES = ("pages_4k", "pages_2m", "pages_1g")
LONGEST = "max_mmu_rmap_size"

TELLING_COUNTERS = frozenset((paths.VCPUS, paths.RUN, *LEAVES, LONGEST))
"""Counters that say something when they are 0."""


def sentences(vm: Vm, kernel: Kernel) -> Iterator[str]:
    """Yield what the counters say, a sentence each."""
    stats = vm.stats
    longest = stats.get(LONGEST)
    if longest == 0:
        yield f"no rmap list ever held two entries ({LONGEST} 0), so none has a descriptor"
    elif longest:
        yield _longest(longest + 1, kernel)
    leaves = sum(stats.get(name, 0) for name in LEAVES)
    if longest and leaves and kernel.tdp_default is not None:
        if kernel.tdp_default and kernel.tdp_mmu_default:
            yield f"{leaves:,} leaf SPTEs: entries of rmap lists, but for those of the TDP MMU"
        else:
            yield f"{leaves:,} entries in all rmap lists: at most {leaves // 2:,} descriptors if no entry was removed"
    if "mmu_shadow_pages" in stats:
        yield f"{stats['mmu_shadow_pages']:,} headers are in use by shadow pages (mmu_shadow_pages), TDP MMU's apart"
    if stats.get("mmu_shadow_zapped"):
        yield f"{stats['mmu_shadow_zapped']:,} shadow pages were zapped: without TDP, with the legacy MMU, or for an L2"
    if stats.get("mmu_recycled"):
        yield f"{stats['mmu_recycled']:,} of them at the shadow-page limit: their lists were built again"
    if vm.rmaps_stat == ():
        yield "it has no rmap lists at all: the TDP MMU is on, and no shadow root ever was (mmu_rmaps_stat is empty)"
    elif vm.rmaps_stat:
        how = {"ffs": "the lowest set bit of a length, not by its magnitude", "fls": "the magnitude of a length"}
        yield f"mmu_rmaps_stat counts lists by {how.get(kernel.rmaps_stat, 'an unknown rule')}, on this kernel"


def _longest(entries: int, kernel: Kernel) -> str:
    """Say what the longest list tells; walking stops at the first descriptor with room, so may count too few."""
    most = "at least " if kernel.list_policy == "walk" else ""
    descriptors = -(-entries // kernel.pte_list_ext)
    return f"the longest rmap list so far had {most}{entries:,} entries: {descriptors:,} descriptors if it only grew"
