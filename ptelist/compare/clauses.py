"""What one scenario takes for granted, topic by topic, in clauses."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import mmu
from ptelist.engine.guest_memory import address_spaces
from ptelist.engine.nested import KEPT
from ptelist.errors import PtelistError, Where
from ptelist.presets.shipped import load
from ptelist.presets.versions import version_key
from ptelist.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ptelist.scenario.models import Host, Kernel, Scenario, Vm

PROPOSAL, UNVERIFIED = "proposal", "UNVERIFIED"
"""Topics of which there are several, each about another proposal or field."""


class Topic(NamedTuple):
    """What statements are about; those of several scenarios on one topic are held against each other."""

    name: str
    about: str = ""
    """Which proposal or field."""
    group: int = 0
    """The number of the group of VMs."""


Statement = tuple[str, ...]
"""Clauses about one topic, joined by commas."""

FILLING = {
    "packed": "packed, as one CPU fills them",
    "spread": "filled by any number of CPUs, each its own",
    "aged": "VMs came and went, SLUB moves no object, so any slab may be partly filled (small objects fragment worse:"
    " a slab of more of them is less often empty)",
}

PAGING = {
    "shadow": "shadow paging (no EPT or NPT)",
    "tdp-mmu": "TDP MMU",
    "tdp-legacy": "TDP with the legacy MMU (tdp_mmu=0)",
}

ORPHANS = {"kept": "keeps", "zapped": "zaps"}
"""What a kernel does with them, as a verb."""


def topics(scenario: Scenario, *, releases: bool) -> Iterator[tuple[Topic, Statement]]:
    """Yield what is assumed by topic; VM groups are told apart by their number."""
    kernel, host = scenario.kernel, scenario.host
    yield Topic("kernel"), (_kernel(kernel, kernel.release if releases else ""),)
    yield Topic("config"), tuple(_config(scenario))
    yield Topic("host"), (*_host(host), *_processor(scenario))
    for number, vm in enumerate(scenario.vms):
        yield Topic("vm", group=number), tuple(_vm(kernel, vm))
    yield Topic("caches"), tuple(_each(scenario, _caches))
    if any(mmu.uses_rmaps(kernel, vm) for vm in scenario.vms):
        yield Topic("lists"), (_lists(scenario),)
    for number, vm in enumerate(scenario.vms):
        yield from ((Topic("evidence", group=number), (text,)) for text in _evidence(scenario, number, vm))
    yield Topic("mapping"), tuple(_each(scenario, _mapping))
    yield Topic("slabs"), (_slabs(scenario),)
    for name in scenario.proposals:
        if name != "none":
            yield Topic(PROPOSAL, name), (scenario.sources[f"proposals.{name}"].text,)


def _slabs(scenario: Scenario) -> str:
    """Return how slabs were filled; one clause, for no part of it holds of another filling."""
    text = f"{FILLING[scenario.host.filling]}, by KVM alone (beside: bytes.retained)"
    peaks = [vm.peak_count for vm in scenario.vms if vm.peak_count is not None]
    if not peaks:
        return text
    if scenario.host.filling != "aged":
        return f"{text}, a fresh host: the peak changes nothing"
    from ptelist.engine.history import SEEDS  # noqa: PLC0415 -- for simulations only

    most = sum(vm.peak_count or vm.count for vm in scenario.vms)
    left = sum(vm.count for vm in scenario.vms)
    return (
        f"{text}; {most} VMs at the peak; figures named typical are simulated and no bound: the {_count(most, 'VM')}"
        f" start, random ones end until {left} {'is' if left == 1 else 'are'} left, each on a random CPU,"
        f" {len(SEEDS)} runs"
    )


def unverified(scenario: Scenario) -> Iterator[tuple[Topic, Statement]]:
    """Yield what is not verified of a kernel."""
    for path, source in scenario.sources.items():
        if path.startswith("kernel.") and source.unverified:
            yield Topic(UNVERIFIED, path), (source.text,)


def _kernel(kernel: Kernel, release: str) -> str:
    release = f"{release}, as " if release else ""
    if kernel.stable:
        release = f"{release}{kernel.stable} of "
    if kernel.seen:
        return f"{release}{kernel.version} (tree {kernel.tree})"
    return f"{release}{kernel.version}, UNVERIFIED: read in no tree of its own ({kernel.tree})"


def _config(scenario: Scenario) -> Iterator[str]:
    """Yield the configuration's name, and what figures depend on where it is not as upstream has it."""
    kernel, config = scenario.kernel, scenario.config
    yield config.name
    if config.release and version_key(config.release) != version_key(kernel.version):
        yield f"of Linux {config.release}, not of {kernel.version}"
    if config.external_write_tracking and kernel.write_track_forced == "if_built":
        yield "external write tracking built"
    if not config.memcg:
        yield "no memory controller"
    if config.alloc_profiling:
        yield "allocation profiling built"
    if kernel.slub_cpu_partial and not config.slub_cpu_partial:
        yield "no per-CPU partial slabs"


def _host(host: Host) -> Iterator[str]:
    yield host.name
    possible = f" of {host.possible_cpus} possible" if host.possible_cpus else ""
    yield _count(host.cpus, "CPU") + possible
    yield _count(host.nodes, "node")
    yield "memcg on (VMM in a cgroup)" if host.memcg else "memcg off"
    if host.nokmem:
        yield "cgroup.memory=nokmem"
    if host.alloc_profiling != "off":
        yield f"allocation profiling {host.alloc_profiling}"
    yield "slab caches merged" if host.slab_merge else "slab_nomerge"
    for option in ("slub_min_objects", "slub_min_order", "slub_max_order", "slub_debug"):
        if getattr(host, option) or (option == "slub_max_order" and host.slub_max_order is not None):
            yield f"{option}={getattr(host, option)}"
    if host.external_write_tracking:
        yield "external write tracking (KVMGT)"


def _processor(scenario: Scenario) -> Iterator[str]:
    """Yield what figures depend on of the CPUs and of KVM's module for them."""
    kernel, host = scenario.kernel, scenario.host
    made_by_kvm = any(slot.made_by != "vmm" and not vm.tdx for vm in scenario.vms for slot in vm.slots)
    if made_by_kvm or any(vm.dirty_ring for vm in scenario.vms):
        guests = "" if host.unrestricted_guest else " without unrestricted guests"
        yield f"kvm_intel{guests}" if host.vendor == "intel" else f"kvm_amd{' with AVIC' if host.avic else ''}"
    if any(mmu.tdp(kernel, vm) and vm.leaf != "4K" for vm in scenario.vms):
        yield "iTLB multihit (huge pages are not executable)" if host.itlb_multihit else "no iTLB multihit"


def _vm(kernel: Kernel, vm: Vm) -> Iterator[str]:
    yield vm.name
    run = "all have run" if vm.vcpus > 1 else "has run"
    if vm.vcpus_run is not None:
        run = f"{vm.vcpus_run} have run"
    yield f"{_count(vm.count, 'VM')} of {_count(vm.vcpus, 'vCPU')} ({run})"
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


USUAL_ROOT_LEVEL = 4


def _each(scenario: Scenario, clauses: Callable[[Kernel, Vm], Iterable[str]]) -> Iterator[str]:
    """Yield what holds of all groups of VMs, then by name what holds of some only."""
    said = [tuple(clauses(scenario.kernel, vm)) for vm in scenario.vms]
    common = [clause for clause in said[0] if all(clause in each for each in said)]
    yield from common
    names = [vm.name for vm in scenario.vms]
    for number, (name, each) in enumerate(zip(names, said, strict=True), 1):
        own = [clause for clause in each if clause not in common]
        if own:
            called = name if names.count(name) == 1 else f"{name} (group {number})"
            yield f"{called}: {', '.join(own)}"


def _caches(kernel: Kernel, vm: Vm) -> Iterator[str]:
    if vm.caches == "topped-up":
        yield "full: each memory cache holds its capacity, beside all that was drawn from it"
    elif not (mmu.tables_freed(kernel, vm) or mmu.entries_removed(kernel, vm)):
        yield "filled at each vCPU's first KVM_RUN, then tables and descriptors were drawn from them; none was freed"
    else:
        what = "tables and descriptors" if mmu.tables_freed(kernel, vm) else "descriptors"
        yield f"drawn from since the last top-up; {what} were freed since, so how many is open"


def _mapping(kernel: Kernel, vm: Vm) -> Iterator[str]:
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


def _lists(scenario: Scenario) -> str:
    if all(vm.history == "grown" for vm in scenario.vms):
        peaks = any(each.peak is not None for vm in scenario.vms for each in (*vm.rmaps, *vm.parent_ptes))
        if peaks:
            return f"entries have left those with a peak (policy {scenario.kernel.list_policy}), others only grew"
        return "only grew (no entry was removed)"
    return f"those named are of any history (policy {scenario.kernel.list_policy}), no other had two entries"


def _evidence(scenario: Scenario, number: int, vm: Vm) -> Iterator[str]:
    """Yield that the lists of a VM were measured on a kernel that does otherwise with orphans, if they were."""
    if vm.measured_on is None:
        return
    lists, measured = (scenario.sources[f"vms.{number}.{field}"].said_by for field in ("rmaps", "measured_on"))
    if lists != measured:
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
        found: str = load(version, "kernels").overlay.kernel["nested_orphans"].value
    except PtelistError as error:
        raise PtelistError(str(error), Where(field="vm.measured_on")) from None
    return found


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
