"""What one scenario takes for granted, topic by topic, in clauses."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare import clause, vm_clauses
from ptelist.compare.clause import Clause, fine
from ptelist.engine import mmu
from ptelist.engine.past import SEEDS
from ptelist.engine.slub_parameters import nodes_filled
from ptelist.scenario.presets import releases
from ptelist.scenario.presets.versions import is_release, version_key
from ptelist.settings import defaults

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


KERNEL, CONFIG, HOST, CACHES, LISTS, MAPPING, SLABS, LOCKDEP = map(
    Topic, ("kernel", "config", "host", "caches", "lists", "mapping", "slabs", "lockdep")
)

Statement = tuple[Clause, ...]
"""Clauses about one topic, joined by commas."""

FILLINGS = {
    "packed": "filled completely, as one CPU would, and used by KVM only",
    "spread": "filled by any number of CPUs, each its own, and used by KVM only: hence a range",
    "aged": "VMs came and went, and SLUB moves no object, so any slab may be partly filled: hence a range",
}
EACH_NODE = ("on each node by itself", "where there are several nodes on each by itself")
"""Of all columns, or of some."""
SPLIT = "how the objects are split among nodes is not known, hence a range"
BUSY_HOST = "with what a busy host keeps beside in bytes.retained"
WORSE = "small objects fragment worse, for a slab of more of them is less often empty"


def of_all(scenario: Scenario, *, releases: bool) -> Iterator[tuple[Topic, Statement]]:
    """Yield what is assumed by topic, but for `of_its_own`; `releases`: whether a kernel is told by its release."""
    kernel = scenario.kernel
    yield KERNEL, tuple(_kernel(scenario, kernel.release if releases else ""))
    yield CONFIG, tuple(configuration(scenario))
    yield HOST, (*_host(scenario.host), *_processor(scenario))
    yield CACHES, tuple(vm_clauses.each_group(scenario, vm_clauses.caches))
    if lists := tuple(_lists(scenario)):
        yield LISTS, lists
    yield MAPPING, (*vm_clauses.each_group(scenario, vm_clauses.mapping), *vm_clauses.another_run(scenario))
    yield SLABS, tuple(_slabs(scenario))
    if inflated := tuple(lock_debugging(scenario)):
        yield LOCKDEP, inflated


def of_vms(scenario: Scenario) -> tuple[Statement, ...]:
    """Return what is assumed of each group of VMs, but for its size."""
    return tuple(tuple(vm_clauses.machine(scenario.kernel, vm)) for vm in scenario.vms)


def of_its_own(scenario: Scenario) -> Iterator[tuple[Topic, Statement]]:
    """Yield what few scenarios have in common, beside their VMs: where lists were measured, and proposals."""
    for number, vm in enumerate(scenario.vms):
        for text in vm_clauses.evidence(scenario, number, vm):
            yield Topic("evidence", group=number), (Clause(text, about=clause.LISTS),)
    for name in scenario.proposals:
        if name != "none":
            yield Topic(PROPOSAL, name), (fine(scenario.sources[f"proposals.{name}"].text),)


def _lists(scenario: Scenario) -> Iterator[Clause]:
    """Yield what the lists went through, if there are any."""
    if any(mmu.uses_rmaps(scenario.kernel, vm) for vm in scenario.vms):
        yield Clause(vm_clauses.lists(scenario), about=clause.LISTS)


def _slabs(scenario: Scenario) -> Iterator[Clause]:
    """Yield how slabs were filled, and by how many VMs at their peak."""
    filling = scenario.host.filling
    yield Clause(FILLINGS[filling], about=clause.SLABS)
    if filling == "packed" and nodes_filled(scenario.host) > 1:
        yield from (Clause(f"{nodes}: {SPLIT}", about=clause.SLABS, key="nodes") for nodes in EACH_NODE)
    yield Clause(WORSE, about=clause.SLABS) if filling == "aged" else fine(BUSY_HOST)
    peaks = [vm.peak_count for vm in scenario.vms if vm.peak_count is not None]
    if not peaks:
        return
    if filling != "aged":
        yield Clause("a fresh host: the peak changes nothing", about=clause.SLABS)
        return
    most = sum(vm.peak_count or vm.count for vm in scenario.vms)
    left = sum(vm.count for vm in scenario.vms)
    yield Clause(
        f"{vm_clauses.count(most, 'VM')} at the peak; figures named typical are simulated and no bound",
        about=clause.SLABS,
    )
    yield fine(
        f"simulated: the {vm_clauses.count(most, 'VM')} start, random ones end until {left}"
        f" {'is' if left == 1 else 'are'} left, each on a random CPU, {len(SEEDS)} runs"
    )


def lock_debugging(scenario: Scenario) -> Iterator[Clause]:
    """Yield that lockdep makes the structs of VMs and vCPUs larger, where their sizes are known."""
    kernel = scenario.kernel
    if scenario.config.lock_debugging and (kernel.vm_structs or kernel.vcpu_structs):
        yield Clause(
            "CONFIG_DEBUG_LOCK_ALLOC (by PROVE_LOCKING or LOCK_STAT) puts a lockdep_map into each lock, so the structs "
            "of VMs and vCPUs are larger than without, and KVM holds no such build to a limit",
            about=clause.VM_STRUCTS,
        )


def unverified(scenario: Scenario) -> Iterator[tuple[Topic, Statement]]:
    """Yield what is not verified of a kernel."""
    for path, source in scenario.sources.items():
        if path.startswith("kernel.") and source.unverified:
            yield Topic(UNVERIFIED, path), (Clause(source.text),)


def _kernel(scenario: Scenario, release: str) -> Iterator[Clause]:
    """Yield which kernel it is; what is its own stands with its name, as several kernels may have as many fields."""
    kernel = scenario.kernel
    own = _own(scenario) if release else {}
    release = _of_release(kernel, release) if release else ""
    if kernel.stable:
        release = f"{release}{kernel.stable} of "
    counts = [f"{vm_clauses.count(len(fields), 'field')} that its {told} tell" for told, fields in own.items()]
    but = f", but for {' and '.join(counts)}" if counts else ""
    if kernel.seen:
        yield Clause(f"{release}{kernel.version}{but}")
        yield fine(f"checked against {kernel.tree}")
    else:
        yield Clause(f"{release}{kernel.version}{but}, UNVERIFIED: read in no tree of its own ({kernel.tree})")
    for told, fields in own.items():
        yield fine(f"by its {told}: {' '.join(fields)}")


def _of_release(kernel: Kernel, text: str) -> str:
    """Return the name of a release, whose it is, and whether it is only assumed to be as its profile.

    A profile of one's own is named as it was said, with the version that it is of behind it.
    """
    release = releases.read(text) if is_release(text) else None
    own = f"{kernel.profile}, a profile of " if kernel.profile and not is_release(kernel.profile) else ""
    if release is None or (release.is_direct and release.series == kernel.version and not own):
        return f"{text}, as "
    whose = f"{text} ({release.owner})" if release.distribution else text
    return f"{whose}, ASSUMED to be as {own}"


def _own(scenario: Scenario) -> dict[str, list[str]]:
    """Return which fields are a kernel's own though it is assumed to be as another one, by what of its machine told."""
    release = scenario.kernel.release
    if not is_release(release) or releases.read(release).is_direct:
        return {}
    sources = {path.partition(".")[2]: each for path, each in scenario.sources.items() if path.startswith("kernel.")}
    told = {
        "types": [field for field, source in sources.items() if source.struct],
        "slab caches": [field for field, source in sources.items() if source.by_caches],
    }
    return {what: fields for what, fields in told.items() if fields}


def configuration(scenario: Scenario) -> Iterator[Clause]:
    """Yield the configuration's name, and what figures depend on where it is not as upstream has it."""
    kernel, config = scenario.kernel, scenario.config
    yield Clause(config.name, fine=config.name == defaults.CONFIG)
    if config.release and version_key(config.release) != version_key(kernel.version):
        yield Clause(f"of Linux {config.release}, not of {kernel.version}")
    if config.external_write_tracking and kernel.write_track_forced == "if_built":
        yield Clause("external write tracking built", about=clause.MEMORY)
    if not config.memcg:
        yield Clause("no memory controller", about=clause.SLABS)
    if config.alloc_profiling:
        yield Clause("allocation profiling built", about=clause.SLABS)
    if kernel.slub_cpu_partial and not config.slub_cpu_partial:
        yield Clause("no per-CPU partial slabs", about=clause.SLABS)


def _host(host: Host) -> Iterator[Clause]:
    yield fine(host.name)
    possible = f" of {host.possible_cpus} possible" if host.possible_cpus else ""
    yield Clause(vm_clauses.count(host.cpus, "CPU") + possible, about=clause.CPUS)
    yield Clause(vm_clauses.count(host.nodes, "node"), fine=host.nodes == 1, about=clause.SLABS)
    yield Clause("memcg on" if host.memcg else "memcg off", about=clause.SLABS)
    if host.memcg:
        yield fine("VMM in a cgroup")
    if host.nokmem:
        yield Clause("cgroup.memory=nokmem", about=clause.SLABS)
    if host.alloc_profiling != "off":
        yield Clause(f"allocation profiling {host.alloc_profiling}", about=clause.SLABS)
    yield fine("slab caches merged") if host.slab_merge else Clause("slab_nomerge", about=clause.SLABS)
    for option in ("slub_min_objects", "slub_min_order", "slub_max_order", "slub_debug"):
        if getattr(host, option) or (option == "slub_max_order" and host.slub_max_order is not None):
            yield Clause(f"{option}={getattr(host, option)}")
    if host.external_write_tracking:
        yield Clause("external write tracking (KVMGT)", about=clause.MEMORY)


def _processor(scenario: Scenario) -> Iterator[Clause]:
    """Yield what figures depend on of the CPUs and of KVM's module for them."""
    kernel, host = scenario.kernel, scenario.host
    made_by_kvm = any(slot.made_by != "vmm" and not vm.tdx for vm in scenario.vms for slot in vm.slots)
    if made_by_kvm or any(vm.dirty_ring for vm in scenario.vms):
        guests = "" if host.unrestricted_guest else " without unrestricted guests"
        yield fine(f"kvm_intel{guests}" if host.vendor == "intel" else f"kvm_amd{' with AVIC' if host.avic else ''}")
    if any(mmu.tdp(kernel, vm) and vm.leaf != "4K" for vm in scenario.vms):
        text = "iTLB multihit (huge pages are not executable)"
        yield Clause(text, about=clause.MEMORY) if host.itlb_multihit else fine("no iTLB multihit")
