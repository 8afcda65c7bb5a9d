"""VMs come and go, and after each the slabs of both caches are counted: SLUB never moves an object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from guest_steps import start

from kernel.experiment import Experiment, Measured, Predicted
from kernel.machine import CACHES, between
from kernel.vms import Vm
from ptelist.engine.host_history import Random, events
from ptelist.engine.past import Shape, VmKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kernel.guest import Guest
    from kernel.machine import Machine

MOST_VCPUS = 3


class Event(NamedTuple):
    """A VM starts, each vCPU on one of `cpus`, or ends on the first of these."""

    starts: bool
    number: int
    cpus: tuple[int, ...]


@dataclass(frozen=True)
class History(Experiment):
    """VMs start and end, and slabs are counted after each: `shrunk`, or as they stand.

    `order` says in which order they do:
    leave: `vms` of one vCPU start, then random ones end until a quarter is left, as in the engine's simulation.
    churn: VMs of one to three vCPUs start and end at random, four times as many as there are at most.
    `spread`: each vCPU runs first, and each VM ends, on a random CPU.
    """

    kind = "history"
    paging: str
    order: str
    vms: int
    seed: int
    spread: bool = False
    shrunk: bool = False

    def run(self, guest: Guest, machine: Machine) -> Measured:
        guest.settle()
        _count(guest)
        steps: dict[str, list[int]] = {name: [] for name in CACHES}
        alive: dict[int, Vm] = {}
        for event in self._events(machine):
            if event.starts:
                alive[event.number] = _start(guest, event.cpus)
            else:
                guest.ask("pin", event.cpus[0])
                alive.pop(event.number).close()
            for name in CACHES:
                row = guest.count(name) if self.shrunk else guest.raw(name)
                steps[name].append(row.slabs)
        last = _count(guest)
        for vm in alive.values():
            vm.close()
        guest.ask("pin", 0)
        return {f"{name}.steps": steps[name] for name in CACHES} | {f"{name}.last": last[name] for name in CACHES}

    def predict(self, machine: Machine) -> Predicted:
        *steps, last = machine.steps(self._lines(machine), self.paging)
        why = "tables are freed by RCU, some time before the VM has gone"
        predicted: Predicted = {}
        for name in CACHES:
            predicted[f"{name}.steps"] = [between(*moment.followed(name), why) for moment in steps]
            predicted[f"{name}.last"] = between(*last.followed(name), why)
        return predicted

    def _lines(self, machine: Machine) -> Iterator[str]:
        """Yield what is done, for `ptelist replay`."""
        yield "shrink"
        for event in self._events(machine):
            if event.starts:
                for vcpu, cpu in enumerate(event.cpus):
                    yield f"cpu {cpu}"
                    yield from start(f"vm{event.number}", vcpu, paged=False)
            else:
                yield f"cpu {event.cpus[0]}"
                yield f"close vm{event.number}"
            if self.shrunk:
                yield "shrink"
            yield "mark"
        yield "shrink"
        yield "mark"

    def _events(self, machine: Machine) -> Iterator[Event]:
        cpus = machine.cpus if self.spread else 1
        if self.order == "leave":
            for event in events(cpus, [VmKind(Shape((1,)), self.vms, self.vms // 4)], self.seed):
                yield Event(event.shape is not None, event.number, event.cpus)
            return
        random, alive, started = Random(self.seed), list[int](), 0
        while started < 4 * self.vms:
            if len(alive) < self.vms and random.below(2) == 0:
                vcpus = 1 + random.below(MOST_VCPUS)
                yield Event(starts=True, number=started, cpus=tuple(random.below(cpus) for _ in range(vcpus)))
                alive.append(started)
                started += 1
            elif alive:
                number = alive.pop(random.below(len(alive)))
                yield Event(starts=False, number=number, cpus=(random.below(cpus),))


def _start(guest: Guest, cpus: tuple[int, ...]) -> Vm:
    """Start a VM whose vCPUs first run on these CPUs."""
    vm = Vm(guest)
    for number, cpu in enumerate(cpus):
        guest.ask("pin", cpu)
        vm.ask("vcpu", "real")
        vm.ask("run", number)
    return vm


def _count(guest: Guest) -> dict[str, int]:
    """Shrink both caches and return their slabs."""
    return {name: guest.count(name).slabs for name in CACHES}
