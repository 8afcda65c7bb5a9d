"""What vCPUs hold in their caches, from creation to the end of the VM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kernel.experiment import Experiment, Measured, Predicted
from kernel.machine import CACHES, HEADER
from kernel.vms import PROBED, Vm
from ptelist.engine import pagetables

if TYPE_CHECKING:
    from kernel.guest import Guest
    from kernel.machine import Machine


@dataclass(frozen=True)
class Layout(Experiment):
    """Stride, objects and pages of a slab of both caches."""

    kind = "layout"
    paging = "tdp-mmu"
    fields = ("stride", "per_slab", "pages")

    def run(self, guest: Guest, machine: Machine) -> Measured:
        del machine
        rows = {name: guest.raw(name) for name in CACHES}
        return {f"{name}.{field}": getattr(row, field) for name, row in rows.items() for field in self.fields}

    def predict(self, machine: Machine) -> Predicted:
        return {f"{name}.{field}": value for name in CACHES for field, value in machine.layout(name).items()}


@dataclass(frozen=True)
class VcpuCaches(Experiment):
    """vCPUs are created, run one after the other, run again; the memslot goes, the VM goes.

    `spread`: each vCPU on the next CPU.
    """

    kind = "vcpu-caches"
    paging: str
    mode: str
    vcpus: int
    spread: bool = False

    def run(self, guest: Guest, machine: Machine) -> Measured:
        measured: Measured = {}
        ran: dict[str, list[int]] = {f"ran.{key}": [] for key in _look(guest, measured, "before")}
        with Vm(guest) as vm:
            for _ in range(self.vcpus):
                vm.ask("vcpu", self.mode)
            _look(guest, measured, "created")
            for number in range(self.vcpus):
                _pin(guest, machine, number, spread=self.spread)
                vm.ask("run", number)
                for key, value in _look(guest, {}, "ran").items():
                    ran[f"ran.{key}"].append(value)
            measured.update(ran)
            for number in range(self.vcpus):
                vm.ask("run", number)
            _look(guest, measured, "again")
            vm.ask("unslot")
            guest.settle()
            _look(guest, measured, "deleted")
        _look(guest, measured, "closed")
        _pin(guest, machine, 0, spread=self.spread)
        return measured

    def predict(self, machine: Machine) -> Predicted:
        predicted: Predicted = {}
        for name in CACHES:
            each = self._each(machine, name)
            held = [run * each for run in range(self.vcpus + 1)]
            ended = held[-1] - (self._freed(machine) if name == HEADER else 0)
            moments = {"before": 0, "created": held[0], "again": held[-1], "deleted": ended, "closed": 0}
            for moment, count in moments.items():
                peak = held[-1] if moment == "deleted" else None
                predicted[f"{moment}.{name}.objects"] = machine.objects(name, count)
                predicted[f"{moment}.{name}.slabs"] = machine.slabs(name, count, peak, spread=self.spread)
            predicted[f"ran.{name}.objects"] = [machine.objects(name, count) for count in held[1:]]
            predicted[f"ran.{name}.slabs"] = [machine.slabs(name, count, spread=self.spread) for count in held[1:]]
        return predicted

    def _each(self, machine: Machine, name: str) -> int:
        """Return what each vCPU holds; the page tables are among what the first one's cache had."""
        held = machine.vm(paging=self.paging, vcpus=self.vcpus)[f"{name}.objects.vcpu_caches"]
        return held.low // self.vcpus

    def _freed(self, machine: Machine) -> int:
        """Return the page tables that go with the memslot: all but roots, which stay until vCPUs load new ones.

        Without paging of its own a guest has four PAE roots, one level above the page tables.
        """
        levels = 2 if (self.paging, self.mode) == ("shadow", "real") else 4
        below_roots = pagetables.tables(((0, PROBED),), "4K", levels, machine.kernel.page_bytes)[:-1]
        return sum(below_roots)


def _pin(guest: Guest, machine: Machine, number: int, *, spread: bool) -> None:
    if spread:
        guest.ask("pin", number % machine.cpus)


def _look(guest: Guest, measured: Measured, moment: str) -> dict[str, int]:
    """Count both caches; enter the counts as those of a moment and return them."""
    rows = {name: guest.count(name) for name in CACHES}
    found = {f"{name}.objects": row.active for name, row in rows.items()}
    found |= {f"{name}.slabs": row.slabs for name, row in rows.items()}
    measured.update({f"{moment}.{key}": value for key, value in found.items()})
    return found


@dataclass(frozen=True)
class Vms(Experiment):
    """VM after VM comes, and they go in the same order; `vcpus` run in each."""

    kind = "vms"
    paging: str
    vms: int
    vcpus: int

    def run(self, guest: Guest, machine: Machine) -> Measured:
        del machine
        measured: Measured = {f"{moment}.{name}": [] for moment in ("come", "gone") for name in CACHES}
        alive = []
        for _ in range(self.vms):
            alive.append(Vm(guest))
            for number in range(self.vcpus):
                alive[-1].ask("vcpu", "long")
                alive[-1].ask("run", number)
            self._look(guest, measured, "come")
        for vm in alive:
            vm.close()
            self._look(guest, measured, "gone")
        return measured

    @staticmethod
    def _look(guest: Guest, measured: Measured, moment: str) -> None:
        for name in CACHES:
            counts = measured[f"{moment}.{name}"]
            assert isinstance(counts, list)
            counts.append(guest.count(name).active)

    def predict(self, machine: Machine) -> Predicted:
        predicted: Predicted = {}
        for name in CACHES:
            held = [0]
            for count in range(1, self.vms + 1):
                figures = machine.vm(paging=self.paging, vcpus=self.vcpus, vms=count)
                held.append(figures[f"{name}.objects.vcpu_caches"].low)
            predicted[f"come.{name}"] = [machine.objects(name, count) for count in held[1:]]
            predicted[f"gone.{name}"] = [machine.objects(name, count) for count in held[-2::-1]]
        return predicted


@dataclass(frozen=True)
class RawCounts(Experiment):
    """slabinfo as it stands while vCPUs live, and after they have gone; `spread`: each vCPU on the next CPU."""

    kind = "raw-counts"
    paging: str
    vcpus: int
    spread: bool = False

    def run(self, guest: Guest, machine: Machine) -> Measured:
        measured: Measured = {}
        _look(guest, {}, "before")
        with Vm(guest) as vm:
            for number in range(self.vcpus):
                vm.ask("vcpu", "real")
                _pin(guest, machine, number, spread=self.spread)
                vm.ask("run", number)
            self._look(guest, measured, "ran")
        self._look(guest, measured, "closed")
        _pin(guest, machine, 0, spread=self.spread)
        return measured

    def _look(self, guest: Guest, measured: Measured, moment: str) -> None:
        for name in CACHES:
            row = guest.raw(name)
            measured[f"{moment}.{name}.objects"] = row.active
            measured[f"{moment}.{name}.slabs"] = row.slabs

    def predict(self, machine: Machine) -> Predicted:
        figures = machine.vm(paging=self.paging, vcpus=self.vcpus)
        predicted: Predicted = {}
        for name in CACHES:
            live = figures[f"{name}.objects.vcpu_caches"].low
            for moment, count, peak in (("ran", live, 0), ("closed", 0, live)):
                bounds = machine.unshrunk(name, count, peak, spread=self.spread)
                predicted.update({f"{moment}.{name}.{what}": bound for what, bound in bounds.items()})
        return predicted
