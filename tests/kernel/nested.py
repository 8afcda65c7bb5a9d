"""An L1 and an L2 of a few instructions each: lists of nested TDP, orphans, and what the first VMRUN takes.

`lists` are the descriptors that go with the gfn's page or the memslot; `held` counts those in the vCPU's cache as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from guest_steps import TABLE

from kernel.experiment import Experiment, Measured, Predicted
from kernel.lists import Grown
from kernel.machine import DESC, HEADER, Between, Number
from kernel.vms import PAGE, TARGET, Vm

if TYPE_CHECKING:
    from helpers import Option

    from kernel.guest import Guest
    from kernel.machine import Machine
    from ptelist.engine.ledger import Ledger

CODE = PAGE
"""What L2 has when it has run but touched nothing: the page of its code."""
ALLOCATORS = {
    "memslots.bytes.rmap_heads": "memslot_rmap_alloc",
    "memslots.bytes.write_track": "kvm_page_track_write_tracking_alloc",
}
"""Figures, and the functions that /proc/vmallocinfo names for them."""


class L2(Vm):
    """A VM whose vCPU has entered L2 once: what is mapped, shared and touched is L2's."""

    def __init__(self, guest: Guest) -> None:
        """Start L1; `enter` is the first VMRUN."""
        super().__init__(guest)
        self.start_vcpu()
        self.ask("nest", 0)

    @classmethod
    def started(cls, guest: Guest) -> Self:
        vm = cls(guest)
        vm.enter()
        return vm

    def enter(self) -> None:
        self.ask("l2enter", 0)

    def map(self, count: int, gfns: int = 1, each: int = 1, first: int = 0) -> None:
        self.ask("l2map", first, count, TARGET, gfns, each)

    def share(self, parents: int) -> None:
        self.ask("l2share", parents)

    def touch(self, count: int, every: int = 1) -> None:
        self.ask("l2touch", 0, 0, count, every)

    def dropped(self, gfns: int) -> int:
        """Let the host drop the pages of so many gfns, and return how many descriptors stay: their lists go."""
        for gfn in range(gfns):
            self.ask("drop", TARGET + gfn)
        return self.held()


def figures(machine: Machine, **more: Option) -> Ledger:
    """Return the figures of L1 with an L2, whose caches were drawn from."""
    return machine.vm(paging="tdp-mmu", nested=True, **{"l2_memory": CODE, "caches": "drawn", **more})


def number(machine: Machine, found: Ledger, name: str, cache: str = DESC) -> Number:
    """Return a figure as a prediction of a slab counter."""
    term = found[name]
    if term.exact:
        return machine.objects(cache, term.low)
    return Between(term.low, term.high, term.note or "the caches were drawn from")


class OfL2(Grown):
    """The same of L2's lists: what of all that is held is in them goes with their page, or the memslot."""

    paging = "nested"
    vm = L2

    def left(self, vm: Vm, machine: Machine, measured: Measured) -> Measured:
        del machine
        assert isinstance(vm, L2)
        held = measured["held"]
        return {"lists": (held if isinstance(held, int) else held[-1]) - self.without(vm)}

    def without(self, vm: L2) -> int:
        return vm.end()


@dataclass(frozen=True)
class NestedChain(OfL2):
    """So many L1 gfns, each mapped by `entries` L2 gfns."""

    kind = "nested-chain"
    gfns: int
    entries: int

    def run(self, guest: Guest, machine: Machine) -> Measured:
        return super().run(guest, machine) | {"closed": guest.count(DESC).active}

    def grow(self, vm: Vm, machine: Machine) -> Measured:
        del machine
        vm.ask("limit", 100_000)
        vm.map(self.gfns * self.entries, self.gfns, self.entries)
        vm.touch(self.gfns * self.entries)
        return {"held": vm.held()}

    def without(self, vm: L2) -> int:
        return vm.dropped(self.gfns)

    def predict(self, machine: Machine) -> Predicted:
        found = figures(machine, rmaps=f"{self.gfns}x{self.entries}")
        return {
            "held": number(machine, found, f"{DESC}.objects"),
            "lists": found[f"{DESC}.objects.rmaps"].low,
            "closed": machine.objects(DESC, 0),
        }


@dataclass(frozen=True)
class NestedParents(OfL2):
    """One page table of L1's, to which so many entries of its directory point: parent_ptes."""

    kind = "nested-parents"
    parents: int

    def grow(self, vm: Vm, machine: Machine) -> Measured:
        del machine
        assert isinstance(vm, L2)
        vm.map(1)
        vm.share(self.parents)
        vm.touch(self.parents, every=TABLE)
        return {"held": vm.held()}

    def predict(self, machine: Machine) -> Predicted:
        found = figures(machine, parent_ptes=f"1x{self.parents}")
        lists = found[f"{DESC}.objects.parent_ptes"].low
        return {"held": number(machine, found, f"{DESC}.objects"), "lists": lists}


@dataclass(frozen=True)
class Orphans(OfL2):
    """L1 replaces the page table of so many gfns, and L2 touches them again, round after round."""

    kind = "orphans"
    gfns: int
    rounds: int

    def grow(self, vm: Vm, machine: Machine) -> Measured:
        del machine
        assert isinstance(vm, L2)
        held: list[int] = []
        vm.ask("fill", TARGET, self.gfns)
        for turn in range(self.rounds):
            vm.map(self.gfns, self.gfns, first=turn * TABLE)
            if turn:
                vm.ask("l2replace", 0, turn)
            vm.touch(self.gfns)
            held.append(vm.held())
        return {"held": held}

    def without(self, vm: L2) -> int:
        return vm.dropped(self.gfns)

    def predict(self, machine: Machine) -> Predicted:
        rounds = [figures(machine, l2_memory=self.gfns * PAGE, l1_replacements=turn) for turn in range(self.rounds)]
        return {
            "held": [number(machine, found, f"{DESC}.objects") for found in rounds],
            "lists": rounds[-1][f"{DESC}.objects.rmaps"].low,
        }


@dataclass(frozen=True)
class FirstVmrun(Experiment):
    """What the first VMRUN takes, term by term, and the second: nothing."""

    kind = "first-vmrun"
    paging = "nested"

    def run(self, guest: Guest, machine: Machine) -> Measured:
        measured: Measured = {}
        with L2(guest) as vm:
            before = self._look(guest, machine)
            vm.enter()
            first = self._look(guest, machine)
            vm.enter()
            second = self._look(guest, machine)
        measured |= {f"first.{name}": first[name] - before[name] for name in first}
        measured |= {f"second.{name}": second[name] - first[name] for name in second}
        return measured

    @staticmethod
    def _look(guest: Guest, machine: Machine) -> dict[str, int]:
        found = {name: guest.count(name).active for name in (DESC, HEADER)}
        guest.ask("write", "/proc/sys/vm/stat_refresh", 1)  # CPUs keep part of such counts for themselves
        table = guest.text("/proc/meminfo")
        if match := re.search(r"SecPageTables: +(\d+) kB", table):
            found["tables"] = int(match[1]) << 10
        if machine.kernel.rmap_lazy == "if_tdp_mmu":
            lines = guest.text("/proc/vmallocinfo").splitlines()
            for figure, function in ALLOCATORS.items():
                pages = [re.search(r"pages=(\d+)", line) for line in lines if f" {function}+" in line]
                found[figure] = sum(int(match[1]) * PAGE for match in pages if match)
        return found

    def predict(self, machine: Machine) -> Predicted:
        off, on = machine.vm(paging="tdp-mmu"), figures(machine, caches="topped-up")
        predicted: Predicted = {f"first.{name}": 0 for name in (DESC, HEADER)}  # the caches were full: drawn from
        if machine.series != "5.10":
            name = "page_tables.bytes.tables"
            predicted["first.tables"] = on[name].low - off[name].low
        if machine.kernel.rmap_lazy == "if_tdp_mmu":
            for figure in ALLOCATORS:
                more = on[figure].low - off[figure].low
                predicted[f"first.{figure}"] = more // (PAGE + machine.kernel.spte_pointer_bytes) * PAGE
        return predicted | {name.replace("first", "second"): 0 for name in predicted}
