"""What vCPUs hold in their caches, from creation to the end of the VM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from guest_steps import marked, start

from kernel.experiment import Experiment, Measured, Predicted
from kernel.machine import CACHES, DESC, exactly
from kernel.vms import Vm

if TYPE_CHECKING:
    from guest_steps import Moment

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
        ran: dict[str, list[int]] = {f"ran.{key}": [] for key in _look(guest, machine, measured, "before")}
        with Vm(guest) as vm:
            for _ in range(self.vcpus):
                vm.ask("vcpu", self.mode)
            _look(guest, machine, measured, "created")
            for number in range(self.vcpus):
                _pin(guest, machine, number, spread=self.spread)
                vm.ask("run", number)
                for key, value in _look(guest, machine, {}, "ran").items():
                    ran[f"ran.{key}"].append(value)
            measured.update(ran)
            for number in range(self.vcpus):
                vm.ask("run", number)
            _look(guest, machine, measured, "again")
            vm.ask("unslot")
            guest.settle()
            _look(guest, machine, measured, "deleted")
        _look(guest, machine, measured, "closed")
        _pin(guest, machine, 0, spread=self.spread)
        return measured

    def predict(self, machine: Machine) -> Predicted:
        """Before and after, and once all ran, by `show`; step by step, and without the memslot, by `replay`."""
        lines = []
        for number in range(self.vcpus):
            lines += [*start(vcpu=number, paged=self.mode == "long"), "mark"]
        *ran, deleted, closed = machine.steps(
            [*lines, *marked(["unslot vm", "close vm"])], self.paging, spread=self.spread
        )
        predicted: Predicted = {}
        for name in CACHES:
            count = {"paging": self.paging, "vcpus": self.vcpus}
            created, again = (exactly(machine.vm(**count, vcpus_run=run)[f"{name}.objects"]) for run in (0, self.vcpus))
            moments = {"before": (closed, created), "created": (closed, created), "again": (ran[-1], again)}
            moments |= {"deleted": (deleted, _of(deleted, name)), "closed": (closed, _of(closed, name))}
            for moment, (stage, objects) in moments.items():
                count, slabs = f"{name}.objects", f"{name}.slabs"
                predicted[f"{moment}.{count}"] = machine.objects(name, objects, _before(moment, count))
                predicted[f"{moment}.{slabs}"] = machine.slabs(name, stage, _before(moment, slabs))
            count, slabs = (_before("ran", f"{name}.{what}") for what in ("objects", "slabs"))
            predicted[f"ran.{name}.objects"] = [machine.objects(name, _of(stage, name), count) for stage in ran]
            predicted[f"ran.{name}.slabs"] = [machine.slabs(name, stage, slabs) for stage in ran]
        return predicted


def _of(moment: Moment, name: str) -> int:
    """Return the objects of a cache at a mark."""
    return moment.held if name == DESC else moment.headers


def _before(moment: str, number: str) -> str | None:
    """Return where a merged cache's other objects or slabs were counted: before the VM."""
    return None if moment == "before" else f"before.{number}"


def _pin(guest: Guest, machine: Machine, number: int, *, spread: bool) -> None:
    if spread:
        guest.ask("pin", number % machine.cpus)


def _look(guest: Guest, machine: Machine, measured: Measured, moment: str) -> dict[str, int]:
    """Count both caches; enter the counts as those of a moment and return them."""
    rows = {name: machine.count(guest, name) for name in CACHES}
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
        """What has come by `show`, what is left of it by `replay`."""
        vms = [f"vm{number}" for number in range(self.vms)]
        lines = [line for vm in vms for vcpu in range(self.vcpus) for line in start(vm, vcpu)]
        gone = machine.steps([*lines, *marked(f"close {vm}" for vm in vms)], self.paging)
        predicted: Predicted = {}
        for name in CACHES:
            come = [
                machine.vm(paging=self.paging, vcpus=self.vcpus, vms=count)[f"{name}.objects"]
                for count in range(1, self.vms + 1)
            ]
            predicted[f"come.{name}"] = [machine.objects(name, exactly(term)) for term in come]
            predicted[f"gone.{name}"] = [machine.objects(name, _of(moment, name)) for moment in gone]
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
        _look(guest, machine, {}, "before")
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
        predicted: Predicted = {}
        for name in CACHES:
            for moment in ("ran", "closed"):
                vm = {"paging": self.paging, "vcpus": self.vcpus}
                bounds = machine.unshrunk(name, closed=moment == "closed", spread=self.spread, **vm)
                predicted.update({f"{moment}.{name}.{what}": bound for what, bound in bounds.items()})
        return predicted
