"""What is assumed of the VMs of one scenario, in clauses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import mmu
from ptelist.engine.guest_memory import address_spaces
from ptelist.engine.nested import KEPT
from ptelist.errors import PtelistError, Where
from ptelist.presets.shipped import load
from ptelist.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ptelist.scenario.models import Kernel, Scenario, Vm

PAGING = {
    "shadow": "shadow paging (no EPT or NPT)",
    "tdp-mmu": "TDP MMU",
    "tdp-legacy": "TDP with the legacy MMU (tdp_mmu=0)",
}

ORPHANS = {"kept": "keeps", "zapped": "zaps"}
"""What a kernel does with the shadow pages of tables that L1 replaced, as a verb."""

USUAL_ROOT_LEVEL = 4
"""Of page tables; five-level ones are told."""


def each_group(scenario: Scenario, clauses: Callable[[Kernel, Vm], Iterable[str]]) -> Iterator[str]:
    """Yield what holds of all groups of VMs, then by name what holds of some only."""
    if len(scenario.vms) == 1:
        yield from clauses(scenario.kernel, scenario.first_vm)
        return
    said = [tuple(clauses(scenario.kernel, vm)) for vm in scenario.vms]
    common = [clause for clause in said[0] if all(clause in each for each in said)]
    yield from common
    names = [vm.name for vm in scenario.vms]
    for number, (name, each) in enumerate(zip(names, said, strict=True), 1):
        own = [clause for clause in each if clause not in common]
        if own:
            called = name if names.count(name) == 1 else f"{name} (group {number})"
            yield f"{called}: {', '.join(own)}"


def machine(kernel: Kernel, vm: Vm) -> Iterator[str]:
    """Yield how many VMs there are, of what size, and how they map memory."""
    yield vm.name
    run = "all have run" if vm.vcpus > 1 else "has run"
    if vm.vcpus_run is not None:
        run = f"{vm.vcpus_run} have run"
    yield f"{count(vm.count, 'VM')} of {count(vm.vcpus, 'vCPU')} ({run})"
    yield f"{format_size(vm.memory)} of {vm.leaf} leaves"
    tdp = "tdp-mmu" if mmu.tdp_mmu(kernel, vm) else "tdp-legacy"
    yield PAGING[tdp if mmu.tdp(kernel, vm) else "shadow"]
    yield _nested(vm) if vm.nested else "not nested"
    if vm.root_level != USUAL_ROOT_LEVEL:
        yield f"{vm.root_level}-level tables"
    flags = {"eager_split": "split caches filled", "dirty_log": "dirty logging", "tdx": "TDX"}
    yield from (text for field, text in flags.items() if getattr(vm, field))
    if vm.dirty_ring:
        yield f"dirty rings of {vm.dirty_ring} entries"
    if vm.written is not None:
        yield f"{format_size(vm.written)} written"
    if vm.private_memory is not None:
        yield f"{format_size(vm.private_memory)} of private memory"
    if vm.smm and address_spaces(vm) > 1:
        yield "SMM memslots"


def _nested(vm: Vm) -> str:
    smm = ", SMM" if vm.l2_smm else ""
    times = f"; L1 replaced its tables {vm.l1_replacements} times" if vm.l1_replacements else ""
    return f"nested (L2 has {format_size(vm.l2_memory)} of {vm.l2_leaf} leaves{smm}{times})"


def caches(kernel: Kernel, vm: Vm) -> Iterator[str]:
    """Yield how full the memory caches of vCPUs are."""
    if vm.caches == "topped-up":
        yield "full: each memory cache holds its capacity, beside all that was drawn from it"
    elif not (mmu.tables_freed(kernel, vm) or mmu.entries_removed(kernel, vm)):
        yield "filled at each vCPU's first KVM_RUN, then tables and descriptors were drawn from them; none was freed"
    else:
        what = "tables and descriptors" if mmu.tables_freed(kernel, vm) else "descriptors"
        yield f"drawn from since the last top-up; {what} were freed since, so how many is open"


def mapping(kernel: Kernel, vm: Vm) -> Iterator[str]:
    """Yield which memory is mapped, by which memslots and roots."""
    if vm.populated is not None and mmu.tdp(kernel, vm):
        yield f"{format_size(vm.populated)} of memory touched, from 0 up"
    else:
        yield "all memory mapped, contiguously" if vm.mapped == "all" else "the listed gfns only are mapped"
    yield vm.memslots if vm.rmap_heads is None else "memslots as published, rounded as one"
    yield "one root a tree"
    if mmu.shadow_root(kernel, vm):
        yield "guest tables map a page once with the same leaves but for the lists"
        yield "each vCPU has used them"
    if mmu.uses_rmaps(kernel, vm):
        yield "default shadow-page limit"
    if vm.faults == "in-order":
        yield "gfns touched once, table after table, and no table written meanwhile (faults in-order)"


def lists(scenario: Scenario) -> str:
    """Return what rmap and parent_ptes lists went through."""
    if all(vm.history == "grown" for vm in scenario.vms):
        peaks = any(each.peak is not None for vm in scenario.vms for each in (*vm.rmaps, *vm.parent_ptes))
        if peaks:
            return f"entries have left those with a peak (policy {scenario.kernel.list_policy}), others only grew"
        return "only grew (no entry was removed)"
    return f"those named are of any history (policy {scenario.kernel.list_policy}), no other had two entries"


def evidence(scenario: Scenario, number: int, vm: Vm) -> Iterator[str]:
    """Yield that the lists of a VM were measured on a kernel that does otherwise with orphans, if they were."""
    if vm.measured_on is None:
        return
    told_by, measured = (scenario.sources[f"vms.{number}.{field}"].said_by for field in ("rmaps", "measured_on"))
    if told_by != measured:
        return
    here, there = scenario.kernel.nested_orphans, _orphans(vm.measured_on)
    if here != there:
        yield (
            f"the rmap lists of {vm.name} were measured on {vm.measured_on}, which {ORPHANS[there]} the shadow pages of"
            f" tables that L1 replaced; {scenario.kernel.version} {ORPHANS[here]} them, so its lists would be"
            f" {'shorter' if there == KEPT else 'longer'} (kernel.nested_orphans)"
        )


def _orphans(version: str) -> str:
    """Return what a kernel does with the shadow pages of replaced tables."""
    try:
        orphans: str = load(version, "kernels").overlay.kernel["nested_orphans"].value
    except PtelistError as error:
        raise PtelistError(str(error), Where(field="vm.measured_on")) from None
    return orphans


def count(number: int, what: str) -> str:
    """Return 1 VM, or 2 VMs."""
    return f"{number} {what}{'' if number == 1 else 's'}"
