"""What a cgroup is charged for vCPUs that run."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from guest_steps import charged, start

from kernel.experiment import Experiment, Measured, Predicted
from kernel.machine import GUEST_MEMORY, between
from kernel.vms import Vm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kernel.guest import Guest
    from kernel.machine import Machine

ROOT = "/sys/fs/cgroup"
EXACT_STAT = (5, 13)
"""The version in which memory.stat came to add up every CPU's part (rstat, 2d146aa3aa84)."""
MEMCG_CHARGE_BATCH = 32
"""Pages of which a CPU kept its part for itself before."""
FLUSHED = 3
"""Seconds, longer than FLUSH_TIME in mm/memcontrol.c."""


@dataclass(frozen=True)
class Charge(Experiment):
    """In a cgroup of their own, vCPUs run for the first time: by how much its slab memory grows.

    One more runs before: with a VM's first KVM_RUN comes what is not the vCPU's, from v6.14 on a kernel thread.
    """

    kind = "charge"
    paging: str
    vcpus: int

    def run(self, guest: Guest, machine: Machine) -> Measured:
        del machine
        guest.ask("write", f"{ROOT}/cgroup.subtree_control", "+memory")
        charged, reader = (f"{ROOT}/{name}-{self.paging}-{self.vcpus}" for name in ("charged", "reader"))
        for group in (charged, reader):
            guest.ask("mkdir", group)
        _enter(guest, charged)
        with Vm(guest) as vm:
            for _ in range(self.vcpus + 1):
                vm.ask("vcpu", "long")
            vm.ask("run", self.vcpus)
            before = _slab_bytes(guest, charged, reader)
            _enter(guest, charged)
            for number in range(self.vcpus):
                vm.ask("run", number)
            after = _slab_bytes(guest, charged, reader)
        _enter(guest, ROOT)
        return {"bytes": after - before}

    def predict(self, machine: Machine) -> Predicted:
        """By how much what `ptelist replay` prints grows."""
        low, high = charged(*machine.steps(self._lines(), self.paging), "slab")
        lag = 0 if machine.version >= EXACT_STAT else MEMCG_CHARGE_BATCH * machine.kernel.page_bytes * machine.cpus
        return {"bytes": between(low - lag, high + lag, "memory.stat lags by a batch of pages on each CPU")}

    def _lines(self) -> Iterator[str]:
        yield from ("open vm", f"slot vm 0 {GUEST_MEMORY}")
        yield from (f"vcpu vm {number}" for number in range(self.vcpus + 1))
        yield from start(vcpu=self.vcpus)
        yield "mark"
        for number in range(self.vcpus):
            yield from start(vcpu=number)
        yield "mark"


def _enter(guest: Guest, group: str) -> None:
    guest.ask("write", f"{group}/cgroup.procs", 0)


def _slab_bytes(guest: Guest, group: str, reader: str) -> int:
    """Return what memory.stat says.

    A CPU keeps a cgroup's last few bytes for itself until another one's are charged there: hence the reader. The sum
    over CPUs is made every two seconds only, or after many changes: hence the wait. Inodes and dentries come and go
    with the files that are read here; they are reclaimable.
    """
    _enter(guest, reader)
    guest.text(f"{reader}/memory.stat")
    time.sleep(FLUSHED)
    lines = guest.text(f"{group}/memory.stat").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("slab_unreclaimable "))
