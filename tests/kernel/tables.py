"""Page tables of guest memory that is mapped through TDP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from guest_steps import start

from kernel.experiment import Experiment, Measured, Predicted
from kernel.machine import DESC, HEADER, exactly
from kernel.vms import PAGE, Vm

if TYPE_CHECKING:
    from kernel.guest import Guest
    from kernel.machine import Machine


@dataclass(frozen=True)
class LiveTables(Experiment):
    """All of guest memory is touched through TDP: page tables while it is mapped, and without the memslot."""

    kind = "live-tables"
    paging: str
    mib: int

    def run(self, guest: Guest, machine: Machine) -> Measured:
        measured: Measured = {}
        with Vm(guest, self._memory) as vm:
            vm.start_vcpu()
            vm.ask("touch", 0, 0, self._memory // PAGE, PAGE)
            measured["held"] = guest.count(HEADER).active
            measured["descriptors"] = guest.count(DESC).active
            if machine.has_stats:
                measured["pages_4k"] = vm.stat("pages_4k")
            vm.ask("unslot")
            guest.settle()
            measured["deleted"] = guest.count(HEADER).active
        return measured

    @property
    def _memory(self) -> int:
        return self.mib << 20

    def predict(self, machine: Machine) -> Predicted:
        figures = machine.vm(paging=self.paging, memory=self._memory)
        lines = [*start(), f"touch vm 0 0x0*{self._memory // PAGE}", "mark", "unslot vm", "mark"]
        live, deleted = machine.steps(lines, self.paging)
        held, descriptors = (figures[f"{name}.objects"] for name in (HEADER, DESC))
        predicted: Predicted = {
            "held": machine.objects(HEADER, exactly(held)),
            "deleted": machine.objects(HEADER, deleted.headers),
            "descriptors": machine.objects(DESC, exactly(descriptors)),
        }
        if machine.has_stats:
            predicted["pages_4k"] = live.entries
        return predicted
