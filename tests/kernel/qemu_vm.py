"""A whole QEMU VM in the emulated machine: what its cgroup is charged, ptelist's part and the rest by name.

`python -m kernel.qemu_vm 6.1 7.3` in tests/ boots it, records what was seen and prints the table; not an everyday run.
QEMU runs SeaBIOS with KVM until there is nothing left to boot.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from guest_steps import PAGE
from helpers import charged

from kernel import initramfs, life, recording, suite
from kernel.charge import FLUSHED, ROOT
from kernel.experiment import NAMED
from kernel.fetch import fetch
from kernel.guest import Guest, GuestError
from kernel.machine import CACHES, HEADER
from kernel.nested_qemu import qemu_files
from kernel.recording import RECORDED

if TYPE_CHECKING:
    from kernel.fetch import Kernel
    from ptelist.engine.ledger import Ledger, Term

FOLDER_OF_RECORDS = RECORDED / "qemu-vm"
MEMORY = 128 << 20
OUTPUT, END = "/bios", "No bootable device"
OPTIONS = (
    f"-accel kvm -cpu host -display none -no-user-config -no-reboot -M pc -m {MEMORY >> 20} -smp 1 -nodefaults"
    f" -chardev file,id=bios,path={OUTPUT} -device isa-debugcon,iobase=0x402,chardev=bios"
)
PATIENCE = 300
CHARGED = (
    *("kvm_vcpu", "x86_fpu", "x86_emulator", "vm_area_struct", "task_struct", "sighand_cache", "signal_cache", "filp"),
    *("anon_vma", "anon_vma_chain", "mm_struct", "files_cache", "fs_cache", "cred_jar", "pid", "maple_node"),
)
"""Caches of which each object is charged, beside the kmalloc-cg-* ones and the reclaimable ones (SLAB_ACCOUNT)."""
POINTER = life.POINTER
SLAB = "slab: "
BESIDE = ("kernel_stack", "pagetables", "percpu", "slab_reclaimable")
"""Of memory.stat: QEMU's threads and page tables, dentries and inodes of the files that QEMU and KVM have."""


class Row(NamedTuple):
    """A part of what the cgroup is charged."""

    what: str
    bytes: int
    predicted: tuple[int, int] | None = None
    """By ptelist, if it is the MMU's."""


def run(kernel: Kernel) -> dict[str, Any]:
    """Boot the machine, and the VM in it; return what was seen once the firmware had nothing more to do."""
    with tempfile.TemporaryDirectory() as folder:
        probe = initramfs.compile_probe(suite.HERE, Path(folder))
    modules = initramfs.kvm_modules(kernel.modules)
    archive = initramfs.cpio([*initramfs.files(probe, modules), *qemu_files()])
    with Guest(kernel.image, archive, "1", "slab_nomerge") as guest:
        suite.load(guest, tuple(modules), suite.IDLE)
        guest.ask("write", f"{ROOT}/cgroup.subtree_control", "+memory")
        guest.ask("mkdir", f"{ROOT}/qemu")
        caches = [line.split()[0] for line in guest.text("/proc/slabinfo").splitlines()[2:]]
        before = _slabs(guest, caches)
        guest.ask("write", f"{ROOT}/qemu/cgroup.procs", 0)
        (process,) = guest.ask("spawn", shutil.which("qemu-system-x86_64"), *OPTIONS.split())
        guest.ask("write", f"{ROOT}/cgroup.procs", 0)
        _await_end(guest)
        time.sleep(FLUSHED)
        after = _slabs(guest, caches)
        stat = dict(line.split() for line in guest.text(f"{ROOT}/qemu/memory.stat").splitlines())
        vmalloc = life.by_function(guest.text("/proc/vmallocinfo"))
        guest.ask("kill", process)
        guest.ask("off")
    return {
        "series": kernel.series,
        "packages": kernel.packages,
        "qemu": _version(),
        "options": OPTIONS,
        "stat": {name: int(value) for name, value in stat.items()},
        "vmalloc": {name: size for name, size in vmalloc.items() if "kvm" in name or "memslot" in name},
        "caches": _grown(before, after),
    }


def _await_end(guest: Guest) -> None:
    for _ in range(PATIENCE):
        time.sleep(1)
        try:
            if END in guest.text(OUTPUT):
                return
        except GuestError:
            continue
    raise GuestError(f"the firmware did not say {END!r}: {guest.text('/output')}")


def _slabs(guest: Guest, caches: list[str]) -> dict[str, tuple[int, int]]:
    """Return objects in use and the stride of each cache, after a shrink of all."""
    guest.all([("write", f"/sys/kernel/slab/{name}/shrink", 1) for name in caches])
    rows = (line.split() for line in guest.text("/proc/slabinfo").splitlines()[2:])
    return {name: (int(active), int(stride)) for name, active, _, stride, *_ in rows}


def _grown(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> dict[str, list[int]]:
    grown = {name: [active - before.get(name, (0, 0))[0], stride] for name, (active, stride) in after.items()}
    return {name: row for name, row in sorted(grown.items()) if row[0] > 0}


def _version() -> str:
    said = subprocess.run(("qemu-system-x86_64", "--version"), check=True, capture_output=True, text=True).stdout
    return said.splitlines()[0]


def figures(record: dict[str, Any]) -> Ledger:
    """Return what ptelist prints of this VM: its memslots come and go, so that tables were freed."""
    return charged(kernel=record["series"], memory=MEMORY, vcpus=1, cpus=1, history="any", slab_merge=False)


def rows(record: dict[str, Any]) -> list[Row]:
    """Return the parts of `kernel` in memory.stat; the last two are what is left unexplained.

    Objects are counted on the whole machine, so a little more of them may be named than the cgroup is charged.
    """
    printed, stat = figures(record), record["stat"]
    size = {name: count * (stride + POINTER) for name, (count, stride) in record["caches"].items()}
    slots = sum(record["vmalloc"].get(name, 0) for name in life.VMALLOC["memslots"])
    headers = record["caches"][HEADER][0]
    found = [Row(f"slab: {name}", size.pop(name), _ends(printed[f"charged.bytes.{name}"])) for name in CACHES]
    found.append(Row("pages of tables, cached or live", headers * PAGE, _ends(printed["shadow_pages.bytes"])))
    found.append(Row("memslot arrays", slots))
    named = {name for name in size if name in CHARGED or name.startswith("kmalloc-cg-")}
    found += [Row(f"slab: {name}", size[name]) for name in sorted(named, key=lambda name: -size[name])]
    found.append(Row("vmalloc: struct kvm", stat["vmalloc"] - slots))
    found += [Row(f"memory.stat: {name}", stat[name]) for name in BESIDE if stat.get(name)]
    found += [Row(f"pages: {name}", taken) for name, taken in _pages(record["series"]).items()]
    unexplained = stat["slab_unreclaimable"] - sum(row.bytes for row in found if row.what.startswith(SLAB))
    rest = stat["kernel"] - unexplained - sum(row.bytes for row in found)
    return [*found, Row("unexplained, of slab", unexplained), Row("unexplained, of pages", rest)]


def _ends(term: Term) -> tuple[int, int]:
    return term.low, term.high


def _pages(series: str) -> dict[str, int]:
    """Return the pages that VM and vCPU take by themselves, as the steps of a VM's life were seen to take them."""
    done = recording.parse((RECORDED / series / "vm-life.jsonl").read_text())
    (measured,) = (each.measured for each in done.observed if each.experiment.paging == suite.IDLE)  # type: ignore[attr-defined]
    found: dict[str, int] = {}
    for step in ("vm", "vcpu-0"):
        start = f"{NAMED}{step}.pages."
        for name, size in measured.items():
            if name.startswith(start) and name != f"{NAMED}vm.pages.kvm_dev_ioctl":  # by vmalloc
                assert isinstance(size, int)
                found[name.removeprefix(start)] = found.get(name.removeprefix(start), 0) + size
    return found


def table(record: dict[str, Any]) -> str:
    """Return the parts as text, each with what ptelist predicts of it."""
    lines = [f"{record['series']}, {record['qemu']}: kernel {record['stat']['kernel']:,} bytes"]
    for row in rows(record):
        told = "" if row.predicted is None else "  ptelist: {:,}..{:,}".format(*row.predicted)
        lines.append(f"{row.bytes:>10,}  {row.what}{told}")
    return "\n".join(lines) + "\n"


def recorded() -> list[Path]:
    """Return the records."""
    return sorted(FOLDER_OF_RECORDS.glob("*.json"))


def main() -> None:
    """Boot the kernels named, record what was seen, and print it."""
    FOLDER_OF_RECORDS.mkdir(exist_ok=True)
    for series in sys.argv[1:]:
        record = run(fetch(series))
        (FOLDER_OF_RECORDS / f"{series}.json").write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
        print(table(record))


if __name__ == "__main__":
    main()
