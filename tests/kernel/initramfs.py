"""The initial RAM file system of an emulated machine: the probe as /init, and the modules of KVM."""

from __future__ import annotations

import lzma
import re
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from kernel.fetch import FetchError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER, FILE, DEVICE = 0o040755, 0o100755, 0o020600
CONSOLE = (5, 1)
KVM = "kvm_amd"
"""The vendor module that QEMU's emulation of SVM needs."""


class Entry(NamedTuple):
    """A file of the archive."""

    name: str
    mode: int
    content: bytes = b""
    device: tuple[int, int] = (0, 0)


def cpio(entries: list[Entry]) -> bytes:
    """Return an archive in the "newc" format, the one that the kernel unpacks."""
    archive = bytearray()
    for number, entry in enumerate([*entries, Entry("TRAILER!!!", 0)]):
        name = entry.name.encode() + b"\0"
        links, owner, group, mtime, disk, check = 1, 0, 0, 0, (0, 0), 0
        fields = (number, entry.mode, owner, group, links, mtime, len(entry.content), *disk, *entry.device)
        archive += b"070701" + b"".join(b"%08X" % field for field in (*fields, len(name), check))
        for part in (name, entry.content):
            archive += part
            archive += bytes(-len(archive) % 4)
    return bytes(archive)


def build(probe: bytes, modules: dict[str, bytes]) -> bytes:
    """Return the archive for a kernel; module NAME is in it as /NAME.ko."""
    return cpio(files(probe, modules))


def files(probe: bytes, modules: dict[str, bytes]) -> list[Entry]:
    """Return what is in the archive, to which more can be added."""
    entries = [Entry(name, FOLDER) for name in ("dev", "proc", "sys")]
    entries.append(Entry("dev/console", DEVICE, device=CONSOLE))
    entries.append(Entry("init", FILE, probe))
    entries += [Entry(f"{name}.ko", FILE, content) for name, content in modules.items()]
    return entries


def kvm_modules(folder: Path) -> dict[str, bytes]:
    """Return kvm_amd and what it depends on, in the order to load them in."""
    files = {_name(path): path for path in folder.rglob("*.ko*")}
    found: dict[str, bytes] = {}
    for name in _order(KVM, files):
        found.setdefault(name, _content(files[name]))
    return found


def _name(path: Path) -> str:
    return path.name.partition(".")[0].replace("-", "_")


def _order(name: str, files: dict[str, Path]) -> Iterator[str]:
    """Yield a module after those it depends on; one without a file is built in."""
    if name in files:
        match = re.search(rb"\0depends=([\w,-]*)\0", _content(files[name]))
        for other in (match[1].decode() if match else "").split(","):
            yield from _order(other.replace("-", "_"), files)
        yield name


def _content(path: Path) -> bytes:
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return subprocess.run(("zstd", "-dcq", path), check=True, stdout=subprocess.PIPE).stdout
    return path.read_bytes()


def compile_probe(sources: Path, folder: Path) -> bytes:
    """Return the static program made of the C files in `sources`."""
    program = folder / "probe"
    files = sorted(sources.glob("*.c"))
    options = ("-std=gnu17", "-Wall", "-Wextra", "-Werror", "-O2", "-static")
    done = subprocess.run(("gcc", *options, "-o", program, *files), check=False, capture_output=True, encoding="utf-8")
    if done.returncode:
        raise FetchError(f"gcc: {done.stderr.strip()}")
    return program.read_bytes()
