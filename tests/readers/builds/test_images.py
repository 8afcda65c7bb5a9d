"""BTF in the files that kernels come in: ELF, bzImage, packed, split with a base, and all of them damaged."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import subprocess
import sys
import tracemalloc
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

import btf_writer
import lz4.block
import pytest
import zstandard
from exploring import examples
from helpers import one_line
from hypothesis import given
from hypothesis import strategies as st

from ptelist.errors import PtelistError
from ptelist.readers.builds import elf, images, unpack
from ptelist.readers.builds.builds import build
from ptelist.readers.builds.layouts import layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RELEASE = "6.1.0-9-made"
KERNEL = btf_writer.kernel()
BANNER = f"\0%s\0Linux version {RELEASE} (builder@host) (gcc)".encode()
VMLINUX = btf_writer.elf({".text": b"code", ".rodata": BANNER, ".BTF": KERNEL.blob()})


def lz4_legacy(data: bytes) -> bytes:
    """Return what the kernel's build makes: blocks of 8 MiB, each behind its packed size."""
    packed = b"\x02\x21\x4c\x18"
    for at in range(0, len(data), 8 << 20):
        part = lz4.block.compress(data[at : at + (8 << 20)], store_size=False)
        packed += len(part).to_bytes(4, "little") + part
    return packed


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "none": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "zstd": zstandard.compress,
    "lz4": lz4_legacy,
}


def module(release: str = RELEASE, *, base: bool = False) -> bytes:
    """Return a kvm.ko: of a distilled base, or of a whole kernel."""
    writer = btf_writer.Writer(KERNEL)
    own = writer.struct("only_here", 8, [("x", 1, 0)])
    assert own == KERNEL.next
    parts = {".modinfo": f"license=GPL\0vermagic={release} SMP preempt\0".encode(), ".BTF": writer.blob()}
    return btf_writer.elf(parts | ({".BTF.base": KERNEL.blob()} if base else {}))


def same(path: Path | str, release: str = RELEASE) -> None:
    found = build(str(path))
    desc = layout(found.btf, "pte_list_desc")
    assert desc
    assert desc.size == 128
    assert found.release == release


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("form", ["btf", "elf", "bzimage"])
def test_every_form_and_packing(packer: str, form: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    data = PACKERS[packer](KERNEL.blob() if form == "btf" else VMLINUX)
    file.write_bytes(btf_writer.bzimage(data, RELEASE) if form == "bzimage" else data)
    same(file, RELEASE if form != "btf" else "")


def test_large_lz4_has_several_blocks(tmp_path: Path) -> None:
    file = tmp_path / "vmlinuz"
    big = btf_writer.elf({".text": bytes(20 << 20), ".BTF": KERNEL.blob()})
    file.write_bytes(btf_writer.bzimage(lz4_legacy(big), RELEASE))
    same(file)


def test_the_release_of_a_name_or_a_header(tmp_path: Path) -> None:
    file = tmp_path / "vmlinux-6.1.0-9-made"
    file.write_bytes(KERNEL.blob())
    same(file)
    file.write_bytes(btf_writer.bzimage(gzip.compress(btf_writer.elf({".BTF": KERNEL.blob()})), "5.10.1"))
    same(file, "5.10.1")
    file.write_bytes(btf_writer.bzimage(gzip.compress(KERNEL.blob())))
    same(file)


@pytest.mark.parametrize(
    ("place", "beside"),
    [
        ("btf/kvm", "btf/vmlinux"),
        ("tree/arch/x86/kvm/kvm.ko", "tree/vmlinux"),
        (f"root/lib/modules/{RELEASE}/kernel/arch/x86/kvm/kvm.ko", f"root/boot/vmlinuz-{RELEASE}"),
        (f"root/usr/lib/modules/{RELEASE}/kernel/arch/x86/kvm/kvm.ko", f"root/boot/vmlinuz-{RELEASE}"),
        (f"root/usr/lib/modules/{RELEASE}/kernel/arch/x86/kvm/kvm.ko", f"root/usr/lib/modules/{RELEASE}/vmlinuz"),
        (f"lib/modules/{RELEASE}/updates/kvm.ko", f"usr/lib/debug/lib/modules/{RELEASE}/vmlinux"),
        (f"lib/modules/{RELEASE}/updates/kvm.ko", f"usr/lib/debug/boot/vmlinux-{RELEASE}"),
        (f"lib/modules/{RELEASE}/updates/kvm.ko", f"lib/modules/{RELEASE}/build/vmlinux"),
    ],
)
def test_a_module_finds_its_kernel(place: str, beside: str, tmp_path: Path) -> None:
    for name, data in ((place, module()), (beside, VMLINUX)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    same(tmp_path / place)
    assert layout(build(str(tmp_path / place)).btf, "only_here")


def test_a_module_with_a_base_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "kvm.ko"
    file.write_bytes(module(base=True))
    same(file)


def test_a_base_that_is_named(tmp_path: Path) -> None:
    """A plus is part of many a release's name; what exists decides."""
    folder = tmp_path / "6.1+deb12+b1"
    folder.mkdir()
    (folder / "vmlinux+x").write_bytes(VMLINUX)
    (folder / "kvm+x.ko").write_bytes(module())
    same(f"{folder / 'vmlinux+x'}+{folder / 'kvm+x.ko'}")
    assert build(f"{folder / 'vmlinux+x'}+{folder / 'kvm+x.ko'}").name == "vmlinux+x+kvm+x.ko"
    refused(str(folder / "kvm+x.ko"), "its kernel is not where one is looked for: name it, as VMLINUX+")
    refused(f"{folder / 'kvm+x.ko'}+{folder / 'kvm+x.ko'}", "BTF of a module, expected that of its kernel")
    (folder / "kvm+x.ko").write_bytes(module("6.2.0"))
    refused(f"{folder / 'vmlinux+x'}+{folder / 'kvm+x.ko'}", "of kernel 6.2.0, but .* is 6.1.0-9-made")


def refused(path: str, match: str) -> None:
    with pytest.raises(PtelistError, match=match) as caught:
        build(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "neither BTF nor ELF nor a bzImage"),
        (b"hello", "neither BTF nor ELF nor a bzImage"),
        (btf_writer.elf({".text": b"x"}), "no .BTF section: built without CONFIG_DEBUG_INFO_BTF"),
        (VMLINUX[:100], "damaged ELF file"),
        (gzip.compress(VMLINUX, mtime=0)[:-20], "damaged gzip data: its end is missing"),
        (lzma.compress(VMLINUX)[:50], "damaged xz data"),
        (b"\x28\xb5\x2f\xfd" + b"\xff" * 20, "damaged zstd data"),
        (zstandard.compress(VMLINUX)[:-20], "damaged zstd data: its end is missing"),
        (b"\x02\x21\x4c\x18" + (20).to_bytes(4, "little") + bytes(30), "damaged lz4 data"),
        (b"\x89LZO\0\r\n\x1a\n", "packed with LZO, which is not supported"),
        (gzip.compress(b"hello", mtime=0), "not BTF"),
        (btf_writer.bzimage(gzip.compress(VMLINUX, mtime=0))[:-100], "truncated bzImage, 92 bytes are missing"),
        (btf_writer.bzimage(gzip.compress(VMLINUX, mtime=0))[:0x207], "truncated bzImage"),
        (btf_writer.bzimage(b"", version=0x204), "a bzImage of boot protocol 0x204, expected 0x208 or later"),
        (btf_writer.elf({".BTF": KERNEL.blob(), ".BTF.base": b"x"}), "base: not BTF"),
    ],
)
def test_damage_is_one_line(data: bytes, match: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(data)
    refused(str(file), match)


def test_what_is_no_file(tmp_path: Path) -> None:
    refused(str(tmp_path), "is a directory, expected a vmlinux, kvm.ko, bzImage or raw BTF")
    refused(str(tmp_path / "none"), "cannot be read: No such file")
    refused("a\0b", "is not a file name")


def test_a_bomb_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "MOST_BYTES", 1 << 20)
    file = tmp_path / "file"
    for name, packer in PACKERS.items():
        if name != "none":
            file.write_bytes(packer(bytes(2 << 20)))
            refused(str(file), "unpacks to more than 1 MiB")
    monkeypatch.setattr(images, "MOST_BYTES", 1 << 20)
    file.write_bytes(b"\x1f\x8b" + bytes(1 << 20))
    refused(str(file), "larger than 1 MiB")


def header(name: int, kind: int, offset: int, size: int, flags: int = 0) -> bytes:
    return struct.pack("<IIQQQQIIQQ", name, kind, flags, 0, offset, size, 0, 0, 1, 0)


def elf_of(headers: list[bytes], names: int, rest: bytes = b"") -> bytes:
    """Return an ELF file of these section headers, the names being in one of them."""
    count = len(headers)
    fields = struct.pack("<HHIQQQIHHHHHH", 1, 62, 1, 0, 0, 64, 0, 64, 0, 0, 64, count, names)
    return b"\x7fELF\2\1\1".ljust(16, b"\0") + fields + b"".join(headers) + rest


def test_many_sections_of_a_long_name(tmp_path: Path) -> None:
    """Of each 3 MB were read, byte by byte."""
    file, at = tmp_path / "many", 64 + 64 * 60_000
    names = b"\0" + b"n" * 3_000_000 + b"\0"
    file.write_bytes(elf_of([header(0, 3, at, len(names)), *[header(1, 1, 0, 0)] * 59_999], 0, names))
    refused(str(file), "no .BTF section")


NAMES = b"\0.BTF\0.rodata\0.names\0"


@pytest.mark.parametrize(
    ("size", "flags", "says"),
    [
        (250 << 20, 0, ".BTF of 262,144,000 bytes, no kernel's"),
        (1 << 63, 0, "bytes, no kernel's"),
        (1 << 16, elf.COMPRESSED, ".BTF of 268,435,456 bytes, no kernel's"),
    ],
)
def test_a_section_is_bounded_before_it_is_read(size: int, flags: int, says: str, tmp_path: Path) -> None:
    at = 64 + 3 * 64
    headers = [
        header(0, 3, at, len(NAMES)),
        header(NAMES.index(b".BTF"), 1, at + len(NAMES), size, flags),
        header(NAMES.index(b".rodata"), 1, at, size),
    ]
    file = tmp_path / "large"
    with file.open("wb") as large:
        large.write(elf_of(headers, 0, NAMES + struct.pack("<IIQQ", 1, 0, 256 << 20, 1)))
        large.truncate(250 << 20)
    with at_most(32 << 20):
        refused(str(file), says)


def test_a_packed_section(tmp_path: Path) -> None:
    """As CONFIG_DEBUG_INFO_COMPRESSED makes them."""
    at, blob = 64 + 2 * 64, KERNEL.blob()
    packed = struct.pack("<IIQQ", 1, 0, len(blob), 1) + zlib.compress(blob)
    names, place = header(0, 3, at, len(NAMES)), at + len(NAMES)
    section = header(NAMES.index(b".BTF"), 1, place, len(packed), elf.COMPRESSED)
    file = tmp_path / "packed"
    file.write_bytes(elf_of([names, section], 0, NAMES + packed))
    same(file, "")
    for damaged, says in (
        (packed[:4].replace(b"\1", b"\2") + packed[4:], "packed in a way that is not supported"),
        (packed[:24] + bytes(len(packed) - 24), "damaged ELF file"),
        (packed[:8] + struct.pack("<Q", len(blob) + 1) + packed[16:], "truncated: 1 bytes of .BTF are missing"),
    ):
        file.write_bytes(elf_of([names, section], 0, NAMES + damaged))
        refused(str(file), says)


@pytest.mark.parametrize("packer", [name for name in PACKERS if name != "none"])
def test_a_configuration_is_unpacked_within_its_own_bound(packer: str) -> None:
    """A few hundred bytes were made 512 MiB first."""
    data = PACKERS[packer](bytes(24 << 20))
    with at_most(20 << 20), pytest.raises(PtelistError, match="unpacks to more than 4 MiB"):
        unpack.unpack(data, "config.gz", 4 << 20)


def test_a_name_is_bounded(tmp_path: Path) -> None:
    """4,096 members of one type with a name of 30 MB took 120 GB."""
    writer = btf_writer.Writer()
    number = writer.struct("n" * 5000, 8, [])
    writer.struct("pte_list_desc", 8, [("m", number, 0)])
    file = tmp_path / "btf"
    file.write_bytes(writer.blob())
    with pytest.raises(PtelistError, match="corrupt BTF: a name of more than 1,024 bytes"):
        layout(build(str(file)).btf, "pte_list_desc")


@contextmanager
def at_most(limit: int) -> Iterator[None]:
    """Fail if more memory is taken inside than so many bytes, by Python or by zlib and its like for results."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] <= limit
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("library", "packer"), [("zstandard", "zstd"), ("lz4", "lz4")])
def test_a_library_that_is_missing_is_named(
    library: str, packer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(sys.modules):
        if name.split(".")[0] == library:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    file = tmp_path / "vmlinux"
    file.write_bytes(PACKERS[packer](VMLINUX))
    refused(str(file), r"pip install 'ptelist\[images\]'")


def test_raw_btf_needs_no_library(tmp_path: Path) -> None:
    """Nor does it load one, nor the models: a layout is wanted at once."""
    file = tmp_path / "btf"
    file.write_bytes(KERNEL.blob())
    code = (
        "import sys; from ptelist.cli import main\n"
        f"try: main(['inspect', {str(file)!r}])\n"
        "except SystemExit: print(sorted(sys.modules), file=sys.stderr)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    for name in ("elftools", "zstandard", "lz4", "lzma", "pydantic", "rich", "tabulate", "ptelist.engine.account"):
        assert f"'{name}'" not in found.stderr


def test_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (KERNEL.blob(), gzip.compress(VMLINUX), VMLINUX):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        assert layout(build("-").btf, "pte_list_desc")


@examples(300)
@given(st.sampled_from(sorted(PACKERS)), st.data())
def test_any_damage_ends_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, packer: str, data: st.DataObject
) -> None:
    blob = bytearray(PACKERS[packer](SMALL))
    for _ in range(data.draw(st.integers(1, 4))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.getbasetemp() / "damaged"
    file.write_bytes(blob[: data.draw(st.integers(0, len(blob)))] if data.draw(st.booleans()) else blob)
    with one_line():
        found = build(str(file))
        layout(found.btf, "pte_list_desc")


SMALL = btf_writer.elf({".rodata": BANNER, ".BTF": KERNEL.blob()})


@pytest.mark.parametrize(("offset", "size"), [((1 << 40) + 1, 4), (1 << 63, 4), (0, (1 << 26) + 1)])
def test_either_end_of_a_section_that_no_file_has_is_refused(offset: int, size: int) -> None:
    """Beyond 1 << 63 a file cannot be asked at all; so large a read would take memory first."""
    section = elf.Section("name", 1, 0, offset, size)
    with pytest.raises(PtelistError, match=f"damaged ELF file: {size:,} bytes at {offset:,}"):
        elf.data(io.BytesIO(bytes(64)), section, 1 << 30, "file")
