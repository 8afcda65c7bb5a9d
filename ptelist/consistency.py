"""What must hold between the fields of a scenario, beyond each one's range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import rules
from ptelist.engine.lists import MIN_EXT
from ptelist.engine.nested import ZAPPED
from ptelist.engine.pagetables import window
from ptelist.engine.windows import guest_ranges
from ptelist.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.scenario import Kernel, ListClass, Scenario, Vm

Problem = tuple[str, str, str]
"""Part ("kernel", "host", "vms.0"), field, and what is wrong with it."""

MOST_ENTRIES = 1 << 52
"""More entries than there are bytes in a physical address space are no machine's."""


def problems(scenario: Scenario) -> Iterator[Problem]:
    """Yield what a kernel or a host could not be, most basic first."""
    kernel, host = scenario.kernel, scenario.host
    if host.possible_cpus is not None and host.possible_cpus < host.cpus:
        yield "host", "possible_cpus", f"{host.possible_cpus} possible CPUs are fewer than the {host.cpus} present"
    most = rules.max_order(kernel, host)
    if host.slub_min_order > most:
        yield (
            "host",
            "slub_min_order",
            f"{host.slub_min_order} is over the largest order, {most}: set slub_max_order too",
        )
    if list(kernel.kmalloc_buckets) != sorted(set(kernel.kmalloc_buckets)):
        yield "kernel", "kmalloc_buckets", "sizes must ascend"
    yield from _capacity(kernel)
    for number, vm in enumerate(scenario.vms):
        yield from ((f"vms.{number}", field, text) for field, text in _vm(kernel, vm))
    yield from _modules(scenario)


def _modules(scenario: Scenario) -> Iterator[Problem]:
    """Yield the VM groups that want other parameters of the kvm modules than the first one."""
    kernel, first = scenario.kernel, scenario.vms[0]
    for number, vm in enumerate(scenario.vms):
        if (rules.tdp(kernel, vm), rules.tdp_mmu(kernel, vm)) != (
            rules.tdp(kernel, first),
            rules.tdp_mmu(kernel, first),
        ):
            text = f'"{vm.paging}" beside "{first.paging}": tdp and tdp_mmu are the same for all VMs of a host'
            yield f"vms.{number}", "paging", text


def _capacity(kernel: Kernel) -> Iterator[Problem]:
    if kernel.capacity_below_minimum:
        return
    minimum = rules.desc_topup_min(kernel)
    for field in ("pte_list_desc_capacity_tdp", "pte_list_desc_capacity", "cache_capacity"):
        capacity = getattr(kernel, field)
        if capacity is None or (capacity == 0 and field != "cache_capacity"):
            continue
        least = minimum
        if field == "cache_capacity" and kernel.pte_list_desc_capacity is not None:
            least = kernel.page_topup_min
        if capacity < least:
            text = (
                f"capacity {capacity} is below the top-up minimum of {least}, so a fault could find the cache too empty"
            )
            yield "kernel", field, text


def _vm(kernel: Kernel, vm: Vm) -> Iterator[tuple[str, str]]:
    if vm.vcpus_run is not None and vm.vcpus_run > vm.vcpus:
        yield "vcpus_run", f"{vm.vcpus_run} vCPUs have run, but there are {vm.vcpus}"
    if vm.vcpus_run == 0:
        needing = [name for name in ("nested", "rmaps", "parent_ptes", "eager_split") if getattr(vm, name)]
        yield from (("vcpus_run", f"no vCPU has run, yet {name} is given: it comes of a run") for name in needing)
    yield from _memory(kernel, vm)
    if vm.nested and not rules.tdp(kernel, vm):
        yield "nested", "nested TDP needs TDP: use paging tdp, or leave nesting off"
    yield from _replacements(kernel, vm)
    if vm.eager_split and not kernel.split_caches:
        yield "eager_split", f"kernel {kernel.version} has no split caches: they came with ada51a9de737 (in v6.0)"
    if vm.eager_split and not (vm.nested and rules.tdp_mmu(kernel, vm)):
        yield "eager_split", "split caches are filled for huge pages of a nested VM under the TDP MMU: needs nested"
    if vm.tdx:
        yield from (("tdx", text) for text in _tdx(kernel, vm))
    for field in ("rmaps", "parent_ptes"):
        if getattr(vm, field) and not rules.uses_rmaps(kernel, vm):
            yield field, "the TDP MMU keeps no rmaps: needs nested, paging tdp-legacy or paging shadow"
        cap = rules.rmap_cap(kernel) if field == "rmaps" else None
        yield from ((field, text) for each in getattr(vm, field) if (text := _lists(each, cap)))


def _replacements(kernel: Kernel, vm: Vm) -> Iterator[tuple[str, str]]:
    for field in ("l2_smm", "l1_replacements"):
        if getattr(vm, field) and not vm.nested:
            yield field, "there is no L2 without nested"
    most = rules.rmap_cap(kernel) - (1 if rules.tdp_mmu(kernel, vm) else MIN_EXT)
    if vm.nested and vm.l1_replacements > most and kernel.nested_orphans != ZAPPED:
        yield "l1_replacements", f"{vm.l1_replacements} orphans of a gfn empty its rmap list, so {most} are the most"


def _memory(kernel: Kernel, vm: Vm) -> Iterator[tuple[str, str]]:
    most = window(vm.root_level, kernel.page_bytes)
    if any(end > most for _, end in guest_ranges(vm.memory, vm.low_memory)):
        yield (
            "memory",
            f"{vm.root_level}-level tables map {format_size(most)} at most: use root_level 5, or less memory",
        )
    if vm.nested and vm.l2_memory > vm.memory:
        yield "l2_memory", f"L2 has {format_size(vm.l2_memory)} mapped, more than the {format_size(vm.memory)} of L1"
    if vm.mapped == "listed" and rules.tdp(kernel, vm):
        yield "mapped", '"listed" is for shadow paging: TDP tables follow from memory'


def _tdx(kernel: Kernel, vm: Vm) -> Iterator[str]:
    if not (kernel.external_spt_cache and rules.tdp_mmu(kernel, vm)):
        yield f"needs the TDP MMU and an external page-table cache (in v6.14), got kernel {kernel.version}"
    if vm.leaf != "4K":
        yield f"private memory is mapped with 4K leaves only, got {vm.leaf}: use leaf 4K"
    if vm.nested:
        yield "a TDX guest cannot run nested VMs"


def _lists(each: ListClass, cap: int | None) -> str:
    last = each.entries if each.entries_to is None else each.entries_to
    if last < each.entries:
        return f"entries_to {last} is below entries {each.entries}"
    if each.peak is not None and each.peak < last:
        return f"peak {each.peak} is below the {last} entries that a list has"
    longest = max(last, each.peak or 0)
    if cap is not None and longest > cap:
        return f"{longest} entries: the add that makes {cap + 1} empties an rmap list, so {cap} is the most"
    if each.count * last > MOST_ENTRIES:
        return f"{each.count} lists of {last} entries are absurd: over 2^52 in all"
    return ""
