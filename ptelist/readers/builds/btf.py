"""BTF, the kernel's own description of its types: whole, or split on top of a base.

Only what a layout needs is decoded, and only when it is looked up; `btf_raw` finds where each type begins.
"""

from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError
from ptelist.readers.builds.btf_raw import (
    OWN_WORDS,
    WORD_BYTES,
    TypeKind,
    is_split,
    kind_of,
    length_of,
    sections,
    walk,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


MOST_DEEP = 64
"""So many types may name each other on the way to one that has a size."""

MOST_NAME = 1024
"""Bytes of a name; a symbol of the kernel has at most 512 (KSYM_NAME_LEN)."""

QUALIFIERS: dict[int, str] = {
    TypeKind.TYPEDEF: "",
    TypeKind.VOLATILE: "volatile ",
    TypeKind.CONST: "const ",
    TypeKind.RESTRICT: "restrict ",
    TypeKind.TYPE_TAG: "",
}
"""Kinds that are as large as the type they name, and how they read in C."""

SIZED: dict[int, str] = {
    TypeKind.INT: "",
    TypeKind.STRUCT: "struct ",
    TypeKind.UNION: "union ",
    TypeKind.ENUM: "enum ",
    TypeKind.FLOAT: "",
    TypeKind.ENUM64: "enum ",
}
POINTER_BYTES = 8


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
        self._base = base
        self._data = data
        types, self._strings, layout = sections(data, label)
        self._words = words_of(types)
        if base is None and is_split(data, label):
            raise PtelistError(f"{label}: split BTF, as modules have it: the BTF of its kernel is needed as well")
        self._first = base.end if base else 1
        self._text = base.text_end if base else 0
        self._infos, self._structs = walk(self._words, layout, label)
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
        numbers = []
        while part is not None:
            numbers += [number for place in places for number in part._named(place)]  # noqa: SLF001 -- one class
            part = part._base  # noqa: SLF001 -- one class
        return sorted(numbers)

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
        wanted = place.to_bytes(WORD_BYTES, sys.byteorder)
        at = self._names.find(wanted)
        while at >= 0:
            if at % WORD_BYTES == 0:
                yield self._first + self._structs[at // WORD_BYTES]
            at = self._names.find(wanted, at + 1)

    def type(self, number: int) -> Type:
        """Return a type by its id; raises PtelistError if there is none."""
        if number < self._first and self._base is not None:
            return self._base.type(number)
        if number == TypeKind.VOID:
            return Type("void", TypeKind.VOID, 0, False, 0, self._words[:0])
        if number >= self.end:
            raise PtelistError(f"{self.label}: refers to type {number}, but there are {self.end - 1:,}: another base?")
        start = self._infos[number - self._first] - 1
        stop = self._infos[number - self._first + 1] - 1 if number + 1 < self.end else len(self._words)
        name, info, size = self._words[start : start + OWN_WORDS]
        rest = self._words[start + OWN_WORDS : stop]
        return Type(self._string(name), kind_of(info), length_of(info), info >> 31 == 1, size, rest)

    def members(self, number: int) -> Iterator[Member]:
        """Yield the members of a struct or union, in order."""
        whole = self.type(number)
        for at in range(0, 3 * whole.length, 3):
            name, inner, offset = whole.rest[at : at + 3]
            width = offset >> 24 if whole.flag else 0
            yield Member(self._string(name), inner, offset & 0xFFFFFF if whole.flag else offset, width)

    def element(self, number: int) -> tuple[int, int] | None:
        """Return what an array is of and how many there are, behind any names for it."""
        array = self.type(self.bare(number))
        return (array.rest[0], array.rest[2]) if array.kind == TypeKind.ARRAY else None

    def bare(self, number: int) -> int:
        """Return the id behind typedefs and qualifiers."""
        for _ in range(MOST_DEEP):
            each = self.type(number)
            if each.kind not in QUALIFIERS:
                return number
            number = each.size
        raise PtelistError(f"{self.label}: type {number} is made of more than {MOST_DEEP} others, or of itself")

    def size(self, number: int) -> int:
        """Return the bytes of a type; 0 for void and functions."""
        count = 1
        for _ in range(MOST_DEEP):
            bare = self.type(self.bare(number))
            if bare.kind != TypeKind.ARRAY:
                each = POINTER_BYTES if bare.kind == TypeKind.PTR else bare.size if bare.kind in SIZED else 0
                return count * each
            count *= bare.rest[2]
            number = bare.rest[0]
        raise PtelistError(f"{self.label}: type {number} is made of more than {MOST_DEEP} others, or of itself")

    def declare(self, number: int, name: str) -> str:
        """Return a declaration in C, e.g. "u64 *sptes[14]"."""
        qualifiers = ""
        for _ in range(MOST_DEEP):
            each = self.type(number)
            if each.kind == TypeKind.PTR:
                name = f"*{qualifiers}{name}"
                qualifiers = ""
            elif each.kind == TypeKind.ARRAY:
                name = f"({name})" if name.startswith("*") else name
                name += f"[{each.rest[2] or ''}]"
                number = each.rest[0]
                continue
            elif each.kind == TypeKind.FUNC_PROTO:
                name = f"({name})(...)"
            elif each.kind not in QUALIFIERS or each.kind == TypeKind.TYPEDEF:
                kind = (TypeKind.UNION if each.flag else TypeKind.STRUCT) if each.kind == TypeKind.FWD else each.kind
                words = f"{SIZED.get(kind, '')}{each.name or '{...}'}"
                return f"{qualifiers}{words} {name}".rstrip()
            else:
                qualifiers += QUALIFIERS[each.kind]
            number = each.size
        raise PtelistError(f"{self.label}: type {number} is made of more than {MOST_DEEP} others, or of itself")

    def _string(self, offset: int) -> str:
        if offset < self._text and self._base is not None:
            return self._base._string(offset)  # noqa: SLF001 -- one class
        at = self._strings.start + offset - self._text
        end = self._data.find(b"\0", at, min(self._strings.stop, at + MOST_NAME))
        if end < 0 and at + MOST_NAME < self._strings.stop:
            raise PtelistError(f"{self.label}: corrupt BTF: a name of more than {MOST_NAME:,} bytes")
        if end < 0:
            raise PtelistError(f"{self.label}: a name lies beyond the strings: another base?")
        return self._data[at:end].decode("ascii", "replace")
