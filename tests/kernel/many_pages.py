"""Many guest pages with a list each, up to KVM's limit of shadow pages and beyond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from guest_steps import TABLE, mapped, start, touch

from kernel.experiment import Experiment, Measured, Predicted
from kernel.lists import CACHED, cached
from kernel.machine import DESC, HEADER, Between
from kernel.vms import Vm

if TYPE_CHECKING:
    from kernel.guest import Guest
    from kernel.machine import Machine


@dataclass(frozen=True)
class ManyPages(Experiment):
    """Many guest pages with a list each; `limit` is KVM_SET_NR_MMU_PAGES, 0 the default."""

    kind = "many-pages"
    paging = "shadow"
    gfns: int
    each: int
    interleaved: bool
    limit: int = 0

    def run(self, guest: Guest, machine: Machine) -> Measured:
        del machine
        measured: Measured = {}
        aliases = self.gfns * self.each
        with Vm(guest) as vm:
            if self.limit:
                vm.ask("limit", self.limit)
            vm.start_vcpu()
            vm.map(aliases, self.gfns, 1 if self.interleaved else self.each)
            vm.touch(aliases)
            measured["held"] = guest.count(DESC).active
            measured["headers"] = guest.count(HEADER).active
            measured["cached"] = vm.end()
        return measured

    def predict(self, machine: Machine) -> Predicted:
        """What `replay` prints; past the limit of shadow pages it says that it is not exact, and `show` has bounds.

        Whether it is past that, one alias of each page table tells.
        """
        limit = [f"limit vm {self.limit}"] if self.limit else []
        aliases = mapped(self.gfns, self.each, interleaved=self.interleaved)
        lines = [*limit, *start(), aliases, "mark", *CACHED]
        each_table = [touch(alias) for alias in range(0, self.gfns * self.each, TABLE)]
        if not machine.replays([*limit, *start(), *each_table]):
            return self._recycled(machine)
        moment, last = machine.steps(lines)
        return {
            "held": machine.objects(DESC, moment.held),
            "headers": machine.objects(HEADER, moment.headers),
        } | cached(machine, last)

    def _recycled(self, machine: Machine) -> Predicted:
        lists = f"{self.gfns}x{self.each}"
        figures = machine.vm(paging="shadow", rmaps=lists, caches="drawn", mapped="listed", faults="in-order")
        why = "recycled near the default limit of shadow pages"
        terms = {
            "held": figures[f"{DESC}.objects"],
            "headers": figures[f"{HEADER}.objects"],
            "cached": figures[f"{DESC}.objects.vcpu_caches"],
        }
        return {name: Between(term.low, term.high, why) for name, term in terms.items()}
