"""A whole QEMU VM in the emulated machine: what its cgroup is charged, ptelist's part and the rest by name.

`python -m kernel.qemu_vm pc 6.1 7.3` in tests/ boots it as QEMU's machine pc, records what was seen and prints the
table; q35 likewise. Not an everyday run.
QEMU runs SeaBIOS with KVM until there is nothing left to boot.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kernel import charged, initramfs, life, suite
from kernel.charge import FLUSHED, ROOT
from kernel.charged import Trace
from kernel.fetch import fetch
from kernel.guest import Guest, GuestError
from kernel.machine import CACHES
from kernel.nested_qemu import qemu_files
from kernel.qemu_charge import table
from kernel.recording import RECORDED

if TYPE_CHECKING:
    from kernel.fetch import Kernel

FOLDER_OF_RECORDS = RECORDED / "qemu-vm"
MEMORY_MIB = 128
OUTPUT, END = "/bios", "No bootable device"
OPTIONS = (
    f"-accel kvm -cpu host -display none -no-user-config -no-reboot -m {MEMORY_MIB} -smp 1 -net none"
    f" -chardev file,id=bios,path={OUTPUT} -device isa-debugcon,iobase=0x402,chardev=bios"
)
KVMS = re.compile(f"kvm|fpu|{life.MMU.pattern}")
"""Functions of /proc/vmallocinfo that make what is a VM's."""
GROUP, READER = f"{ROOT}/qemu", f"{ROOT}/reader"
PATIENCE = 300
FAILED = "KVM internal error"


def run(kernel: Kernel, machine: str) -> dict[str, Any]:
    """Boot the machine, and the VM in it; return what was seen once the firmware had nothing more to do."""
    with tempfile.TemporaryDirectory() as folder:
        probe = initramfs.compile_probe(suite.HERE, Path(folder))
    modules = initramfs.kvm_modules(kernel.modules)
    archive = initramfs.cpio([*initramfs.files(probe, modules), *qemu_files()])
    with Guest(kernel.image, archive, "1", "slab_nomerge") as guest:
        suite.load(guest, tuple(modules), suite.IDLE)
        guest.ask("write", f"{ROOT}/cgroup.subtree_control", "+memory")
        for group in (GROUP, READER):
            guest.ask("mkdir", group)
        with Trace(guest) as trace:
            process = _spawn(guest, trace, machine)
            _await_end(guest)
            stat = _stat(guest)
        areas = life.by_function(guest.text("/proc/vmallocinfo"))
        record = {
            "series": kernel.series,
            "release": guest.text("/proc/sys/kernel/osrelease").strip(),
            "packages": kernel.packages,
            "qemu": _version(),
            "machine": machine,
            "options": OPTIONS,
            "stat": stat,
            "vmalloc": {name: size for name, size in sorted(areas.items()) if KVMS.search(name)},
            "objects": {name: guest.count(name).active for name in CACHES},
            "taken": [[*taken, count] for taken, count in sorted(charged.parse(trace.text).items())],
        }
        guest.ask("kill", process)
        guest.ask("off")
    return record


def _spawn(guest: Guest, trace: Trace, machine: str) -> str:
    """Start QEMU in its cgroup, which the probe is in meanwhile."""
    guest.ask("write", f"{GROUP}/cgroup.procs", 0)
    trace.mark(charged.ENTER)
    (process,) = guest.ask("spawn", shutil.which("qemu-system-x86_64"), "-M", machine, *OPTIONS.split())
    guest.ask("write", f"{READER}/cgroup.procs", 0)
    trace.mark(charged.LEAVE)
    return process


def _await_end(guest: Guest) -> None:
    for _ in range(PATIENCE):
        time.sleep(1)
        try:
            if END in guest.text(OUTPUT):
                return
            if FAILED in guest.text("/output"):
                break
        except GuestError:
            continue
    raise GuestError(f"the firmware did not say {END!r}: {guest.text('/output')}")


def _stat(guest: Guest) -> dict[str, int]:
    """Return what memory.stat says; see charge.py for why one waits, in another cgroup."""
    guest.text(f"{READER}/memory.stat")
    time.sleep(FLUSHED)
    lines = guest.text(f"{GROUP}/memory.stat").splitlines()
    return {name: int(value) for name, value in (line.split() for line in lines)}


def _version() -> str:
    said = subprocess.run(("qemu-system-x86_64", "--version"), check=True, capture_output=True, encoding="utf-8").stdout
    return said.splitlines()[0]


def render(record: dict[str, Any]) -> str:
    """Return the text of a record: an allocation a line."""
    *_, last = record
    assert last == "taken"
    head = json.dumps({name: value for name, value in record.items() if name != last}, indent=1)
    rows = ",\n  ".join(json.dumps(row) for row in record[last])
    return f'{head[:-2]},\n "{last}": [\n  {rows}\n ]\n}}\n'


def recorded() -> list[Path]:
    """Return the records."""
    return sorted(FOLDER_OF_RECORDS.glob("*.json"))


def main() -> None:
    """Boot the kernels named, record what was seen, and print it."""
    FOLDER_OF_RECORDS.mkdir(exist_ok=True)
    machine, *kernels = sys.argv[1:]
    for series in kernels:
        record = run(fetch(series), machine)
        (FOLDER_OF_RECORDS / f"{series}-{machine}.json").write_text(render(record), encoding="utf-8")
        print(table(record))


if __name__ == "__main__":
    main()
