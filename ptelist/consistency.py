"""What must hold between the fields of a scenario, beyond each one's range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.scenario import Kernel, Scenario, Vm

Problem = tuple[str, str, str]
"""Part ("kernel", "host", "vms.0"), field, and what is wrong with it."""

MOST_DESCRIPTORS = 1 << 62
"""Beyond this a figure says nothing about any machine."""


def problems(scenario: Scenario) -> Iterator[Problem]:
    """Yield what a kernel or a host could not be, most basic first."""
    kernel, host = scenario.kernel, scenario.host
    if host.possible_cpus is not None and host.possible_cpus < host.cpus:
        yield "host", "possible_cpus", f"{host.possible_cpus} possible CPUs are fewer than the {host.cpus} present"
    if host.nodes > host.cpus:
        yield "host", "nodes", f"{host.nodes} nodes need at least as many CPUs, got {host.cpus}"
    if host.slub_min_order > rules.max_order(kernel, host):
        yield "host", "slub_min_order", f"{host.slub_min_order} is over the largest order, {rules.max_order(kernel, host)}"
    yield from _capacity(kernel)
    for number, vm in enumerate(scenario.vms):
        yield from ((f"vms.{number}", field, text) for field, text in _vm(kernel, vm))
    first = scenario.vms[0]
    for number, vm in enumerate(scenario.vms):
        if rules.tdp(vm) != rules.tdp(first) or rules.tdp_mmu(kernel, vm) != rules.tdp_mmu(kernel, first):
            yield f"vms.{number}", "paging", (
                f'"{vm.paging}" beside "{first.paging}": tdp and tdp_mmu are parameters of the kvm modules, the same for all VMs of a host'
            )


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
            yield "kernel", field, (
                f"capacity {capacity} is below the top-up minimum of {least}: a fault could find the cache too empty; use {least} or more"
            )


def _vm(kernel: Kernel, vm: Vm) -> Iterator[tuple[str, str]]:
    if vm.vcpus_run is not None and vm.vcpus_run > vm.vcpus:
        yield "vcpus_run", f"{vm.vcpus_run} vCPUs have run, but there are {vm.vcpus}"
    if vm.nested and not rules.tdp(vm):
        yield "nested", "nested TDP needs TDP: use paging tdp, or leave nesting off"
    if vm.eager_split and not (vm.nested and rules.tdp_mmu(kernel, vm)):
        yield "eager_split", "split caches are only filled for huge pages of a nested VM under the TDP MMU: needs nested"
    if vm.eager_split and not kernel.split_caches:
        yield "eager_split", f"kernel {kernel.version} has no split caches: they came with ada51a9de737 (in v6.0)"
    if vm.tdx and not (kernel.external_spt_cache and rules.tdp_mmu(kernel, vm)):
        yield "tdx", f"TDX needs the TDP MMU and an external page-table cache, 3a4eb364a46d (in v6.14), got {kernel.version}"
    if vm.tdx and vm.nested:
        yield "tdx", "a TDX guest cannot run nested VMs"
    has_lists = rules.uses_rmaps(kernel, vm)
    cap = rules.rmap_cap(kernel)
    for field in ("rmaps", "parent_ptes"):
        classes = getattr(vm, field)
        if classes and not has_lists:
            yield field, "the TDP MMU keeps no rmaps: needs nested, paging tdp-legacy or paging shadow"
        for part in classes:
            last = part.entries if part.entries_to is None else part.entries_to
            if last < part.entries:
                yield field, f"entries_to {last} is below entries {part.entries}"
            if field == "rmaps" and last > cap:
                yield field, f"{last} entries: the add that makes {cap + 1} empties an rmap list, so {cap} is the most"
            if part.count * last > MOST_DESCRIPTORS:
                yield field, f"{part.count} lists of {last} entries are absurd"


