"""What a cache held at the peak of a host's history, and how the VMs come and go that its simulation has."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import mmu
from ptelist.engine.ledger import Unit, product, rule, total

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ptelist.engine.facts import Facts
    from ptelist.engine.history import Kind, Shape
    from ptelist.engine.ledger import Term
    from ptelist.engine.vm import Usage
    from ptelist.scenario.models import Kernel, Scenario, Vm

Kinds = tuple["Kind", ...]


class Past(NamedTuple):
    """What a cache held when most VMs were there."""

    peak: Term
    """Objects in use, `NAME.objects.peak`."""
    kinds: tuple[Kinds, Kinds] | None = None
    """The VMs, with the fewest and with the most objects that each can have; None: not known."""


def known(scenario: Scenario) -> bool:
    """Tell whether the scenario says what its host has held before."""
    return scenario.host.filling == "aged" and any(vm.peak_count is not None for vm in scenario.vms)


def past(cache: str, facts: Facts, scenario: Scenario, usages: Sequence[Iterable[Usage]]) -> Past:
    """Return the past of a cache: at the peak there were more VMs, each of which held what one of its kind does now."""
    from ptelist.engine.history import Kind  # noqa: PLC0415 -- for simulations only

    peaks: list[Term] = []
    fewest: list[Kind] = []
    most: list[Kind] = []
    for number, (vm, usage) in enumerate(zip(scenario.vms, usages, strict=True)):
        (term,) = (term for name, term in usage if name == f"{cache}.objects")
        low, high = term.low // vm.count, term.high // vm.count
        each = rule("objects_per_vm", low, high, Unit.OBJECTS, "as each of those that are left holds", term)
        vms = facts.vm(number, "count" if vm.peak_count is None else "peak_count")
        peaks.append(product(vm.name, Unit.OBJECTS, vms, each))
        capacity = _capacity(cache, scenario.kernel, vm)
        for found, whole in ((fewest, low), (most, high)):
            found.append(Kind(_shape(vm, capacity, whole), vm.peak_count or vm.count, vm.count))
    return Past(total(f"{cache}.objects.peak", Unit.OBJECTS, peaks), (tuple(fewest), tuple(most)))


def _capacity(cache: str, kernel: Kernel, vm: Vm) -> int:
    """Return how many objects of this kmem_cache fill a vCPU's memory cache."""
    return kernel.cache_capacity if cache == "kvm_mmu_page_header" else mmu.desc_capacity(kernel, vm)


def _shape(vm: Vm, capacity: int, whole: int) -> Shape:
    """Return what one VM takes: a full cache for each vCPU that has run, then all else."""
    from ptelist.engine.history import Shape  # noqa: PLC0415 -- for simulations only

    run = vm.vcpus if vm.vcpus_run is None else vm.vcpus_run
    if capacity * run > whole:
        return Shape((), rest=whole)
    return Shape((capacity,) * run, rest=whole - capacity * run)
