"""Lists of SPTEs that grow, or go whole: one guest page mapped by many aliases under shadow paging.

`held` counts the descriptors in lists and in the vCPU's cache; after the memslot is deleted, `cached` only the latter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from guest_model import VcpuModel, bucket, grown, same_lists

from kernel.experiment import Experiment, Measured, Predicted
from kernel.machine import DESC, HEADER
from kernel.vms import TABLE, TARGET, Vm, touching
from ptelist.engine import memslots

if TYPE_CHECKING:
    from kernel.guest import Guest
    from kernel.machine import Machine

SINGLE = (1, 1)
"""Lists of the two pages that the vCPU's first run touches: code and data."""
COLUMNS = 11
"""Of mmu_rmaps_stat: empty lists, one entry, and nine classes of more."""


def cached(machine: Machine, vcpu: VcpuModel) -> Predicted:
    """Return what is left without the memslot."""
    return {"cached": machine.objects(DESC, vcpu.cache.objects)}


@dataclass(frozen=True)
class Chain(Experiment):
    """One page, so many aliases touched in one go: counts, slabs, page tables, KVM's own statistics."""

    kind = "chain"
    paging = "shadow"
    entries: int

    def run(self, guest: Guest, machine: Machine) -> Measured:
        measured: Measured = {}
        with Vm(guest) as vm:
            vm.start_vcpu()
            vm.map(self.entries)
            vm.touch(self.entries)
            descriptors = guest.count(DESC)
            measured |= {"held": descriptors.active, "slabs": descriptors.slabs, "headers": guest.count(HEADER).active}
            if machine.has_stats:
                measured |= {name: vm.stat(name) for name in ("max_mmu_rmap_size", "pages_4k")}
                measured |= {f"rmaps.{level}": row for level, row in vm.rmaps_stat().items()}
            measured["cached"] = vm.end()
            measured["headers_cached"] = guest.count(HEADER).active
        measured["closed"] = guest.count(DESC).active
        return measured

    def predict(self, machine: Machine) -> Predicted:
        vcpu, held = _grown_by_steps(same_lists(machine.series), self.entries)
        root = 1  # stays until the vCPU loads a new one
        predicted: Predicted = {
            "held": machine.objects(DESC, vcpu.held),
            "slabs": machine.slabs(DESC, vcpu.held, max(held)),
            "headers": machine.objects(HEADER, vcpu.headers.allocated),
            "headers_cached": machine.objects(HEADER, vcpu.headers.objects + root),
            "closed": machine.objects(DESC, 0),
        }
        if machine.has_stats:
            predicted |= {"max_mmu_rmap_size": vcpu.longest, "pages_4k": len(vcpu.list()) + len(SINGLE)}
            predicted |= self._histogram(machine, len(vcpu.list()))
        return predicted | cached(machine, vcpu)

    def _histogram(self, machine: Machine, length: int) -> Predicted:
        """Return the columns: one list, the pages of code and data once each, all else empty."""
        lists = zip(memslots.LEVELS, machine.memslot, strict=True)
        rows = {level: [count] + [0] * (COLUMNS - 1) for level, count in lists}
        for entries in (length, *SINGLE):
            rows["4K"][bucket(entries, machine.kernel.rmaps_stat)] += 1
            rows["4K"][0] -= 1
        return {f"rmaps.{level}": row for level, row in rows.items()}


@cache
def _grown_by_steps(version: str, entries: int) -> tuple[VcpuModel, tuple[int, ...]]:
    """Return the model of a list that grew, and what was held after each step."""
    vcpu, held = VcpuModel(version), []
    for alias in range(entries):
        vcpu.touch(alias)
        held.append(vcpu.held)
    return vcpu, tuple(held)


@dataclass(frozen=True)
class Growth(Experiment):
    """One page, alias after alias touched, and a count after each; `spread`: each on the next CPU."""

    kind = "growth"
    paging = "shadow"
    entries: int
    spread: bool = False

    def run(self, guest: Guest, machine: Machine) -> Measured:
        measured: Measured = {}
        with Vm(guest) as vm:
            vm.start_vcpu()
            vm.map(self.entries)
            if self.spread:
                measured["held"] = [self._on_next(vm, alias, machine) for alias in range(self.entries)]
            else:
                measured["held"] = vm.held_after_each([touching(alias)] for alias in range(self.entries))
            measured["cached"] = vm.end()
        guest.ask("pin", 0)
        return measured

    @staticmethod
    def _on_next(vm: Vm, alias: int, machine: Machine) -> int:
        vm.guest.ask("pin", alias % machine.cpus)
        vm.ask(*touching(alias))
        return vm.guest.count(DESC).active

    def predict(self, machine: Machine) -> Predicted:
        vcpu, held = _grown_by_steps(same_lists(machine.series), self.entries)
        return {"held": [machine.objects(DESC, count) for count in held]} | cached(machine, vcpu)


@dataclass(frozen=True)
class Parents(Experiment):
    """One guest page table, and so many directory entries that point to it: its parent_ptes."""

    kind = "parents"
    paging = "shadow"
    parents: int

    def run(self, guest: Guest, machine: Machine) -> Measured:
        del machine
        measured: Measured = {}
        with Vm(guest) as vm:
            vm.start_vcpu()
            vm.map(1)
            vm.ask("share", self.parents)
            measured["held"] = vm.held_after_each([touching(parent * TABLE)] for parent in range(self.parents))
            measured["headers"] = vm.guest.count(HEADER).active
            measured["cached"] = vm.end()
        return measured

    def predict(self, machine: Machine) -> Predicted:
        vcpu, held = VcpuModel(machine.series, parents=True), []
        for parent in range(self.parents):
            vcpu.touch(parent)
            held.append(machine.objects(DESC, vcpu.held))
        headers = machine.objects(HEADER, vcpu.headers.allocated)
        return {"held": held, "headers": headers} | cached(machine, vcpu)


@dataclass(frozen=True)
class HostUnmap(Experiment):
    """The host drops the page behind a list: the whole list goes; touched again, it grows from nothing."""

    kind = "host-unmap"
    paging = "shadow"
    entries: int

    def run(self, guest: Guest, machine: Machine) -> Measured:
        del machine
        measured: Measured = {}
        with Vm(guest) as vm:
            vm.start_vcpu()
            vm.map(self.entries)
            vm.touch(self.entries)
            measured["held"] = guest.count(DESC).active
            vm.ask("drop", TARGET)
            measured["dropped"] = guest.count(DESC).active
            vm.touch(self.entries)
            measured["again"] = guest.count(DESC).active
            measured["cached"] = vm.end()
        return measured

    def predict(self, machine: Machine) -> Predicted:
        vcpu = grown(machine.series, self.entries)
        held = vcpu.held
        vcpu.list().zap()
        dropped = vcpu.held
        for alias in range(self.entries):
            vcpu.touch(alias)
        counts = {"held": held, "dropped": dropped, "again": vcpu.held}
        return {name: machine.objects(DESC, count) for name, count in counts.items()} | cached(machine, vcpu)


@dataclass(frozen=True)
class Statistics(Experiment):
    """KVM's binary statistics, with one list of so many entries."""

    kind = "statistics"
    paging = "shadow"
    entries: int

    def run(self, guest: Guest, machine: Machine) -> Measured:
        if not machine.has_stats:
            return {}
        with Vm(guest) as vm:
            vm.start_vcpu()
            vm.map(self.entries)
            vm.touch(self.entries)
            found = vm.statistics()
        return {name: found[name] for name in ("pages_4k", "pages_2m", "max_mmu_rmap_size")}

    def predict(self, machine: Machine) -> Predicted:
        if not machine.has_stats:
            return {}
        vcpu = grown(machine.series, self.entries)
        entries = len(vcpu.list()) + len(SINGLE)
        return {"pages_4k": entries, "pages_2m": 0, "max_mmu_rmap_size": vcpu.longest}
