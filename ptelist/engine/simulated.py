"""What simulated histories leave of a kmem_cache, as figures. Only hosts with a history need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import cache_layouts, host_history, slab_layout, slub_parameters
from ptelist.engine.facts import Facts
from ptelist.engine.figure_kinds import DESC, HEADER
from ptelist.engine.ledger import Term, Unit, rule
from ptelist.engine.past import SEEDS, past
from ptelist.engine.slub_node import Rules
from ptelist.engine.vm import VmGroup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.engine.cache_layouts import CacheLayout
    from ptelist.engine.past import Kinds
    from ptelist.scenario.models import Scenario


OF_VM, OF_VCPU = 64, 16
"""What a VM and a vCPU that start and end take, as measured, in what one object of many takes."""


def slab_rules(scenario: Scenario) -> dict[str, Rules]:
    """Return what decides which slab an object of each kmem_cache comes from."""
    facts = Facts(scenario)
    return {name: rules(facts, cache_layouts.layout(facts, name)) for name in (DESC, HEADER)}


def rules(facts: Facts, found: CacheLayout) -> Rules:
    """Return what decides which slab an object of a cache with this layout comes from."""
    kernel, host, laid = facts.scenario.kernel, facts.scenario.host, found.slab
    debugged = slab_layout.debugged(host.slub_debug)
    free = 0 if debugged else slub_parameters.cpu_partial(kernel, facts.config, laid.stride)
    unit = kernel.slub_cpu_partial_unit
    return Rules(
        laid.objects,
        slab_layout.min_partial(laid.stride, *kernel.slub_min_partial),
        host.cpus,
        slub_parameters.nodes_filled(host),
        free if unit == "objects" else slab_layout.cpu_partial_slabs(free, laid.objects, unit),
        unit,
        found.sheaf,
        kernel.slub_sheaves_per_node,
        debugged,
        kernel.slub_shrink_promote,
        kernel.slub_flush_batch,
        kernel.slub_lookahead,
    )


def histories(scenario: Scenario) -> Iterator[tuple[Rules, Kinds]]:
    """Yield what is simulated for a host with a history: the rules of a cache, and the VMs that come and go."""
    facts = Facts(scenario)
    usages = [tuple(VmGroup(facts, number).usage(aside=False)) for number in range(len(scenario.vms))]
    for name, by in slab_rules(scenario).items():
        for kinds in past(name, facts, scenario, usages).kinds or ():
            yield by, host_history.part(kinds)[1]


def weight(kinds: Kinds) -> int:
    """Return what all runs of a history have to do, in what one object of many takes."""
    run = sum((OF_VM + OF_VCPU * len(kind.shape.caches)) * kind.peak for kind in kinds)
    return len(SEEDS) * (host_history.objects_at_peak(kinds) + run)


def typical(
    facts: Facts, found: CacheLayout, kinds: tuple[Kinds, Kinds], peak: Term, slabs: Term
) -> tuple[Term, Term] | None:
    """Return the slabs in use that histories leave, and the empty ones.

    The histories are those of the VMs with their fewest and with their most objects, `slabs` bounds what they leave.
    None if one VM alone has more objects than are simulated.
    """
    by = rules(facts, found)
    ends = [host_history.typical(by, each) for each in dict.fromkeys(kinds)]
    known = [each for each in ends if each]
    if len(known) < len(ends):
        return None
    whole, _ = host_history.part(kinds[1])
    why = (
        f"simulated, no bound: all VMs of the peak start, random ones end until those that are left are left,"
        f" each on a random CPU; fewest and most of {len(SEEDS)} runs"
    ) + (f", of 1/{whole} of the VMs" if whole > 1 else "")
    low = max(min(each.in_use for each, _ in known), slabs.low)
    high = max(min(max(each.in_use for _, each in known), slabs.high), low)
    empty = [each.all - each.in_use for ends in known for each in ends]
    parts = slabs, peak
    return (
        rule(f"{found.name}.slabs.typical", low, high, Unit.SLABS, why, *parts),
        rule(f"{found.name}.slabs.retained.typical", min(empty), max(empty), Unit.SLABS, why, *parts),
    )
