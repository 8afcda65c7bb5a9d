"""What a cache held at the peak of a host's history, and how the VMs come and go that its simulation has."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import mmu
from ptelist.engine.figure_kinds import HEADER
from ptelist.engine.ledger import Unit, product, rule, total

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ptelist.engine.facts import Facts
    from ptelist.engine.ledger import Term
    from ptelist.engine.vm import Usage
    from ptelist.scenario.models import Kernel, Scenario, Vm

SEEDS = (1, 2, 3, 4, 5)
"""Of the simulated histories."""


class Shape(NamedTuple):
    """What one VM takes from a cache."""

    caches: tuple[int, ...]
    """Objects that each vCPU's memory cache takes at its first run, vCPU after vCPU."""
    tables: int = 0
    """How many of the first vCPU's are drawn for page tables, the root first."""
    by_rcu: bool = False
    """Whether those are freed by RCU, after all else."""
    rest: int = 0
    """Objects allocated one by one after that."""
    roots_first: bool = False
    """Whether the root is freed before any vCPU's cache, not with the last vCPU."""


class VmKind(NamedTuple):
    """VMs alike: how many there were at the peak, and how many are left."""

    shape: Shape
    peak: int
    left: int


Kinds = tuple[VmKind, ...]


class Past(NamedTuple):
    """What a cache held when most VMs were there."""

    peak: Term
    """Objects in use, `NAME.objects.peak`."""
    kinds: tuple[Kinds, Kinds] | None = None
    """The VMs, with the fewest and with the most objects that each can have; None: not known."""


def known(scenario: Scenario) -> bool:
    """Tell whether the scenario says what its host has held before."""
    return scenario.host.filling == "aged" and any(vm.peak_count is not None for vm in scenario.vms)


def past(
    cache: str, facts: Facts, scenario: Scenario, usages: Sequence[Iterable[Usage]], *, simulated: bool = True
) -> Past:
    """Return the past of a cache: at the peak there were more VMs, each of which held what one of its kind does now.

    What each VM takes, vCPU after vCPU, is left out where nothing is `simulated`.
    """
    peaks: list[Term] = []
    fewest: list[VmKind] = []
    most: list[VmKind] = []
    for number, (vm, usage) in enumerate(zip(scenario.vms, usages, strict=True)):
        (term,) = (term for name, term in usage if name == f"{cache}.objects")
        low, high = term.low // vm.count, term.high // vm.count
        each = rule("objects_per_vm", low, high, Unit.OBJECTS, "as each of those that are left holds", term)
        vms = facts.vm(number, "count" if vm.peak_count is None else "peak_count")
        peaks.append(product(vm.name, Unit.OBJECTS, vms, each))
        capacity = _capacity(cache, scenario.kernel, vm) if simulated else 0
        for found, whole in ((fewest, low), (most, high)) if simulated else ():
            found.append(VmKind(_shape(vm, capacity, whole), vm.peak_count or vm.count, vm.count))
    peak = total(f"{cache}.objects.peak", Unit.OBJECTS, peaks)
    return Past(peak, (tuple(fewest), tuple(most)) if simulated else None)


def _capacity(cache: str, kernel: Kernel, vm: Vm) -> int:
    """Return how many objects of this kmem_cache fill a vCPU's memory cache."""
    return kernel.cache_capacity if cache == HEADER else mmu.desc_capacity(kernel, vm)


def _shape(vm: Vm, capacity: int, whole: int) -> Shape:
    """Return what one VM takes: a full cache for each vCPU that has run, then all else."""
    run = vm.vcpus if vm.vcpus_run is None else vm.vcpus_run
    if capacity * run > whole:
        return Shape((), rest=whole)
    return Shape((capacity,) * run, rest=whole - capacity * run)
