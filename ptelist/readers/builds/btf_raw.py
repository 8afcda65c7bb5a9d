"""Raw BTF: the sections of the file, and where each type begins.

One pass over the type section finds the types; what they are of is for `btf` to say.
"""

from __future__ import annotations

import struct
import sys
from array import array
from enum import IntEnum

from ptelist.errors import PtelistError

MAGIC = b"\x9f\xeb"
MOST_BYTES = 1 << 25
"""A vmlinux has 5 MB of BTF; more than 32 MiB is no kernel's."""


class TypeKind(IntEnum):
    """What a type is; those that this reader knows (include/uapi/linux/btf.h, in v7.3)."""

    VOID = 0
    INT = 1
    PTR = 2
    ARRAY = 3
    STRUCT = 4
    UNION = 5
    ENUM = 6
    FWD = 7
    TYPEDEF = 8
    VOLATILE = 9
    CONST = 10
    RESTRICT = 11
    FUNC = 12
    FUNC_PROTO = 13
    VAR = 14
    DATASEC = 15
    FLOAT = 16
    DECL_TAG = 17
    TYPE_TAG = 18
    ENUM64 = 19


WORD_BYTES = 4
OWN_WORDS = 3
"""Words that every type begins with: name, info (kind and length), and size or type."""

_EXTRA: dict[int, int] = {TypeKind.INT: 1, TypeKind.ARRAY: 3, TypeKind.VAR: 1, TypeKind.DECL_TAG: 1}
_EACH: dict[int, int] = {
    TypeKind.STRUCT: 3,
    TypeKind.UNION: 3,
    TypeKind.ENUM: 2,
    TypeKind.FUNC_PROTO: 2,
    TypeKind.DATASEC: 3,
    TypeKind.ENUM64: 3,
}
"""Words that follow a type's own: in all, and for each of its members."""

_STRUCT = int(TypeKind.STRUCT)
"""Looked up once: it is asked of every struct, of which a kernel has ten thousand."""

_HEAD = struct.Struct("<2sBBIIIII")
_LAYOUT_HEAD = struct.Struct("<II")
_LAYOUT_BYTES = 4


def is_split(data: bytes, label: str) -> bool:
    """Return whether raw BTF is that of a module: the strings of a kernel's begin with an empty one."""
    _, strings, _ = sections(data, label)
    return data[strings.start : strings.stop][:1] not in {b"", b"\0"}


def kind_of(info: int) -> int:
    """Return the kind in an info word."""
    return info >> 24 & 0x7F


def length_of(info: int) -> int:
    """Return the length in an info word: of most kinds, how many members there are."""
    return info & 0xFFFFFF


def sections(data: bytes, label: str) -> tuple[memoryview, range, bytes]:
    """Return the types, where the strings are, and the sizes of kinds (none before v7.1)."""
    if len(data) > MOST_BYTES:
        raise PtelistError(f"{label}: {len(data):,} bytes of BTF, at most {MOST_BYTES:,} are a kernel's")
    if len(data) < _HEAD.size or data[:2] != MAGIC:
        other = len(data) >= _HEAD.size and data[:2] == MAGIC[::-1]
        raise PtelistError(f"{label}: " + ("big-endian BTF, not of an x86 kernel" if other else "not BTF"))
    _, version, _, head, types, types_bytes, strings, strings_bytes = _HEAD.unpack_from(data)
    if version != 1 or head < _HEAD.size:
        raise PtelistError(f"{label}: BTF of version {version}, expected 1")
    spans = [(types, types_bytes), (strings, strings_bytes), (0, 0)]
    if head >= _HEAD.size + _LAYOUT_HEAD.size <= len(data) - _HEAD.size:
        spans[2] = _LAYOUT_HEAD.unpack_from(data, _HEAD.size)
    for start, count in spans:
        if head + start + count > len(data):
            missing = head + start + count - len(data)
            raise PtelistError(f"{label}: truncated BTF, {missing:,} bytes of it are missing")
    if types_bytes % WORD_BYTES:
        raise PtelistError(f"{label}: corrupt BTF: types of {types_bytes:,} bytes, expected a multiple of {WORD_BYTES}")
    part, text, layout = (range(head + start, head + start + count) for start, count in spans)
    return memoryview(data)[part.start : part.stop], text, data[layout.start : layout.stop]


def words_of(data: memoryview) -> memoryview:
    """Return little-endian words."""
    if sys.byteorder == "little":
        return data.cast("I")
    words = array("I", data.tobytes())
    words.byteswap()
    return memoryview(words)


class _Strides(dict[int, int]):
    """Words of a type, by its info word: kind and number of members.

    Those of structs are not kept, so that each struct comes by and is noted.
    """

    def __init__(self, layout: bytes, label: str) -> None:
        self._layout, self._label = layout, label
        self.infos = [1]
        self.structs: list[int] = []

    def __missing__(self, info: int) -> int:
        kind, count = kind_of(info), length_of(info)
        if kind == _STRUCT:
            self.structs.append(len(self.infos) - 1)
            return OWN_WORDS + 3 * count
        if 0 < kind < len(TypeKind):
            stride = OWN_WORDS + _EXTRA.get(kind, 0) + _EACH.get(kind, 0) * count
        else:
            stride = self._told(kind, count)
        self[info] = stride
        return stride

    def _told(self, kind: int, count: int) -> int:
        """Return what the file says of a kind that is newer than this reader (from v7.1 it may)."""
        sizes = self._layout[kind * _LAYOUT_BYTES : (kind + 1) * _LAYOUT_BYTES]
        extra, rest = divmod(sizes[0] + sizes[1] * count, WORD_BYTES) if len(sizes) == _LAYOUT_BYTES else (0, 1)
        if kind == TypeKind.VOID or rest:
            raise PtelistError(f"{self._label}: types of kind {kind}, unknown to this version, and of unknown size")
        return OWN_WORDS + extra


def walk(words: memoryview, layout: bytes, label: str) -> tuple[list[int], list[int]]:
    """Return where each type has its info word, and which types are structs.

    The one loop that a large file makes long; a type that is cut off ends it
    beyond the words.
    """
    strides = _Strides(layout, label)
    append = strides.infos.append
    at = 1
    try:
        while True:
            at += strides[words[at]]
            append(at)
    except IndexError:
        if at != len(words) + 1:
            raise PtelistError(f"{label}: corrupt BTF: type {len(strides.infos) - 1:,} is cut off") from None
    strides.infos.pop()
    return strides.infos, strides.structs
