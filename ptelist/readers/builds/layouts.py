"""Struct layouts out of BTF: members with their places, and what lies between."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError
from ptelist.readers.builds.btf_raw import TypeKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.readers.builds.btf import Btf

BYTE = 8
MOST_MEMBERS = 4096
"""With those of unnamed structs and unions inside; task_struct has some 300."""

MOST_NESTED = 16
MOST_UNITS = 1000
"""Types of one name and kind."""


class Field(NamedTuple):
    """One named member, places and widths in bits."""

    name: str
    declaration: str
    offset: int
    width: int
    type: int


class Layout(NamedTuple):
    """One struct."""

    name: str
    size: int
    """In bytes."""
    fields: tuple[Field, ...]
    """Members of unnamed structs and unions stand in their place."""

    def field(self, name: str) -> Field | None:
        """Return the member of this name."""
        return next((each for each in self.fields if each.name == name), None)

    def places(self) -> tuple[int, list[tuple[str, int, int]]]:
        """Return size and members, without what they are of."""
        return self.size, [(field.name, field.offset, field.width) for field in self.fields]

    def holes(self) -> Iterator[tuple[int, int]]:
        """Yield the offset and width, in bits, of what no member covers."""
        end = 0
        for field in sorted(self.fields, key=lambda each: each.offset):
            if field.offset > end:
                yield end, field.offset - end
            end = max(end, field.offset + field.width)
        if end < self.size * BYTE:
            yield end, self.size * BYTE - end


@lru_cache
def layout(btf: Btf, name: str, only: tuple[str, ...] = ()) -> Layout | None:
    """Return the layout of a struct, None if there is none of this name.

    Of a large struct it can be asked for some members only. Compilation units that
    know more or less of what members point to make several types of one struct.
    Raises PtelistError if members lie elsewhere.
    """
    largest: Layout | None = None
    numbers = btf.structs(name)
    if len(numbers) > MOST_UNITS:
        raise PtelistError(f"{btf.label}: {len(numbers):,} structs {name}, no kernel's BTF")
    for number in numbers:
        size = btf.type(number).size
        each = Layout(name, size, tuple(_Members(btf, size * BYTE, only).of(number, 0, MOST_NESTED)))
        if largest and each.places() != largest.places():
            raise PtelistError(f"{btf.label}: two structs {name} that differ, of {largest.size} and {each.size} bytes")
        largest = each
    return largest


class _Members:
    """The members of one struct, those of unnamed ones in it in their place."""

    def __init__(self, btf: Btf, end: int, only: tuple[str, ...]) -> None:
        self._btf, self._end, self._only = btf, end, only
        self._left = MOST_MEMBERS

    def of(self, number: int, base: int, deep: int) -> Iterator[Field]:
        btf = self._btf
        for member in btf.members(number):
            self._left -= 1
            if self._left < 0:
                raise PtelistError(f"{btf.label}: corrupt BTF: a struct of more than {MOST_MEMBERS:,} members")
            if self._only and member.name and member.name not in self._only:
                continue
            inner = btf.bare(member.type)
            if not member.name and btf.type(inner).kind in {TypeKind.STRUCT, TypeKind.UNION} and deep:
                yield from self.of(inner, base + member.offset, deep - 1)
                continue
            width = member.width or btf.size(member.type) * BYTE
            if base + member.offset + width > self._end:
                raise PtelistError(f"{btf.label}: corrupt BTF: {member.name[:40]} lies outside of its struct")
            text = btf.declare(member.type, member.name) + (f":{member.width}" if member.width else "")
            yield Field(member.name, text, base + member.offset, width, member.type)
