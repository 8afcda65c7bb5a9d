"""Struct layouts out of BTF: members with their places, and what lies between."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError
from ptelist.sources.btf import STRUCT, UNION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.sources.btf import Btf

BYTE = 8
MOST_MEMBERS = 4096
"""With those of unnamed structs and unions inside; task_struct has some 300."""

MOST_DEEP = 16


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


@cache
def layout(btf: Btf, name: str, only: tuple[str, ...] = ()) -> Layout | None:
    """Return the layout of a struct, None if there is none of this name.

    Of a large struct it can be asked for some members only.

    Compilation units that know more or less of what members point to make
    several types of one struct. Raises PtelistError if members lie elsewhere.
    """
    found: Layout | None = None
    for number in btf.structs(name):
        size = btf.type(number).size
        each = Layout(name, size, tuple(_fields(btf, number, 0, size * BYTE, only, MOST_DEEP)))
        if found and each.places() != found.places():
            raise PtelistError(f"{btf.label}: two structs {name} that differ, of {found.size} and {each.size} bytes")
        found = each
    return found


def _fields(  # noqa: PLR0913, PLR0917 -- where it is, and what is wanted
    btf: Btf, number: int, base: int, end: int, only: tuple[str, ...], deep: int
) -> Iterator[Field]:
    """Yield the members, those of unnamed ones in their place."""
    count = 0
    for member in btf.members(number):
        if only and member.name and member.name not in only:
            continue
        inner = btf.bare(member.type)
        if not member.name and btf.type(inner).kind in {STRUCT, UNION} and deep:
            parts: Iterator[Field] = _fields(btf, inner, base + member.offset, end, only, deep - 1)
        else:
            width = member.width or btf.size(member.type) * BYTE
            text = btf.declare(member.type, member.name) + (f":{member.width}" if member.width else "")
            parts = iter((Field(member.name, text, base + member.offset, width, member.type),))
        for field in parts:
            count += 1
            if count > MOST_MEMBERS or field.offset + field.width > end:
                raise PtelistError(f"{btf.label}: corrupt BTF: {field.name[:40]} lies outside of its struct")
            yield field
