"""Kernels and modules: BTF, ELF files and boot images, packed in each way."""

from __future__ import annotations

import bz2
import gzip
import lzma
from functools import cache
from typing import TYPE_CHECKING

import btf_writer
import lz4.block
import zstandard

from fuzz import atoms, mutate

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from fuzz.draft import Draft

ERAS = ("array", "walk", "head")
RELEASES = ("6.1.0-9-made", "6.18.2", "9.9", "5.10.0", "running", "./f.toml")


def _lz4(data: bytes) -> bytes:
    """Return lz4's legacy format, in one block."""
    part = lz4.block.compress(data, store_size=False)
    return b"\x02\x21\x4c\x18" + len(part).to_bytes(4, "little") + part


PACKERS: tuple[Callable[[bytes], bytes], ...] = (
    bytes,
    lambda data: gzip.compress(data, mtime=0),
    bz2.compress,
    lzma.compress,
    lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    zstandard.compress,
    _lz4,
)


@cache
def _types(era: str, ext: int) -> bytes:
    return btf_writer.kernel(ext, era=era).blob()


def build(chance: Random) -> bytes:
    """Return BTF as it is, in an ELF file, or that in a boot image, damaged inside at times."""
    types = _types(chance.choice(ERAS), chance.choice((14, 14, 2, 15)))
    if chance.random() < 0.12:
        types = hostile_types(chance)
    if chance.random() < 0.25:
        types = mutate.binary(chance, types)
    form, pack = chance.choice(("btf", "elf", "elf", "bzimage", "module")), chance.choice(PACKERS)
    release = chance.choice(RELEASES) if chance.random() < 0.9 else atoms.text(chance)[:300]
    told = release.encode("utf-8", "surrogateescape")
    if form == "btf":
        return pack(types)
    if form == "module":
        parts = {".modinfo": b"license=GPL\0vermagic=" + told + b" SMP preempt\0", ".BTF": types, ".BTF.base": types}
        return pack(btf_writer.elf(parts))
    banner = b"\0%s\0Linux version " + told + b" (builder@host) (gcc)"
    vmlinux = btf_writer.elf({".text": b"code", ".rodata": banner, ".BTF": types})
    if chance.random() < 0.2:
        vmlinux = mutate.binary(chance, vmlinux)
    if chance.random() < 0.03:
        vmlinux += bytes(1 << 26)
    return (
        btf_writer.bzimage(pack(vmlinux), release if release.isascii() else "") if form == "bzimage" else pack(vmlinux)
    )


def tree(draft: Draft) -> str:
    """Return the word for a kvm.ko, or its vmlinux, beside which are the modules for Intel's and AMD's CPUs."""
    chance, kernel = draft.chance, btf_writer.Writer()
    kernel.one_of_each()
    release = chance.choice(("6.18.7", "6.1.0-9-made", "7.3.4", "5.10.0", "5.14.0-427.el9.x86_64"))
    grown = {"grown": chance.choice((1, 4096, 1 << 30))} if chance.random() < 0.3 else {}
    parts = {
        "kvm": btf_writer.vendor(btf_writer.kernel(chance.choice((14, 2)), base=kernel), "none"),
        "kvm-intel": btf_writer.vendor(btf_writer.Writer(kernel), spaces=chance.choice((1, 2)), **grown),
        "kvm-amd": btf_writer.vendor(btf_writer.Writer(kernel), "svm", lock=chance.choice((0, 0, 48)), **grown),
    }
    top, below = draft.name(), "arch/x86/kvm/" if chance.random() < 0.7 else ""
    told = release.encode()
    whole = btf_writer.elf({".BTF": kernel.blob(), ".rodata": b"Linux version " + told + b" (x)"})
    draft.files[f"{top}/vmlinux"] = mutate.image(chance, whole) if chance.random() < 0.1 else whole
    packing, pack = chance.choice((("", bytes), ("", bytes), (".gz", PACKERS[1]), (".xz", PACKERS[3])))
    for name, types in parts.items():
        said = chance.choice(RELEASES).encode() if chance.random() < 0.1 else told
        module = btf_writer.elf({".BTF": types.blob(), ".modinfo": b"vermagic=" + said + b" SMP\0"})
        if name == "kvm" or chance.random() < 0.8:
            module = mutate.image(chance, module) if chance.random() < 0.15 else module
            draft.files[f"{top}/{below}{name}.ko{packing}"] = pack(module)
    kvm = f"./{top}/{below}kvm.ko{packing}"
    return chance.choice((kvm, kvm, f"./{top}/vmlinux", f"./{top}/vmlinux+{kvm}"))


def hostile_types(chance: Random) -> bytes:
    """Return well-formed types that no compiler makes: long names, circles, deep chains, many members."""
    out = btf_writer.kernel()
    word = out.int("u64", 8)
    name = atoms.text(chance).replace("\0", "").encode("utf-8", "replace").decode()
    how = chance.randrange(4)
    if how == 0:
        out.struct("pte_list_desc", 128, [(f"{name}{number}", word, 64 * number) for number in range(16)])
    elif how == 1:
        out.typedef(name, out.next)
    elif how == 2:
        last = word
        for _ in range(3000):
            last = out.const(last)
        out.struct("pte_list_desc", 128, [("sptes", last, 0)])
    else:
        out.struct("pte_list_desc", 128, [(name, out.array(word, 0xFFFFFFFF), 0)])
    return out.blob()
