"""Lists of SPTEs that grow, or go whole: one guest page mapped by many aliases under shadow paging.

`held` counts the descriptors in lists and in the vCPU's cache; after the memslot is deleted, `cached` only the latter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from guest_steps import TABLE, grown, marked, start, touch

from kernel.experiment import Experiment, Measured, Predicted
from kernel.machine import DESC, HEADER
from kernel.vms import TARGET, Vm, touching

if TYPE_CHECKING:
    from guest_steps import Moment

    from kernel.guest import Guest
    from kernel.machine import Machine

CACHED = ("unslot vm", "mark")
"""Steps: the memslot goes, and what is left is counted."""


def cached(machine: Machine, moment: Moment, beside: str | None = None) -> Predicted:
    """Return what is left without the memslot."""
    return {"cached": machine.objects(DESC, moment.held, beside)}


class Grown(Experiment):
    """Lists of a VM that grow, then go with its memslot: what is measured meanwhile, and what is left."""

    paging: ClassVar[str] = "shadow"
    vm: ClassVar[type[Vm]] = Vm

    def run(self, guest: Guest, machine: Machine) -> Measured:
        with self.vm.started(guest) as vm:
            measured = self.grow(vm, machine)
            measured |= self.left(vm, machine, measured)
        return measured

    def grow(self, vm: Vm, machine: Machine) -> Measured:
        raise NotImplementedError

    def left(self, vm: Vm, machine: Machine, measured: Measured) -> Measured:
        del machine, measured
        return {"cached": vm.end()}


@dataclass(frozen=True)
class Chain(Grown):
    """One page, so many aliases touched in one go: counts, slabs, page tables, KVM's own statistics."""

    kind = "chain"
    entries: int

    def run(self, guest: Guest, machine: Machine) -> Measured:
        return super().run(guest, machine) | {"closed": machine.count(guest, DESC).active}

    def grow(self, vm: Vm, machine: Machine) -> Measured:
        vm.map(self.entries)
        vm.touch(self.entries)
        descriptors = machine.count(vm.guest, DESC)
        measured: Measured = {"held": descriptors.active, "slabs": descriptors.slabs}
        measured["headers"] = vm.guest.count(HEADER).active
        if machine.has_stats:
            measured |= {name: vm.stat(name) for name in ("max_mmu_rmap_size", "pages_4k")}
            measured |= {f"rmaps.{level}": row for level, row in vm.rmaps_stat().items()}
        return measured

    def left(self, vm: Vm, machine: Machine, measured: Measured) -> Measured:
        del measured
        vm.end()
        return {"cached": machine.count(vm.guest, DESC).active, "headers_cached": vm.guest.count(HEADER).active}

    def predict(self, machine: Machine) -> Predicted:
        """In a merged cache the others are those that are there once the VM is closed."""
        live, left, closed = machine.steps([*grown(self.entries), "mark", *CACHED, "close vm", "mark"])
        predicted: Predicted = {
            "held": machine.objects(DESC, live.held, "closed"),
            "slabs": machine.slabs(DESC, live),
            "headers": machine.objects(HEADER, live.headers),
            "headers_cached": machine.objects(HEADER, left.headers),
            "closed": machine.objects(DESC, closed.held),
        }
        if machine.has_stats:
            predicted |= {"max_mmu_rmap_size": live.longest, "pages_4k": live.entries}
            assert live.rmaps_stat is not None
            predicted |= {f"rmaps.{level}": list(row) for level, row in live.rmaps_stat.items()}
        return predicted | cached(machine, left, "closed")


@dataclass(frozen=True)
class Growth(Grown):
    """One page, alias after alias touched, and a count after each; `spread`: each on the next CPU."""

    kind = "growth"
    entries: int
    spread: bool = False

    def run(self, guest: Guest, machine: Machine) -> Measured:
        measured = super().run(guest, machine)
        guest.ask("pin", 0)
        return measured

    def grow(self, vm: Vm, machine: Machine) -> Measured:
        vm.map(self.entries)
        if self.spread:
            return {"held": [self._on_next(vm, alias, machine) for alias in range(self.entries)]}
        return {"held": vm.held_after_each([touching(alias)] for alias in range(self.entries))}

    @staticmethod
    def _on_next(vm: Vm, alias: int, machine: Machine) -> int:
        vm.guest.ask("pin", alias % machine.cpus)
        vm.ask(*touching(alias))
        return vm.held()

    def predict(self, machine: Machine) -> Predicted:
        *held, left = machine.steps([*start(), *marked(map(touch, range(self.entries))), *CACHED])
        return {"held": [machine.objects(DESC, moment.held) for moment in held]} | cached(machine, left)


@dataclass(frozen=True)
class Parents(Grown):
    """One guest page table, and so many directory entries that point to it: its parent_ptes."""

    kind = "parents"
    parents: int

    def grow(self, vm: Vm, machine: Machine) -> Measured:
        del machine
        vm.map(1)
        vm.share(self.parents)
        held = vm.held_after_each([touching(parent * TABLE)] for parent in range(self.parents))
        return {"held": held, "headers": vm.guest.count(HEADER).active}

    def predict(self, machine: Machine) -> Predicted:
        touches = [touch(parent * TABLE, table="shared") for parent in range(self.parents)]
        *held, left = machine.steps([*start(), *marked(touches), *CACHED])
        headers = machine.objects(HEADER, held[-1].headers)
        counts = [machine.objects(DESC, moment.held) for moment in held]
        return {"held": counts, "headers": headers} | cached(machine, left)


@dataclass(frozen=True)
class HostUnmap(Grown):
    """The host drops the page behind a list: the whole list goes; touched again, it grows from nothing."""

    kind = "host-unmap"
    entries: int

    def grow(self, vm: Vm, machine: Machine) -> Measured:
        del machine
        vm.map(self.entries)
        vm.touch(self.entries)
        measured: Measured = {"held": vm.held()}
        vm.ask("drop", TARGET)
        measured["dropped"] = vm.held()
        vm.touch(self.entries)
        return measured | {"again": vm.held()}

    def predict(self, machine: Machine) -> Predicted:
        touched = touch(0, self.entries)
        steps = marked([touched, "unmap vm target", touched])
        *moments, left = machine.steps([*start(), *steps, *CACHED])
        names = ("held", "dropped", "again")
        counts = {name: machine.objects(DESC, moment.held) for name, moment in zip(names, moments, strict=True)}
        return counts | cached(machine, left)


@dataclass(frozen=True)
class Statistics(Experiment):
    """KVM's binary statistics, with one list of so many entries."""

    kind = "statistics"
    paging = "shadow"
    entries: int

    def run(self, guest: Guest, machine: Machine) -> Measured:
        if not machine.has_stats:
            return {}
        with Vm.started(guest) as vm:
            vm.map(self.entries)
            vm.touch(self.entries)
            found = vm.statistics()
        return {name: found[name] for name in ("pages_4k", "pages_2m", "max_mmu_rmap_size")}

    def predict(self, machine: Machine) -> Predicted:
        if not machine.has_stats:
            return {}
        (moment,) = machine.steps([*grown(self.entries), "mark"])
        return {"pages_4k": moment.entries, "pages_2m": 0, "max_mmu_rmap_size": moment.longest}
