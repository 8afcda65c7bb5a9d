"""What is assumed of the VMs of one scenario, in clauses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.clause import CACHES, MEMORY, Clause, fine
from ptelist.engine import mmu
from ptelist.engine.guest_memory import USUAL_DIMM, address_spaces
from ptelist.engine.nested import KEPT
from ptelist.errors import PtelistError, Where
from ptelist.scenario import runs
from ptelist.scenario.presets.shipped import load
from ptelist.scenario.units import format_size

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


def each_group(scenario: Scenario, clauses: Callable[[Kernel, Vm], Iterable[Clause]]) -> Iterator[Clause]:
    """Yield what holds of all groups of VMs, then by name what holds of some only."""
    if len(scenario.vms) == 1:
        yield from clauses(scenario.kernel, scenario.first_vm)
        return
    said = [tuple(clauses(scenario.kernel, vm)) for vm in scenario.vms]
    common = [clause for clause in said[0] if all(clause in each for each in said)]
    yield from common
    names = [vm.name for vm in scenario.vms]
    for number, (name, each) in enumerate(zip(names, said, strict=True), 1):
        own = sorted((clause for clause in each if clause not in common), key=lambda clause: clause.fine)
        if own:
            called = name if names.count(name) == 1 else f"{name} (group {number})"
            yield own[0]._replace(text=f"{called}: {own[0].text}")
            yield from own[1:]


def size(vm: Vm, *, counted: bool = True) -> Clause:
    """Return how many VMs there are, unless that is not `counted`, and of how many vCPUs."""
    return Clause(f"{count(vm.count, 'VM') if counted else 'VMs'} of {count(vm.vcpus, 'vCPU')}")


def machine(kernel: Kernel, vm: Vm) -> Iterator[Clause]:
    """Yield what VMs are called, how they have run, and how they map memory."""
    yield fine(vm.name)
    if vm.vcpus_run is not None:
        yield Clause(f"{vm.vcpus_run} have run")
    else:
        yield fine("all have run" if vm.vcpus > 1 else "it has run")
    yield Clause(f"{format_size(vm.memory)} of {vm.leaf} leaves", about=MEMORY, key="leaf")
    yield Clause(f"{vm.leaf} leaves", about=MEMORY, key="leaf")
    if vm.dimms:
        dimms, each = count(vm.dimms, "DIMM"), format_size(vm.dimm_size or USUAL_DIMM)
        yield Clause(f"{dimms} of {each} beside its memory", about=MEMORY, key="dimms")
        yield Clause(f"{dimms} beside its memory", about=MEMORY, key="dimms")
    tdp = "tdp-mmu" if mmu.tdp_mmu(kernel, vm) else "tdp-legacy"
    yield Clause(PAGING[tdp if mmu.tdp(kernel, vm) else "shadow"])
    if vm.nested:
        yield from _nested(vm)
    else:
        yield fine("not nested")
    if vm.root_level != USUAL_ROOT_LEVEL:
        yield Clause(f"{vm.root_level}-level tables")
    flags = {"eager_split": "split caches filled", "dirty_log": "dirty logging", "tdx": "TDX"}
    yield from (Clause(text) for field, text in flags.items() if getattr(vm, field))
    if vm.dirty_ring:
        yield Clause(f"dirty rings of {vm.dirty_ring} entries")
    if vm.written is not None and (vm.dirty_log or vm.dirty_ring):
        yield Clause(f"{format_size(vm.written)} written", about=MEMORY, key="written")
        yield Clause(f"where writes are logged, {format_size(vm.written)} written", about=MEMORY, key="written")
    if vm.private_memory is not None:
        yield Clause(f"{format_size(vm.private_memory)} of private memory", about=MEMORY)
    if vm.smm and address_spaces(vm) > 1:
        yield fine("SMM memslots")


def _nested(vm: Vm) -> Iterator[Clause]:
    """Yield what L2 is; where only some columns are nested, or by more or less, at least its leaves."""
    memory = format_size(vm.l2_memory)
    yield Clause(f"nested (L2 has {memory} of {vm.l2_leaf} leaves)", about=MEMORY, key="L2")
    yield Clause(f"where nested, L2 has {memory} of {vm.l2_leaf} leaves", about=MEMORY, key="L2")
    yield Clause(f"L2 has {vm.l2_leaf} leaves", about=MEMORY, key="L2")
    if vm.l2_smm:
        yield fine("L2 with SMM")
    if vm.l1_replacements:
        yield Clause(f"L1 replaced its tables {vm.l1_replacements} times")


def caches(kernel: Kernel, vm: Vm) -> Iterator[Clause]:
    """Yield how full the memory caches of vCPUs are."""
    if vm.caches == "topped-up":
        yield Clause("full: each memory cache holds its capacity, beside all that was drawn from it", about=CACHES)
    elif not (mmu.tables_freed(kernel, vm) or mmu.entries_removed(kernel, vm)):
        yield Clause("filled at each vCPU's first KVM_RUN", about=CACHES)
        yield fine("then tables and descriptors were drawn from them and none was freed")
    else:
        yield Clause("used since the last top-up; how much is unknown, hence a range", about=CACHES)
        what = "tables and descriptors" if mmu.tables_freed(kernel, vm) else "descriptors"
        yield fine(f"{what} were freed since")


def mapping(kernel: Kernel, vm: Vm) -> Iterator[Clause]:
    """Yield which memory is mapped, by which memslots and roots."""
    if vm.populated is not None and mmu.tdp(kernel, vm):
        yield Clause(f"{format_size(vm.populated)} of memory touched, from 0 up", about=MEMORY)
    elif vm.mapped == "all":
        yield fine("all memory mapped, contiguously")
    else:
        yield Clause("the listed gfns only are mapped", about=MEMORY)
    if vm.rmap_heads is None:
        yield fine(vm.memslots)
    else:
        yield Clause("memslots as published, rounded as one", about=MEMORY)
    yield fine("one root a tree")
    if vm.shadow_tables is not None:
        least, most = vm.shadow_tables
        yield Clause(f"{least}..{most} shadow pages, as a run told (shadow_tables)", about=MEMORY, key="run")
        yield Clause(f"where a run told them, {least}..{most} shadow pages (shadow_tables)", about=MEMORY, key="run")
    elif mmu.shadow_root(kernel, vm):
        text = (
            "shadow paging: guest page tables map each page once (but for the rmap lists given), all vCPUs share them"
        )
        yield Clause(text, about=MEMORY)
        yield fine("their leaves are those of the VM, or of L2")
    if mmu.uses_rmaps(kernel, vm):
        yield fine("default shadow-page limit")
    if vm.faults == "in-order":
        text = "gfns touched once, table after table, and no table written meanwhile (faults in-order)"
        yield Clause(text, about=MEMORY)


def lists(scenario: Scenario) -> str:
    """Return what rmap and parent_ptes lists went through."""
    if all(vm.history == "grown" for vm in scenario.vms):
        peaks = any(each.peak is not None for vm in scenario.vms for each in (*vm.rmaps, *vm.parent_ptes))
        if peaks:
            return f"entries have left those with a peak (policy {scenario.kernel.list_policy}), others only grew"
        return "only grew (no entry was removed)"
    return f"those named are of any history (policy {scenario.kernel.list_policy}), no other had two entries"


def another_run(scenario: Scenario) -> Iterator[Clause]:
    """Yield that shadow pages which a run told are not those of a VM, where it is other than in that run."""
    shadowed = (mmu.shadow_root(scenario.kernel, vm) for vm in scenario.vms)
    if any(has and runs.is_another(scenario, number) for number, has in enumerate(shadowed)):
        alone = "the shadow pages of the preset's run do not hold"
        yield Clause(f"{alone} for other memory or lists", about=MEMORY, key="another run")
        yield Clause(f"where memory or lists are others, {alone}", about=MEMORY, key="another run")


def evidence(scenario: Scenario, number: int, vm: Vm) -> Iterator[str]:
    """Yield that the lists of a VM were measured on a kernel that does otherwise with orphans, if they were."""
    if vm.measured_on is None:
        return
    lists, measured = (scenario.sources.get(f"vms.{number}.{field}") for field in ("rmaps", "measured_on"))
    if lists is None or measured is None or lists.said_by != measured.said_by:
        return  # there are no lists, or they are not those that were measured
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
