"""A list of which entries are removed, and to which some are added, in many orders, one by one."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from guest_steps import drop, grown, touch, write_table

from kernel.experiment import Experiment, Measured, Predicted
from kernel.lists import CACHED, cached
from kernel.machine import DESC
from kernel.vms import Vm, clearing, mapping, touching

if TYPE_CHECKING:
    from kernel.guest import Guest
    from kernel.machine import Machine

Step = tuple[int, bool]
"""An alias, and whether it is added rather than removed."""


def _removed(aliases: list[int]) -> list[Step]:
    return [(alias, False) for alias in aliases]


def _thin(entries: int, ext: int) -> list[Step]:
    """Keep one entry of each descriptor."""
    return _removed([alias for alias in range(entries) if alias % ext])


def _refill(entries: int, ext: int) -> list[Step]:
    """Thin the list out, then add as many entries as it had."""
    return [*_thin(entries, ext), *((entries + alias, True) for alias in range(entries))]


def _shuffled(entries: int, seed: int) -> list[int]:
    random = Random(seed)
    keys = [random.random() for _ in range(entries)]
    return sorted(range(entries), key=keys.__getitem__)


def _churn(entries: int, seed: int) -> list[Step]:
    """Remove and add at random, three times as often as there are entries."""
    random = Random(seed)
    inside, outside, steps = list(range(entries)), [], []
    for _ in range(3 * entries):
        add = bool(outside) and (not inside or random.random() < 0.5)
        chosen, other = (outside, inside) if add else (inside, outside)
        alias = chosen.pop(int(random.random() * len(chosen)))
        other.append(alias)
        steps.append((alias, add))
    return steps


ORDERS = {
    "oldest": lambda entries, _: _removed(list(range(entries))),
    "newest": lambda entries, _: _removed(list(range(entries))[::-1]),
    "alternating": lambda entries, _: _removed([*range(0, entries, 2), *range(1, entries, 2)]),
    "one-per-descriptor": _thin,
    "refill": _refill,
    "random-1": lambda entries, _: _removed(_shuffled(entries, 1)),
    "random-2": lambda entries, _: _removed(_shuffled(entries, 2)),
    "churn-1": lambda entries, _: _churn(entries, 1),
    "churn-2": lambda entries, _: _churn(entries, 2),
}


@dataclass(frozen=True)
class Changes(Experiment):
    """A list of so many entries, then entries removed and added one by one, and a count after each.

    `order` is one of ORDERS. The guest removes an entry: it clears the alias' PTE and invalidates the TLB.
    """

    kind = "changes"
    paging = "shadow"
    entries: int
    order: str

    def run(self, guest: Guest, machine: Machine) -> Measured:
        measured: Measured = {}
        steps = self._steps(machine)
        with Vm(guest) as vm:
            vm.start_vcpu()
            vm.map(self.entries)
            vm.touch(self.entries)
            measured["grown"] = guest.count(DESC).active
            measured["held"] = vm.held_after_each(
                [mapping(alias), touching(alias)] if added else [clearing(alias)] for alias, added in steps
            )
            measured["cached"] = vm.end()
        return measured

    def predict(self, machine: Machine) -> Predicted:
        lines = [*grown(self.entries), "mark"]
        for alias, added in self._steps(machine):
            lines += [touch(alias), "mark"] if added else [write_table(alias), drop(alias), "mark"]
        first, *held, last = machine.steps([*lines, *CACHED])
        counts = [machine.objects(DESC, moment.held) for moment in held]
        return {"grown": machine.objects(DESC, first.held), "held": counts} | cached(machine, last)

    def _steps(self, machine: Machine) -> list[tuple[int, bool]]:
        return ORDERS[self.order](self.entries, machine.kernel.pte_list_ext)
