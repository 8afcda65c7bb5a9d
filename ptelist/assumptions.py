"""What a comparison took for granted, in sentences for below the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import rules
from ptelist.engine.guest_memory import address_spaces
from ptelist.presets import version_key
from ptelist.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ptelist.scenario import Host, Kernel, Scenario, Vm

FILLING = {
    "packed": "packed, as one CPU fills them",
    "spread": "filled by any number of CPUs, each its own",
    "aged": "VMs came and went, SLUB moves no object, so any slab may be partly filled (small objects fragment worse:"
    " a slab of more of them is less often empty)",
}

MOST_VARIANTS = 4
"""More different statements than this on one topic are summed up."""

ORDER = ("kernel:", "config:", "host:", "vm:", "caches:", "lists:", "mapping:", "slabs:")

PAGING = {
    "shadow": "shadow paging (no EPT or NPT)",
    "tdp-mmu": "TDP MMU",
    "tdp-legacy": "TDP with the legacy MMU (tdp_mmu=0)",
}


Statement = tuple[str, ...]
"""Clauses about one topic, joined by commas."""


def assume(scenarios: Iterable[Scenario], *, by_preset: bool, apart: str = "column") -> tuple[str, ...]:
    """Return the assumptions of all scenarios, a line a topic.

    Where columns differ by an option, its name and values stand above and what they
    have in common is said; where they differ by presets or kernels (`by_preset`),
    each variant is, up to a few. `apart` is what the scenarios are told apart by.
    """
    found = Assumptions()
    for scenario in scenarios:
        found.add(scenario)
    return found.lines(apart, by_preset=by_preset)


class Assumptions:
    """What any number of scenarios take for granted, in little memory."""

    def __init__(self) -> None:
        """Start with no scenario."""
        self._topics: dict[tuple[str, int], _Topic] = {}
        self._kernels: dict[int, Kernel] = {}

    def add(self, scenario: Scenario) -> None:
        """Take one more scenario."""
        kernel = scenario.kernel
        topics = [*_topics(scenario), *(() if id(kernel) in self._kernels else _of_kernel(scenario))]
        self._kernels[id(kernel)] = kernel
        for topic, statement in topics:
            found = self._topics.get(topic)
            if found is None:
                found = self._topics[topic] = _Topic(statement)
            found.add(statement)

    def lines(self, apart: str, *, by_preset: bool) -> tuple[str, ...]:
        """Return a line a topic, in the order in which they came; see `assume`."""
        return tuple(
            f"{name}: {text}" for (name, _), topic in self._topics.items() for text in topic.texts(apart, by_preset)
        )

    def ordered(self, apart: str) -> tuple[str, ...]:
        """Return a line a topic, the same in whatever order the scenarios came."""
        lines = sorted(self.lines(apart, by_preset=False))
        return tuple(sorted(lines, key=lambda line: [not line.startswith(topic) for topic in ORDER]))


class _Topic:
    """The different statements about one topic while they are few, and the clauses that all have in common."""

    def __init__(self, statement: Statement) -> None:
        self._variants: dict[Statement, None] = {}
        self._common = list(statement)

    def add(self, statement: Statement) -> None:
        if statement not in self._variants:
            if len(self._variants) <= MOST_VARIANTS:
                self._variants[statement] = None
            self._common = [clause for clause in self._common if clause in statement]

    def texts(self, apart: str, by_preset: bool) -> list[str]:
        count = len(self._variants)
        if count <= MOST_VARIANTS and (by_preset or not self._common):
            return [", ".join(statement) for statement in self._variants]
        return [", ".join([*self._common, f"else by {apart}"] if count > 1 else self._common)]


def _topics(scenario: Scenario) -> Iterator[tuple[tuple[str, int], Statement]]:
    """Yield what is assumed by topic; VM groups are told apart by their number."""
    kernel, host = scenario.kernel, scenario.host
    yield ("kernel", 0), (_kernel(kernel),)
    yield ("config", 0), tuple(_config(scenario))
    yield ("host", 0), tuple(_host(host))
    for number, vm in enumerate(scenario.vms):
        yield ("vm", number), tuple(_vm(kernel, vm))
    yield ("caches", 0), (_caches(scenario),)
    if any(rules.uses_rmaps(kernel, vm) for vm in scenario.vms):
        yield ("lists", 0), (_lists(scenario),)
    yield ("mapping", 0), tuple(_mapping(scenario))
    yield ("slabs", 0), (_slabs(scenario),)
    for name in scenario.proposals:
        if name != "none":
            yield (f"proposal {name}", 0), (scenario.sources[f"proposals.{name}"],)


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


def _of_kernel(scenario: Scenario) -> Iterator[tuple[tuple[str, int], Statement]]:
    """Yield what is not verified of a kernel."""
    for path, source in scenario.sources.items():
        if path.startswith("kernel.") and "UNVERIFIED" in source:
            yield (f"UNVERIFIED {path}", 0), (source.removesuffix(" [UNVERIFIED]"),)


def _kernel(kernel: Kernel) -> str:
    release = f"{kernel.release}, as " if kernel.release else ""
    if kernel.stable:
        release = f"{release}{kernel.stable} of "
    if kernel.seen:
        return f"{release}{kernel.version} (tree {kernel.tree})"
    return f"{release}{kernel.version}, UNVERIFIED: read in no tree ({kernel.tree.removeprefix('none: ')})"


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


def _vm(kernel: Kernel, vm: Vm) -> Iterator[str]:
    yield vm.name
    run = "all have run" if vm.vcpus > 1 else "has run"
    if vm.vcpus_run is not None:
        run = f"{vm.vcpus_run} have run"
    yield f"{_count(vm.count, 'VM')} of {_count(vm.vcpus, 'vCPU')} ({run})"
    yield f"{format_size(vm.memory)} of {vm.leaf} leaves"
    tdp = "tdp-mmu" if rules.tdp_mmu(kernel, vm) else "tdp-legacy"
    yield PAGING[tdp if rules.tdp(kernel, vm) else "shadow"]
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


def _caches(scenario: Scenario) -> str:
    if all(vm.caches == "topped-up" for vm in scenario.vms):
        return "full: each memory cache holds its capacity, beside all that was drawn from it"
    kernel = scenario.kernel
    if not any(rules.tables_freed(kernel, vm) or rules.entries_removed(kernel, vm) for vm in scenario.vms):
        return "filled at each vCPU's first KVM_RUN, then tables and descriptors were drawn from them; none was freed"
    tables = any(rules.tables_freed(kernel, vm) for vm in scenario.vms)
    what = "tables and descriptors" if tables else "descriptors"
    return f"drawn from since the last top-up; {what} were freed since, so how many is open"


def _mapping(scenario: Scenario) -> Iterator[str]:
    if scenario.vms[0].populated is not None:
        yield f"{format_size(scenario.vms[0].populated)} of memory touched, from 0 up"
    else:
        yield (
            "all memory mapped, contiguously" if scenario.vms[0].mapped == "all" else "the listed gfns only are mapped"
        )
    vm = scenario.vms[0]
    yield vm.memslots if vm.rmap_heads is None else "memslots as published, rounded as one"
    yield "one root a tree"
    if any(rules.shadow_root(scenario.kernel, vm) for vm in scenario.vms):
        yield "guest tables map a page once with the same leaves but for the lists"
        yield "each vCPU has used them"
    if any(rules.uses_rmaps(scenario.kernel, vm) for vm in scenario.vms):
        yield "default shadow-page limit"
    if any(vm.faults == "in-order" for vm in scenario.vms):
        yield "gfns touched once, table after table, and no table written meanwhile (faults in-order)"


def _lists(scenario: Scenario) -> str:
    if all(vm.history == "grown" for vm in scenario.vms):
        peaks = any(each.peak is not None for vm in scenario.vms for each in (*vm.rmaps, *vm.parent_ptes))
        if peaks:
            return f"entries have left those with a peak (policy {scenario.kernel.list_policy}), others only grew"
        return "only grew (no entry was removed)"
    return f"those named are of any history (policy {scenario.kernel.list_policy}), no other had two entries"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
