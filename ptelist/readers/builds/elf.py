"""Sections of an ELF file, as kernels of x86-64 and their modules have them; no more of it is read than needed."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"\x7fELF"
X86_64 = MAGIC + b"\2\1"
"""64 bits, the least significant byte first."""

MOST_SECTIONS = 1 << 16
MOST_NAME = 64
"""Bytes of a name that are looked at: longer than those that are read."""

MOST_READ, MOST_OFFSET = 1 << 26, 1 << 40
"""The most bytes that are read at a time, and where."""

NOBITS, COMPRESSED, ZLIB = 8, 1 << 11, 1
"""A type of section, a flag of one, and how it is compressed (include/uapi/linux/elf.h, elf.h of glibc)."""

_HEAD = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_COMPRESSED_HEAD = struct.Struct("<IIQQ")


class Section(NamedTuple):
    """One section of a file, and how large it is there."""

    name: str
    kind: int
    flags: int
    offset: int
    size: int


def sections(file: BinaryIO, path: str) -> dict[str, Section]:
    """Return the sections by name, of some of one name the last; raises PtelistError for a damaged file."""
    head = _read(file, 0, _HEAD.size, path)
    if not head.startswith(X86_64):
        raise PtelistError(f"{path}: an ELF file that is not of x86-64")
    *_, table, _, _, _, _, entry, count, names = _HEAD.unpack(head)
    if entry != _SECTION.size or names >= count or count > MOST_SECTIONS:
        raise PtelistError(f"{path}: damaged ELF file: {count:,} sections of {entry} bytes, names in number {names:,}")
    rows = list(_SECTION.iter_unpack(_read(file, table, count * entry, path)))
    return {section.name: section for section in _named(file, rows, names, path)}


def _named(file: BinaryIO, rows: list[tuple[int, ...]], names: int, path: str) -> Iterator[Section]:
    start, size = rows[names][4:6]
    text = _read(file, start, size, path)
    for name, kind, flags, _, offset, length, *_ in rows:
        short = text[name : name + MOST_NAME].partition(b"\0")[0]
        yield Section(short.decode("ascii", "replace"), kind, flags, offset, length)


def data(file: BinaryIO, section: Section, most: int, path: str) -> bytes:
    """Return what a section of at most so many bytes has, unpacked; raises PtelistError for any other."""
    if section.kind == NOBITS:
        raise PtelistError(f"{path}: ELF section {section.name} is empty: this file has debugging information only")
    size = section.size
    if section.flags & COMPRESSED:
        how, _, size, _ = _COMPRESSED_HEAD.unpack(_read(file, section.offset, _COMPRESSED_HEAD.size, path))
        if how != ZLIB:
            raise PtelistError(f"{path}: ELF section {section.name} is packed in a way that is not supported ({how})")
    if max(size, section.size) > most:
        raise PtelistError(f"{path}: ELF section {section.name} of {size:,} bytes, no kernel's")
    packed = _read(file, section.offset, section.size, path)
    if not section.flags & COMPRESSED:
        return packed
    try:
        unpacked = zlib.decompressobj().decompress(packed[_COMPRESSED_HEAD.size :], size)
    except zlib.error as error:
        raise PtelistError(f"{path}: damaged ELF file: {section.name}: {error}") from None
    if len(unpacked) < size:
        raise PtelistError(f"{path}: truncated: {size - len(unpacked):,} bytes of {section.name} are missing")
    return unpacked


def _read(file: BinaryIO, offset: int, size: int, path: str) -> bytes:
    """Return bytes that are there; raises PtelistError if they are not."""
    if offset > MOST_OFFSET or size > MOST_READ:
        raise PtelistError(f"{path}: damaged ELF file: {size:,} bytes at {offset:,}")
    file.seek(offset)
    read = file.read(size)
    if len(read) < size:
        raise PtelistError(f"{path}: damaged ELF file: {size - len(read):,} bytes of it are missing")
    return read
