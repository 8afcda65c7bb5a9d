"""A real QEMU with KVM inside an emulated machine, and L2s inside that: every add to a list and every removal, traced.

`.ci/kernel --nested-qemu 6.1` does it through test_nested_qemu.py. One case takes some minutes.
"""

from __future__ import annotations

import base64
import gzip
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kernel import initramfs
from kernel.guest import CPU, KERNEL_OPTIONS
from kernel.initramfs import FILE, FOLDER, Entry
from ptelist.traces.replay import probes

if TYPE_CHECKING:
    from kernel.fetch import Kernel

HERE = Path(__file__).parent
TOOLS = ("qemu-system-x86_64", "busybox", "ldd")
FIRMWARE = tuple(
    Path("/usr/share") / name
    for name in (
        "seabios/bios-256k.bin",
        "seabios/vgabios-stdvga.bin",
        "qemu/kvmvapic.bin",
        "qemu/linuxboot_dma.bin",
    )
)
SEABIOS = "-m 128 -chardev file,id=out,path=/tmp/out -device isa-debugcon,iobase=0x402,chardev=out"
LINUX = (
    "-m 192 -net none -serial file:/tmp/out -kernel /vmlinuz -initrd /l2.cpio"
    " -append 'console=ttyS0 loglevel=4 panic=-1 tsc=unstable role=l2'"
)
L1_OPTIONS = {"7.2": "noxsave", "7.3": "noxsave"}
"""Of L1's kernel: with XSAVE the emulated processor stops these, as L1, at boot."""
PATIENCE = 3600


class L2(NamedTuple):
    """One VM of L1's."""

    name: str
    options: str
    seconds: int = 400


PC = L2("pc", f"-M pc -net none {SEABIOS}")
CASES = {
    "pc-nodefaults": (L2("pc-nodefaults", f"-M pc -nodefaults {SEABIOS}"),),
    "pc-nosmm": (L2("pc-nosmm", f"-M pc,smm=off -nodefaults {SEABIOS}"),),
    "pc": (PC,),
    "q35": (L2("q35", f"-M q35 -net none {SEABIOS}"),),
    "linux": (L2("linux", f"-M pc {LINUX}", 900),),
    "eight": (PC,) * 8,
}
"""What L1 runs, one after the other. SeaBIOS searches for something to boot, in vain."""


class NestedError(Exception):
    """The run did not end as it must; with what the machine said."""


class Nested(NamedTuple):
    """What a run gave."""

    trace: str
    log: str


def run(kernel: Kernel, case: str) -> Nested:
    """Boot the kernel, in it itself as L1, and in that the L2s of a case."""
    with tempfile.TemporaryDirectory(prefix="ptelist-nested-") as name:
        folder = Path(name)
        (folder / "initramfs").write_bytes(_host(kernel, CASES[case]))
        command = (
            *("qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
            *("-machine", "pc", "-accel", "tcg,thread=single,tb-size=512", "-cpu", CPU, "-m", "3G"),
            *("-kernel", kernel.image, "-initrd", folder / "initramfs"),
            *("-append", f"{KERNEL_OPTIONS} slab_nomerge role=host l1={L1_OPTIONS.get(kernel.series, '')}"),
            *("-serial", f"file:{folder / 'console'}", "-serial", f"file:{folder / 'log'}"),
        )
        try:
            subprocess.run(command, check=True, timeout=PATIENCE, capture_output=True)
        except subprocess.SubprocessError as error:
            raise NestedError(f"{error}\n{_tail(folder / 'log')}\n{_tail(folder / 'console')}") from None
        return _result((folder / "log").read_text(errors="replace", encoding="utf-8"))


def _tail(path: Path) -> str:
    return path.read_text(errors="replace", encoding="utf-8")[-2000:] if path.exists() else ""


def _result(text: str) -> Nested:
    log, found, rest = text.replace("\r", "").partition("TRACE BEGIN\n")
    packed, end, _ = rest.partition("TRACE END")
    if not (found and end) or "-failed" in log:
        raise NestedError(f"no whole run:\n{log[-4000:]}")
    return Nested(gzip.decompress(base64.b64decode(packed)).decode(), log)


def _host(kernel: Kernel, l2s: tuple[L2, ...]) -> bytes:
    """Return the host's archive, with that of L1 inside, and in it that of a Linux L2."""
    base = [Entry("bin", FOLDER), Entry("init", FILE, (HERE / "nested_qemu.sh").read_bytes())]
    busybox = Path(shutil.which("busybox") or "busybox").read_bytes()
    base += [Entry("dev", FOLDER), Entry("dev/console", initramfs.DEVICE, device=initramfs.CONSOLE)]
    base += [Entry("bin/busybox", FILE, busybox), Entry("bin/sh", FILE, busybox)]
    modules = initramfs.kvm_modules(kernel.modules)
    more = [Entry(f"{name}.ko", FILE, content) for name, content in modules.items()]
    more += [Entry("modules", FILE, "".join(f"{name}\n" for name in modules).encode())]
    more += [Entry("vmlinuz", FILE, kernel.image.read_bytes()), *qemu_files()]
    more += [Entry("l2s", FILE, "".join(f"{l2.name}|{l2.seconds}|{l2.options}\n" for l2 in l2s).encode())]
    l1 = initramfs.cpio([*base, *more, Entry("l2.cpio", FILE, initramfs.cpio(base))])
    script = probes.script(kernel.series).encode()
    return initramfs.cpio([*base, *more, Entry("probes.sh", FILE, script), Entry("l1.cpio", FILE, l1)])


def qemu_files() -> list[Entry]:
    """Return QEMU, its libraries and its firmware."""
    program = Path(shutil.which("qemu-system-x86_64") or "")
    listed = subprocess.run(("ldd", program), check=True, capture_output=True, encoding="utf-8").stdout
    files = [Path(path) for path in re.findall(r"/\S+", listed)] + list(FIRMWARE)
    files.append(program)  # where it is it finds its firmware
    folders = {parent for path in files for parent in path.parents if parent != Path("/")}
    entries = [Entry(str(folder)[1:], FOLDER) for folder in sorted(folders)]
    return entries + [Entry(str(path)[1:], FILE, path.read_bytes()) for path in files]
