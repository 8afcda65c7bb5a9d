"""Page tables of guest memory that is mapped through TDP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from guest_model import VcpuModel

from kernel.experiment import Experiment, Measured, Predicted
from kernel.machine import DESC, HEADER
from kernel.vms import PAGE, Vm
from ptelist.engine import pagetables

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
        tables = figures[f"{HEADER}.objects.page_tables"].low
        vcpu = VcpuModel(machine.series)
        for address in range(0, self._memory, PAGE):
            vcpu.fault()
            vcpu.walk(address)
        held, descriptors = vcpu.headers.allocated, figures[f"{DESC}.objects.vcpu_caches"].low
        root = 1  # stays until the vCPU loads a new one
        predicted: Predicted = {
            "held": machine.objects(HEADER, held),
            "deleted": machine.objects(HEADER, held - tables + root),
            "descriptors": machine.objects(DESC, descriptors),
        }
        if machine.has_stats:
            predicted["pages_4k"] = pagetables.leaves(((0, self._memory),), "4K", machine.kernel.page_bytes)
        return predicted
