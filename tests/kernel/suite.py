"""Kernels are booted on the machines of boots.py, and every experiment is done."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Self

from kernel import guest as qemu
from kernel import initramfs
from kernel.boots import BOOTS
from kernel.files import GuestFiles
from kernel.guest import BootError, Guest
from kernel.machine import CACHES, Machine
from kernel.recording import Observed, Run
from kernel.vms import Vm
from ptelist.readers.host.snapshot import take

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future

    from kernel.boots import Boot
    from kernel.fetch import Kernel

HERE = Path(__file__).parent
MODULES = {
    "tdp-mmu": {"kvm": "tdp_mmu=1", "kvm_amd": "npt=1"},
    "tdp-legacy": {"kvm": "tdp_mmu=0", "kvm_amd": "npt=1"},
    "nested": {"kvm": "tdp_mmu=1", "kvm_amd": "npt=1 nested=1"},
    "shadow": {"kvm": "tdp_mmu=0", "kvm_amd": "npt=0"},
}
IDLE = "tdp-mmu"
"""What KVM is loaded with at first, and for the snapshots."""
AT_ONCE = 2
"""Machines side by side."""


class Boots:
    """Machines to boot, some at a time; what has not begun by the end is not begun."""

    def __enter__(self) -> Self:
        """Begin with none."""
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._runs: dict[tuple[str, str], Future[Run]] = {}
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def start(self, kernel: Kernel, names: Iterable[str]) -> None:
        """Boot a kernel on these machines."""
        with tempfile.TemporaryDirectory() as folder:
            probe = initramfs.compile_probe(HERE, Path(folder))
        modules = initramfs.kvm_modules(kernel.modules)
        archive = initramfs.build(probe, modules)
        for name in names:
            self._runs[kernel.series, name] = self._pool.submit(run, kernel, archive, tuple(modules), name)

    def result(self, series: str, name: str) -> Run:
        """Wait for one of them."""
        return self._runs[series, name].result()


def run(kernel: Kernel, archive: bytes, modules: tuple[str, ...], name: str) -> Run:
    """Boot one machine and do its experiments; one that does not come up is booted once more."""
    try:
        return _run(kernel, archive, modules, name)
    except BootError:
        return _run(kernel, archive, modules, name)


def _run(kernel: Kernel, archive: bytes, modules: tuple[str, ...], name: str) -> Run:
    boot = BOOTS[name]
    with Guest(kernel.image, archive, boot.smp, boot.options) as guest:
        loaded = IDLE
        load(guest, modules, loaded)
        machine = _describe(guest, kernel, boot)
        snapshots = {name: _snapshot(guest)}
        if boot.live:
            snapshots[f"{name}-live"] = _with_vms(guest)
        observed = []
        for experiment in boot.experiments:
            if experiment.paging != loaded:
                loaded = experiment.paging
                load(guest, modules, loaded)
            observed.append(Observed(experiment, experiment.run(guest, machine)))
        guest.ask("off")
    return Run(machine, tuple(observed), snapshots)


def load(guest: Guest, modules: tuple[str, ...], paging: str) -> None:
    """Load KVM's modules with the parameters for a kind of paging, again if they are there already."""
    loaded = {line.split()[0] for line in guest.text("/proc/modules").splitlines()}
    for module in reversed(modules):
        if module in loaded:
            guest.ask("rmmod", module)
    for module in modules:
        guest.ask("insmod", f"/{module}.ko", MODULES[paging].get(module, ""))


def _describe(guest: Guest, kernel: Kernel, boot: Boot) -> Machine:
    rows = {name: guest.raw(name) for name in CACHES}
    cpus = {kind: guest.text(f"/sys/devices/system/cpu/{kind}").strip() for kind in ("possible", "present", "online")}
    return Machine(
        series=kernel.series,
        release=guest.text("/proc/sys/kernel/osrelease").strip(),
        packages=kernel.packages,
        command_line=boot.options,
        smp=boot.smp,
        cpu=qemu.CPU,
        merged={name: row.name for name, row in rows.items() if row.name != name},
        **cpus,
    )


def _snapshot(guest: Guest) -> str:
    return take(GuestFiles(guest), rmaps_stat=True).render()


def _with_vms(guest: Guest) -> str:
    """Return a snapshot while two VMs live: three vCPUs that have run, and a second VM of one."""
    with Vm(guest) as first, Vm(guest) as second:
        for vm, vcpus in ((first, 3), (second, 1)):
            for number in range(vcpus):
                vm.ask("vcpu", "long")
                vm.ask("run", number)
        return _snapshot(guest)
