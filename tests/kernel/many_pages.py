"""Many guest pages with a list each, up to KVM's limit of shadow pages and beyond."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from guest_model import ALIASES, LEVELS, VcpuModel, same_lists

from kernel.experiment import Experiment, Measured, Predicted
from kernel.lists import cached
from kernel.machine import DESC, HEADER, Between
from kernel.vms import PAGE, PROBED, Vm
from ptelist.engine import pagetables

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
        end = ALIASES + self.gfns * self.each * PAGE
        tables = pagetables.tables(((0, PROBED), (ALIASES, end)), "4K", LEVELS, machine.kernel.page_bytes)
        if not self.limit and sum(tables) > _limit(machine):
            return self._recycled(machine)
        vcpu = _mapped(same_lists(machine.series), self.gfns, self.each, self.interleaved)
        return {
            "held": machine.objects(DESC, vcpu.held),
            "headers": machine.objects(HEADER, vcpu.headers.allocated),
        } | cached(machine, vcpu)

    def _recycled(self, machine: Machine) -> Predicted:
        """Past the default limit shadow pages are recycled, and their SPTEs with them: the ledger's bounds."""
        lists = f"{self.gfns}x{self.each}"
        figures = machine.vm(paging="shadow", rmaps=lists, caches="drawn", mapped="listed", faults="in-order")
        why = "recycled near the default limit of shadow pages"
        terms = {
            "held": figures[f"{DESC}.objects"],
            "headers": figures[f"{HEADER}.objects"],
            "cached": figures[f"{DESC}.objects.vcpu_caches"],
        }
        return {name: Between(term.low, term.high, why) for name, term in terms.items()}


@cache
def _mapped(version: str, gfns: int, each: int, interleaved: bool) -> VcpuModel:
    vcpu = VcpuModel(version)
    for alias in range(gfns * each):
        vcpu.touch(alias, alias % gfns if interleaved else alias // each)
    return vcpu


def _limit(machine: Machine) -> int:
    pages, _, _ = machine.memslot
    return pagetables.default_limit(pages, machine.kernel.shadow_page_divisor, machine.kernel.shadow_page_least)
