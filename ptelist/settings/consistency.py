"""What must hold between the fields of a scenario, beyond each one's range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import mmu, nested, slub_parameters
from ptelist.engine.lists.descriptors import MIN_EXT
from ptelist.settings import memory_consistency

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.scenario.models import Config, Host, Kernel, ListClass, Scenario, Vm

Problem = tuple[str, str, str]
"""Part ("kernel", "config", "host", "vms.0"), field, and what is wrong with it."""

TDP_UNKNOWN = "not known of a host with neither kvm_intel nor kvm_amd loaded"

MOST_ENTRIES = 1 << 52
"""More entries than there are bytes in a physical address space are no machine's."""


def problems(scenario: Scenario) -> Iterator[Problem]:
    """Yield what a kernel or a host could not be, most basic first."""
    kernel, host = scenario.kernel, scenario.host
    if host.possible_cpus is not None and host.possible_cpus < host.cpus:
        yield "host", "possible_cpus", f"{host.possible_cpus} possible CPUs are fewer than the {host.cpus} present"
    most = slub_parameters.max_order(kernel, host)
    if host.slub_min_order > most:
        yield (
            "host",
            "slub_min_order",
            f"{host.slub_min_order} is over the largest order, {most}: set slub_max_order too",
        )
    if list(kernel.kmalloc_buckets) != sorted(set(kernel.kmalloc_buckets)):
        yield "kernel", "kmalloc_buckets", "sizes must ascend"
    yield from _capacity(kernel)
    yield from _built(kernel, scenario.config, host)
    if kernel.tdp_default is None and any(vm.paging == "tdp" for vm in scenario.vms):
        yield "kernel", "tdp_default", f"{TDP_UNKNOWN}: say --paging tdp-mmu, tdp-legacy or shadow"
    for number, vm in enumerate(scenario.vms):
        yield from ((f"vms.{number}", field, text) for field, text in _vm(kernel, vm))
        yield from ((f"vms.{number}", field, text) for field, text in memory_consistency.problems(scenario, vm))
    yield from _modules(scenario)


def _modules(scenario: Scenario) -> Iterator[Problem]:
    """Yield the VM groups that want other parameters of the kvm modules than the first one."""
    kernel, first = scenario.kernel, scenario.first_vm
    for number, vm in enumerate(scenario.vms):
        if (mmu.tdp(kernel, vm), mmu.tdp_mmu(kernel, vm)) != (
            mmu.tdp(kernel, first),
            mmu.tdp_mmu(kernel, first),
        ):
            text = f'"{vm.paging}" beside "{first.paging}": tdp and tdp_mmu are the same for all VMs of a host'
            yield f"vms.{number}", "paging", text


def _built(kernel: Kernel, config: Config, host: Host) -> Iterator[Problem]:
    """Yield what this kernel, built as it is, cannot have."""
    if kernel.obj_ext == "pointer" and config.alloc_profiling:
        text = f"kernel {kernel.version} has no allocation profiling: it came with 21c690a349ba (in v6.10)"
        yield "config", "alloc_profiling", text
    if host.alloc_profiling != "off" and not config.alloc_profiling:
        text = f'"{host.alloc_profiling}", but config {config.name} is built without CONFIG_MEM_ALLOC_PROFILING'
        yield "host", "alloc_profiling", text
    if host.memcg and not config.memcg:
        yield "host", "memcg", f"on, but config {config.name} is built without CONFIG_MEMCG: use --memcg off"
    if host.nokmem and (host.memcg or not config.memcg):
        why = "with cgroup.memory=nokmem no object is accounted: use --memcg off"
        yield "host", "nokmem", why if host.memcg else f"config {config.name} is built without CONFIG_MEMCG"
    if host.external_write_tracking and not config.external_write_tracking and kernel.write_track_lazy != "never":
        text = f"on, but config {config.name} is built without CONFIG_KVM_EXTERNAL_WRITE_TRACKING"
        yield "host", "external_write_tracking", text


def _shadow_tables(kernel: Kernel, vm: Vm) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with how many shadow pages a run told of."""
    if vm.shadow_tables is None:
        return
    least, most = vm.shadow_tables
    if not mmu.shadow_root(kernel, vm):
        yield "shadow_tables", "there are no shadow pages without nested or paging shadow"
    if least > most:
        yield "shadow_tables", f"the most, {most}, is below the fewest, {least}"
    room = most * kernel.spte_ent_per_page
    for field in ("rmaps", "parent_ptes"):
        entries = sum(each.count * each.entries for each in getattr(vm, field))
        if entries > room:
            yield field, f"{entries:,} entries, more than the {room:,} of the {most:,} shadow pages of shadow_tables"


def _capacity(kernel: Kernel) -> Iterator[Problem]:
    if kernel.capacity_below_minimum:
        return
    minimum = mmu.desc_topup_min(kernel)
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


def _counts(vm: Vm) -> Iterator[tuple[str, str]]:
    if vm.peak_count is not None and vm.peak_count < vm.count:
        yield "peak_count", f"{vm.peak_count} VMs at the peak are fewer than the {vm.count} that are left"
    if vm.vcpus_run is not None and vm.vcpus_run > vm.vcpus:
        yield "vcpus_run", f"{vm.vcpus_run} vCPUs have run, but there are {vm.vcpus}"
    if vm.vcpus_run == 0:
        needing = [name for name in ("nested", "rmaps", "parent_ptes", "eager_split") if getattr(vm, name)]
        yield from (("vcpus_run", f"no vCPU has run, yet {name} is given: it comes of a run") for name in needing)


def _vm(kernel: Kernel, vm: Vm) -> Iterator[tuple[str, str]]:
    yield from _counts(vm)
    if vm.faults == "in-order" and (mmu.tdp(kernel, vm) or vm.mapped != "listed"):
        yield "faults", "in-order tells in which order listed gfns were mapped: it takes paging shadow, mapped listed"
    if vm.nested and not mmu.tdp(kernel, vm):
        yield "nested", "nested TDP needs TDP: use paging tdp, or leave nesting off"
    yield from _replacements(kernel, vm)
    yield from _shadow_tables(kernel, vm)
    if vm.eager_split and not kernel.split_caches:
        yield "eager_split", f"kernel {kernel.version} has no split caches: they came with ada51a9de737 (in v6.0)"
    if vm.eager_split and not (vm.nested and mmu.tdp_mmu(kernel, vm)):
        yield "eager_split", "split caches are filled for huge pages of a nested VM under the TDP MMU: needs nested"
    if vm.tdx:
        yield from (("tdx", text) for text in _tdx(kernel, vm))
    for field in ("rmaps", "parent_ptes"):
        if getattr(vm, field) and not mmu.uses_rmaps(kernel, vm):
            yield field, "the TDP MMU keeps no rmaps: needs nested, paging tdp-legacy or paging shadow"
        yield from ((field, text) for each in getattr(vm, field) if (text := _lists(each, field, kernel)))


def _replacements(kernel: Kernel, vm: Vm) -> Iterator[tuple[str, str]]:
    most = mmu.rmap_cap(kernel) - (1 if mmu.tdp_mmu(kernel, vm) else MIN_EXT)
    if nested.replaced(kernel, vm) > most:
        yield "l1_replacements", f"{vm.l1_replacements} orphans of a gfn empty its rmap list, so {most} are the most"


def _tdx(kernel: Kernel, vm: Vm) -> Iterator[str]:
    if not (kernel.external_spt_cache and mmu.tdp_mmu(kernel, vm)):
        yield f"needs the TDP MMU and an external page-table cache (in v6.14), got kernel {kernel.version}"
    if vm.leaf != "4K":
        yield f"private memory is mapped with 4K leaves only, got {vm.leaf}: use leaf 4K"
    if vm.nested:
        yield "a TDX guest cannot run nested VMs"
    if vm.private_memory is not None and vm.private_memory < vm.memory:
        yield "tables of memory that a TDX guest shares are not modelled: leave private_memory out"


def _lists(each: ListClass, field: str, kernel: Kernel) -> str:
    last = each.entries if each.entries_to is None else each.entries_to
    if last < each.entries:
        return f"entries_to {last} is below entries {each.entries}"
    if each.peak is not None and each.peak < last:
        return f"peak {each.peak} is below the {last} entries that a list has"
    longest = max(last, each.peak or 0)
    if field == "rmaps" and longest > (cap := mmu.rmap_cap(kernel)):
        return f"{longest} entries: the add that makes {cap + 1} empties an rmap list, so {cap} is the most"
    if field == "parent_ptes" and kernel.parent_ptes_cap and longest > (cap := kernel.parent_ptes_cap):
        which = kernel.stable or kernel.version
        return f"{longest} entries: kernel {which} zaps a shadow page with {cap} parents rather than link one more"
    if each.count * last > MOST_ENTRIES:
        return f"{each.count} lists of {last} entries are absurd: over 2^52 in all"
    return ""
