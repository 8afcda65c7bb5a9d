"""VMs come and go, and after each the slabs of both caches are counted: SLUB never moves an object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers import ledger, scenario

from kernel.experiment import Experiment, Measured, Predicted
from kernel.machine import CACHES, HEADER, Between
from kernel.vms import PAGE, Vm
from ptelist.engine import history, pagetables
from ptelist.engine.facts import Facts
from ptelist.engine.kmem_cache import Cache, laid
from ptelist.engine.ledger import Ledger, Unit, fixed
from ptelist.engine.past import Past

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers import Option

    from kernel.guest import Guest
    from kernel.machine import Machine, Number
    from ptelist.engine.history import Event, Shape

MOST_VCPUS = 3
PROBED = 3 * PAGE
"""A vCPU's first run touches code and data, a page each, below this."""
LEVELS = 4
"""Of the page tables that map a guest without paging, with TDP."""


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
        for event in self._events(machine, HEADER):
            if event.shape:
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
        predicted: Predicted = {}
        for name in CACHES:
            by_rcu = name == HEADER and self.paging == "tdp-mmu"
            predict = self._bounds if by_rcu else self._exactly
            predicted[f"{name}.steps"], predicted[f"{name}.last"] = predict(machine, name)
        return predicted

    def _exactly(self, machine: Machine, name: str) -> tuple[list[Number], Number]:
        """Return what the engine's step machine says."""
        host = history.Host(_cache(machine, name).rules())
        steps: list[Number] = []
        for event in self._events(machine, name):
            host.do(event)
            if self.shrunk:
                host.cache.shrink()
            steps.append(host.slabs.all)
        host.cache.shrink()
        return steps, host.slabs.all

    def _bounds(self, machine: Machine, name: str) -> tuple[list[Number], Number]:
        """Return the bounds for a host of any history: when RCU frees a table is not said by any rule."""
        steps: list[Number] = []
        held: dict[int, int] = {}
        peak = 0
        for event in self._events(machine, name):
            if event.shape:
                held[event.number] = sum(event.shape.caches)
            else:
                del held[event.number]
            peak = max(peak, sum(held.values()))
            steps.append(_aged(machine, name, sum(held.values()), peak, shrunk=self.shrunk))
        return steps, _aged(machine, name, sum(held.values()), peak, shrunk=True)

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
        """Return what a VM takes: the first of its vCPUs draws the tables that map the probe's pages."""
        figures = machine.vm(paging=self.paging, vcpus=vcpus)
        each = figures[f"{name}.objects"].low // vcpus
        tables = sum(pagetables.tables(((0, PROBED),), "4K", LEVELS, machine.kernel.page_bytes))
        return history.Shape((each,) * vcpus, tables if name == HEADER else 0)


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


def _cache(machine: Machine, name: str, figures: Ledger | None = None, **options: Option) -> Cache:
    """Return the engine's cache on this machine, which enters its figures."""
    found = scenario(**machine.options(**options))
    size = ledger(**machine.options(**options))[f"{name}.size"]
    facts = Facts(found)
    return Cache(Ledger() if figures is None else figures, facts, laid(facts, size))


def _aged(machine: Machine, name: str, count: int, peak: int, *, shrunk: bool) -> Between:
    """Return the bounds of the slabs of so many objects, of `peak` ones before some were freed."""
    figures = Ledger()
    objects = fixed(f"{name}.objects", count, Unit.OBJECTS, "as the experiment has it")
    before = Past(fixed(f"{name}.objects.peak", peak, Unit.OBJECTS, "as the experiment had it"))
    _cache(machine, name, figures, filling="aged").account(objects, before)
    slabs = figures[f"{name}.slabs"]
    kept = 0 if shrunk else figures[f"{name}.slabs.retained"].high
    return Between(slabs.low, slabs.high + kept, "tables are freed by RCU, some time before the VM has gone")
