"""BTF, the kernel's own description of its types: whole, or split on top of a base.

Only what a layout needs is decoded. One pass over the type section finds where
each type begins; everything else is looked up from there.
"""

from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.build.layouts import Layout

MAGIC = b"\x9f\xeb"
MOST_BYTES = 1 << 25
"""A vmlinux has 5 MB of BTF; more than 32 MiB is no kernel's."""

MOST_DEEP = 64
"""So many types may name each other on the way to one that has a size."""

VOID, INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT = range(12)
FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64 = range(12, 20)
KINDS = 20
"""Kinds that this reader knows (include/uapi/linux/btf.h, in v7.3)."""

QUALIFIERS = {TYPEDEF: "", VOLATILE: "volatile ", CONST: "const ", RESTRICT: "restrict ", TYPE_TAG: ""}
"""Kinds that are as large as the type they name, and how they read in C."""

SIZED = {INT: "", STRUCT: "struct ", UNION: "union ", ENUM: "enum ", FLOAT: "", ENUM64: "enum "}
POINTER_BYTES = 8

_EXTRA = {INT: 1, ARRAY: 3, VAR: 1, DECL_TAG: 1}
_EACH = {STRUCT: 3, UNION: 3, ENUM: 2, FUNC_PROTO: 2, DATASEC: 3, ENUM64: 3}
"""Words that follow a type's own three: in all, and for each of its members."""

_OWN = 3
_WORD = 4
_HEAD = struct.Struct("<2sBBIIIII")
_LAYOUT_HEAD = struct.Struct("<II")
_LAYOUT_BYTES = 4


class Type(NamedTuple):
    """One type; what `size` means depends on its kind: bytes, or the id of a type."""

    name: str
    kind: int
    length: int
    flag: bool
    size: int
    rest: memoryview
    """The words that follow: members, or what an array is of."""


class Member(NamedTuple):
    """One member of a struct or union, offset and width in bits; width 0: not a bitfield."""

    name: str
    type: int
    offset: int
    width: int


class Btf:
    """The types of a kernel, or those of a module on top of its kernel's."""

    def __init__(self, data: bytes, label: str, base: Btf | None = None) -> None:
        """Take raw BTF; `base` is what split BTF builds upon.

        Raises PtelistError for what is not BTF, not all of it, split without
        its base, or has a kind of type whose size nothing tells.
        """
        self.label = label
        self.layouts: dict[tuple[str, tuple[str, ...]], Layout | None] = {}
        """Layouts that were asked for."""
        self._base = base
        self._data = data
        types, self._strings, layout = _sections(data, label)
        self._words = _words(types)
        if base is None and is_split(data, label):
            raise PtelistError(f"{label}: split BTF, as modules have it: the BTF of its kernel is needed as well")
        self._first = base.end if base else 1
        self._text = base.text_end if base else 0
        self._infos, self._structs = _walk(self._words, layout, label)
        self._names = struct.pack(f"{len(self._structs)}I", *(self._words[self._infos[at] - 1] for at in self._structs))

    @property
    def end(self) -> int:
        """Return the id after the last one."""
        return self._first + len(self._infos)

    @property
    def text_end(self) -> int:
        """Return the offset after the last string."""
        return self._text + len(self._strings)

    def structs(self, name: str) -> list[int]:
        """Return the ids of the structs of this name, those of the base first."""
        places = list(self._places(name.encode() + b"\0"))
        part: Btf | None = self
        found = []
        while part is not None:
            found += [number for place in places for number in part._named(place)]  # noqa: SLF001 -- one class
            part = part._base  # noqa: SLF001 -- one class
        return sorted(found)

    def _places(self, name: bytes) -> Iterator[int]:
        """Yield the offsets of a string, in the base's strings and in these."""
        if self._base is not None:
            yield from self._base._places(name)  # noqa: SLF001 -- one class
        start, stop = self._strings.start, self._strings.stop
        if self._data.startswith(name, start, stop):
            yield self._text
        at = self._data.find(b"\0" + name, start, stop)
        if at >= 0:
            yield self._text + at + 1 - start

    def _named(self, place: int) -> Iterator[int]:
        """Yield the structs of this part whose name stands at a place."""
        wanted = place.to_bytes(_WORD, sys.byteorder)
        at = self._names.find(wanted)
        while at >= 0:
            if at % _WORD == 0:
                yield self._first + self._structs[at // _WORD]
            at = self._names.find(wanted, at + 1)

    def type(self, number: int) -> Type:
        """Return a type by its id; raises PtelistError if there is none."""
        if number < self._first and self._base is not None:
            return self._base.type(number)
        if number == VOID:
            return Type("void", VOID, 0, False, 0, self._words[:0])
        if number >= self.end:
            raise PtelistError(f"{self.label}: refers to type {number}, but there are {self.end - 1:,}: another base?")
        start = self._infos[number - self._first] - 1
        stop = self._infos[number - self._first + 1] - 1 if number + 1 < self.end else len(self._words)
        name, info, size = self._words[start : start + _OWN]
        rest = self._words[start + _OWN : stop]
        return Type(self._string(name), _kind(info), info & 0xFFFFFF, info >> 31 == 1, size, rest)

    def members(self, number: int) -> Iterator[Member]:
        """Yield the members of a struct or union, in order."""
        found = self.type(number)
        for at in range(0, 3 * found.length, 3):
            name, inner, offset = found.rest[at : at + 3]
            width = offset >> 24 if found.flag else 0
            yield Member(self._string(name), inner, offset & 0xFFFFFF if found.flag else offset, width)

    def element(self, number: int) -> tuple[int, int] | None:
        """Return what an array is of and how many there are, behind any names for it."""
        found = self.type(self.bare(number))
        return (found.rest[0], found.rest[2]) if found.kind == ARRAY else None

    def bare(self, number: int) -> int:
        """Return the id behind typedefs and qualifiers."""
        for _ in range(MOST_DEEP):
            found = self.type(number)
            if found.kind not in QUALIFIERS:
                return number
            number = found.size
        raise PtelistError(f"{self.label}: type {number} is made of more than {MOST_DEEP} others, or of itself")

    def size(self, number: int) -> int:
        """Return the bytes of a type; 0 for void and functions."""
        count = 1
        for _ in range(MOST_DEEP):
            found = self.type(self.bare(number))
            if found.kind != ARRAY:
                each = POINTER_BYTES if found.kind == PTR else found.size if found.kind in SIZED else 0
                return count * each
            count *= found.rest[2]
            number = found.rest[0]
        raise PtelistError(f"{self.label}: type {number} is made of more than {MOST_DEEP} others, or of itself")

    def declare(self, number: int, name: str) -> str:
        """Return a declaration in C, e.g. "u64 *sptes[14]"."""
        qualifiers = ""
        for _ in range(MOST_DEEP):
            found = self.type(number)
            if found.kind == PTR:
                name = f"*{qualifiers}{name}"
                qualifiers = ""
            elif found.kind == ARRAY:
                name = f"({name})" if name.startswith("*") else name
                name += f"[{found.rest[2] or ''}]"
                number = found.rest[0]
                continue
            elif found.kind == FUNC_PROTO:
                name = f"({name})(...)"
            elif found.kind not in QUALIFIERS or found.kind == TYPEDEF:
                kind = (UNION if found.flag else STRUCT) if found.kind == FWD else found.kind
                words = f"{SIZED.get(kind, '')}{found.name or '{...}'}"
                return f"{qualifiers}{words} {name}".rstrip()
            else:
                qualifiers += QUALIFIERS[found.kind]
            number = found.size
        raise PtelistError(f"{self.label}: type {number} is made of more than {MOST_DEEP} others, or of itself")

    def _string(self, offset: int) -> str:
        if offset < self._text and self._base is not None:
            return self._base._string(offset)  # noqa: SLF001 -- one class
        at = self._strings.start + offset - self._text
        end = self._data.find(b"\0", at, self._strings.stop)
        if end < 0:
            raise PtelistError(f"{self.label}: a name lies beyond the strings: another base?")
        return self._data[at:end].decode("ascii", "replace")


def is_split(data: bytes, label: str) -> bool:
    """Return whether raw BTF is that of a module: the strings of a kernel's begin with an empty one."""
    _, strings, _ = _sections(data, label)
    return data[strings.start : strings.stop][:1] not in {b"", b"\0"}


def _kind(info: int) -> int:
    return info >> 24 & 0x7F


def _sections(data: bytes, label: str) -> tuple[memoryview, range, bytes]:
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
    if types_bytes % _WORD:
        raise PtelistError(f"{label}: corrupt BTF: types of {types_bytes:,} bytes, expected a multiple of {_WORD}")
    part, text, layout = (range(head + start, head + start + count) for start, count in spans)
    return memoryview(data)[part.start : part.stop], text, data[layout.start : layout.stop]


def _words(data: memoryview) -> memoryview:
    """Return little-endian words."""
    if sys.byteorder == "little":
        return data.cast("I")
    from array import array  # noqa: PLC0415 -- for big-endian machines

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
        kind, count = info >> 24 & 0x7F, info & 0xFFFFFF
        if kind == STRUCT:
            self.structs.append(len(self.infos) - 1)
            return _OWN + 3 * count
        if 0 < kind < KINDS:
            stride = _OWN + _EXTRA.get(kind, 0) + _EACH.get(kind, 0) * count
        else:
            stride = self._told(kind, count)
        self[info] = stride
        return stride

    def _told(self, kind: int, count: int) -> int:
        """Return what the file says of a kind that is newer than this reader (from v7.1 it may)."""
        sizes = self._layout[kind * _LAYOUT_BYTES : (kind + 1) * _LAYOUT_BYTES]
        extra, rest = divmod(sizes[0] + sizes[1] * count, _WORD) if len(sizes) == _LAYOUT_BYTES else (0, 1)
        if kind == VOID or rest:
            raise PtelistError(f"{self._label}: types of kind {kind}, unknown to this version, and of unknown size")
        return _OWN + extra


def _walk(words: memoryview, layout: bytes, label: str) -> tuple[list[int], list[int]]:
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
