"""What one scenario takes for granted, topic by topic, in clauses."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare import vm_clauses
from ptelist.engine import mmu
from ptelist.presets.versions import version_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.scenario.models import Host, Kernel, Scenario

PROPOSAL, UNVERIFIED = "proposal", "UNVERIFIED"
"""Topics of which there are several, each about another proposal or field."""


class Topic(NamedTuple):
    """What statements are about; those of several scenarios on one topic are held against each other."""

    name: str
    about: str = ""
    """Which proposal or field."""
    group: int = 0
    """The number of the group of VMs."""


KERNEL, CONFIG, HOST, CACHES, LISTS, MAPPING, SLABS = map(
    Topic, ("kernel", "config", "host", "caches", "lists", "mapping", "slabs")
)

Statement = tuple[str, ...]
"""Clauses about one topic, joined by commas."""

FILLINGS = {
    "packed": "packed, as one CPU fills them",
    "spread": "filled by any number of CPUs, each its own",
    "aged": "VMs came and went, SLUB moves no object, so any slab may be partly filled (small objects fragment worse:"
    " a slab of more of them is less often empty)",
}


def topics(scenario: Scenario, *, releases: bool) -> Iterator[tuple[Topic, Statement]]:
    """Yield what is assumed by topic; VM groups are told apart by their number."""
    kernel, host = scenario.kernel, scenario.host
    yield KERNEL, (_kernel(kernel, kernel.release if releases else ""),)
    yield CONFIG, tuple(_config(scenario))
    yield HOST, (*_host(host), *_processor(scenario))
    for number, vm in enumerate(scenario.vms):
        yield Topic("vm", group=number), tuple(vm_clauses.machine(kernel, vm))
    yield CACHES, tuple(vm_clauses.each_group(scenario, vm_clauses.caches))
    if any(mmu.uses_rmaps(kernel, vm) for vm in scenario.vms):
        yield LISTS, (vm_clauses.lists(scenario),)
    for number, vm in enumerate(scenario.vms):
        yield from ((Topic("evidence", group=number), (text,)) for text in vm_clauses.evidence(scenario, number, vm))
    yield MAPPING, tuple(vm_clauses.each_group(scenario, vm_clauses.mapping))
    yield SLABS, (_slabs(scenario),)
    for name in scenario.proposals:
        if name != "none":
            yield Topic(PROPOSAL, name), (scenario.sources[f"proposals.{name}"].text,)


def _slabs(scenario: Scenario) -> str:
    """Return how slabs were filled; one clause, for no part of it holds of another filling."""
    text = f"{FILLINGS[scenario.host.filling]}, by KVM alone (beside: bytes.retained)"
    peaks = [vm.peak_count for vm in scenario.vms if vm.peak_count is not None]
    if not peaks:
        return text
    if scenario.host.filling != "aged":
        return f"{text}, a fresh host: the peak changes nothing"
    from ptelist.engine.history import SEEDS  # noqa: PLC0415 -- for simulations only

    most = sum(vm.peak_count or vm.count for vm in scenario.vms)
    left = sum(vm.count for vm in scenario.vms)
    return (
        f"{text}; {most} VMs at the peak; figures named typical are simulated and no bound: the"
        f" {vm_clauses.count(most, 'VM')} start, random ones end until {left} {'is' if left == 1 else 'are'} left,"
        f" each on a random CPU, {len(SEEDS)} runs"
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
    yield vm_clauses.count(host.cpus, "CPU") + possible
    yield vm_clauses.count(host.nodes, "node")
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
