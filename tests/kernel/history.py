"""VMs come and go, and after each the slabs of both caches are counted: SLUB never moves an object."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from helpers import ledger, scenario

from kernel.experiment import Experiment, Measured, Predicted
from kernel.machine import CACHES, DESC, HEADER
from kernel.vms import PROBED, Vm
from ptelist.engine import history, pagetables
from ptelist.engine.facts import Facts
from ptelist.engine.kmem_cache import Cache
from ptelist.engine.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers import Option

    from kernel.guest import Guest
    from kernel.machine import Machine
    from ptelist.engine.history import Event, Host, Shape
    from ptelist.engine.slub_node import Rules

MOST_VCPUS = 3


@cache
def rules_of(name: str, options: tuple[tuple[str, Option], ...]) -> Rules:
    """Return what the engine works out for a cache of a machine."""
    found = scenario(**dict(options))
    size = ledger(**dict(options))[f"{name}.size"]
    return Cache(Ledger(), Facts(found), found.kernel, found.host, size).rules()


@dataclass(frozen=True)
class History(Experiment):
    """VMs start and end; `order` says in which order, `spread` on which CPU each does.

    leave: `vms` start, then random ones end until a quarter is left, as in the simulation.
    churn: VMs of one to three vCPUs start and end at random, four times as many as there are at most.
    """

    kind = "history"
    paging: str
    order: str
    vms: int
    seed: int
    spread: bool = False

    def run(self, guest: Guest, machine: Machine) -> Measured:
        guest.settle()
        for name in CACHES:
            guest.count(name)
        measured: Measured = {f"raw.{name}.slabs": [] for name in CACHES}
        alive: dict[int, Vm] = {}
        for event in self._events(machine, HEADER):
            if event.shape:
                vm = alive[event.number] = Vm(guest)
                for number, cpu in enumerate(event.cpus):
                    guest.ask("pin", cpu)
                    vm.ask("vcpu", "real")
                    vm.ask("run", number)
            else:
                guest.ask("pin", event.cpus[0])
                alive.pop(event.number).close()
            for name in CACHES:
                counts = measured[f"raw.{name}.slabs"]
                assert isinstance(counts, list)
                counts.append(guest.raw(name).slabs)
        for name in CACHES:
            measured[f"shrunk.{name}.slabs"] = guest.count(name).slabs
        for vm in alive.values():
            vm.close()
        guest.ask("pin", 0)
        return measured

    def predict(self, machine: Machine) -> Predicted:
        predicted: Predicted = {}
        for name in CACHES:
            host = history.Host(rules_of(name, tuple(machine.options().items())))
            counts = []
            for event in self._events(machine, name):
                host.do(event)
                counts.append(host.cache.slabs)
            host.cache.shrink()
            predicted[f"raw.{name}.slabs"] = list(counts)
            predicted[f"shrunk.{name}.slabs"] = host.slabs.in_use
        return predicted

    def _events(self, machine: Machine, name: str) -> Iterator[Event]:
        cpus = machine.cpus if self.spread else 1
        if self.order == "leave":
            kind = history.Kind(self._shape(machine, name, 1), self.vms, self.vms // 4)
            yield from history.events(cpus, [kind], self.seed)
            return
        random, alive, started = history.Random(self.seed), list[int](), 0
        while started < 4 * self.vms:
            if len(alive) < self.vms and random.below(2) == 0:
                shape = self._shape(machine, name, 1 + random.below(MOST_VCPUS))
                yield history.Event(shape, started, tuple(random.below(cpus) for _ in shape.caches))
                alive.append(started)
                started += 1
            elif alive:
                yield history.Event(None, alive.pop(random.below(len(alive))), (random.below(cpus),))

    def _shape(self, machine: Machine, name: str, vcpus: int) -> Shape:
        figures = machine.vm(paging=self.paging, vcpus=vcpus)
        each = figures[f"{name}.objects.vcpu_caches"].low // vcpus
        tables = sum(pagetables.tables(((0, PROBED),), "4K", 4, machine.kernel.page_bytes)) if name == HEADER else 0
        return history.Shape((each,) * vcpus, tables)
