"""What a cache held at the peak of a host's history, and how the VMs come and go that its simulation has."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.history import Kind, Shape
from ptelist.engine.ledger import Unit, product, rule, total

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ptelist.engine.facts import Facts
    from ptelist.engine.ledger import Term
    from ptelist.engine.vm import Usage
    from ptelist.scenario import Scenario, Vm

Kinds = tuple[Kind, ...]


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
    """Return the past of a cache, from what each VM group holds now: at the peak there were more VMs of the same kind."""
    peaks, fewest, most = [], [], []
    for number, (vm, usage) in enumerate(zip(scenario.vms, usages, strict=True)):
        terms = {name: term for name, term in usage if name.startswith(f"{cache}.objects.")}
        low, high = (sum(getattr(term, end) for term in terms.values()) // vm.count for end in ("low", "high"))
        each = rule("objects_per_vm", low, high, Unit.OBJECTS, "as each of those that are left holds", *terms.values())
        vms = facts.vm(number, "count" if vm.peak_count is None else "peak_count")
        peaks.append(product(vm.name, Unit.OBJECTS, vms, each))
        cached = terms.get(f"{cache}.objects.vcpu_caches")
        for found, whole, end in ((fewest, low, "low"), (most, high, "high")):
            in_caches = getattr(cached, end) // vm.count if cached else 0
            found.append(Kind(_shape(vm, in_caches, whole), vm.peak_count or vm.count, vm.count))
    return Past(total(f"{cache}.objects.peak", Unit.OBJECTS, peaks), (tuple(fewest), tuple(most)))


def _shape(vm: Vm, cached: int, whole: int) -> Shape:
    """Return what one VM takes: each vCPU that has run its share of what caches hold, then all else."""
    run = vm.vcpus if vm.vcpus_run is None else vm.vcpus_run
    if not run or not cached:
        return Shape((), rest=whole)
    share, odd = divmod(cached, run)
    return Shape((share + odd, *(share,) * (run - 1)), rest=whole - cached)
