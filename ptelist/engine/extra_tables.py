"""Page tables beside those of guest memory: dirty logging, devices, SMM, executable huge pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import mmu
from ptelist.engine.guest_memory import touched_ram
from ptelist.engine.ledger import Term, Unit, nothing, product, rule, total
from ptelist.engine.page_tables import tables, window
from ptelist.engine.recorded import remembered
from ptelist.engine.windows import FOUR_GIB, guest_ranges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.engine.facts import Facts
    from ptelist.engine.windows import Range
    from ptelist.scenario.models import Host, Kernel, Vm

B, PAGES = Unit.BYTES, Unit.PAGES


def eager(kernel: Kernel, vm: Vm) -> bool:
    """Return whether dirty logging splits huge pages eagerly, with tables that are not drawn from vCPU caches.

    tdp_mmu_alloc_sp_for_split() allocates them itself (read in 6.1 and 7.3).
    """
    return kernel.eager_page_split and mmu.tdp_mmu(kernel, vm)


def split(facts: Facts, kernel: Kernel, vm: Vm, number: int) -> Term:
    """Return the tables that mapping TDP leaves at 4K makes once dirty logging is on.

    A huge page is split when its part of the log is cleared (eagerly), or mapped anew at 4K when it is written
    (kvm_mmu_hugepage_adjust()). `written` bytes need tables for as few, or as many, windows as they can lie in.
    """
    if not (vm.dirty_log or vm.dirty_ring) or vm.leaf == "4K" or not mmu.tdp(kernel, vm):
        return nothing("split_tables", PAGES, "no huge page of a VM with dirty logging")
    most = _split(touched_ram(vm), kernel, vm)
    if vm.written is None:
        why = "none before pages are written or their log is cleared, all of 4K when it has been for each"
        return rule("split_tables", 0, most, PAGES, why, facts.vm(number, "memory", B))
    given = facts.vm(number, "written", B)
    size = window(1, kernel.page_bytes)
    ram = sum(end - first for first, end in touched_ram(vm))
    if vm.written >= ram:
        return rule("split_tables", most, most, PAGES, "all memory is mapped at 4K", given)
    # at best the bytes lie in windows that need a table anyway, for a memslot begins or ends there
    edges = 2 * len(touched_ram(vm)) * (size - kernel.page_bytes)
    low = min(most, max(0, vm.written - edges) // size)
    high = min(most, vm.written // kernel.page_bytes * (vm.root_level - 1))
    return rule("split_tables", low, high, PAGES, "a table for each 2 MiB window that was written", given)


def _split(spans: tuple[Range, ...], kernel: Kernel, vm: Vm) -> int:
    """Return how many more tables ranges need with 4K leaves."""
    small, large = (sum(tables(spans, leaf, vm.root_level, kernel.page_bytes)) for leaf in ("4K", vm.leaf))
    return small - large


def executable(kernel: Kernel, vm: Vm, *, itlb_multihit: bool) -> int:
    """Return the most tables that executing from huge pages makes where these may not be executable.

    account_nx_huge_page(), module parameter nx_huge_pages: on where the CPU has iTLB multihit.
    """
    if not itlb_multihit or vm.leaf == "4K" or not mmu.tdp(kernel, vm):
        return 0
    return _split(touched_ram(vm), kernel, vm)


def devices(kernel: Kernel, vm: Vm) -> int:
    """Return the most tables that touching firmware, frame buffers and MMIO makes beside those of RAM.

    An MMIO page has an SPTE at level 1 that remembers the access, and tables down to it.
    """
    if not vm.devices or not mmu.tdp(kernel, vm):
        return 0
    return _beside_ram(vm.devices, touched_ram(vm), vm.root_level, kernel.page_bytes)


@remembered
def _beside_ram(spans: tuple[Range, ...], ram: tuple[Range, ...], root_level: int, page_bytes: int) -> int:
    """Return the tables below the root that ranges need and RAM has not, but for those with leaves."""
    count = 0
    for level in range(1, root_level):
        size = window(level, page_bytes)
        known = _windows(ram, size) if level > 1 else set()
        count += len(_windows(spans, size) - known)
    return count


def _windows(spans: tuple[Range, ...], size: int) -> set[int]:
    """Return the windows below 4 GiB that ranges touch: the devices of a layout lie there."""
    found: set[int] = set()
    for first, end in spans:
        found.update(range(first // size, (min(end, FOUR_GIB) - 1) // size + 1))
    return found


def smm(kernel: Kernel, vm: Vm) -> int:
    """Return the most tables of a TDP tree for SMM, which has a root of its own once a vCPU was in SMM.

    The handler runs in SMRAM and calls code at the top of RAM below 4 GiB (SeaBIOS).
    """
    if not (vm.smm and vm.smm_touches and mmu.tdp(kernel, vm)):
        return 0
    low = max((end for _, end in guest_ranges(vm.memory, vm.low_memory)[:1]), default=0)
    top = max(low - window(1, kernel.page_bytes), 0)
    spans = (*vm.smm_touches, (top, low)) if top >= vm.smm_touches[-1][1] else vm.smm_touches
    return sum(tables(spans, "4K", vm.root_level, kernel.page_bytes))


def beside(kernel: Kernel, host: Host, vm: Vm) -> dict[str, Term]:
    """Return how many tables there may be beside those counted, by name; those that this VM has not are left out."""
    return {name: rule("tables", 0, most, PAGES, why) for name, most, why in _beside(kernel, host, vm) if most}


def _beside(kernel: Kernel, host: Host, vm: Vm) -> Iterator[tuple[str, int, str]]:
    """Yield a name, the most tables, and why."""
    yield "device_tables", devices(kernel, vm), "firmware, frame buffers and MMIO, each 2 MiB window that is touched"
    yield "smm_tables", smm(kernel, vm), "a tree of its own once a vCPU was in SMM, for what the handler touches"
    most = executable(kernel, vm, itlb_multihit=host.itlb_multihit)
    yield "nx_split_tables", most, "huge pages that were executed from, mapped at 4K until they are recovered"


def with_headers(facts: Facts, name: str, count: Term) -> Term:
    """Return so many tables with their headers, as bytes."""
    each = total("table", B, (facts.kernel("page_bytes", B), facts.kernel("kvm_mmu_page_bytes", B)))
    return product(name, B, count, each)
