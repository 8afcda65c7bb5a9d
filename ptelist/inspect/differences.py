"""How the types of two kernels differ, member by member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.scenario.vm_structs import SIZEOF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.inspect.inspection import Inspected


class Difference(NamedTuple):
    """What differs between two kernels; None where one has nothing of the kind."""

    name: str
    before: Any
    after: Any


def struct_changes(before: Inspected, after: Inspected) -> Iterator[tuple[str, list[Difference]]]:
    """Yield each struct that differs, with its members and size, those that are the same left out."""
    for name in dict.fromkeys(each.name for each in (*before.layouts, *after.layouts)):
        sides = [_members(each, name) for each in (before, after)]
        members = dict.fromkeys((*sides[0], *sides[1]))
        changed = [
            Difference(member, *(side.get(member) for side in sides))
            for member in members
            if sides[0].get(member) != sides[1].get(member)
        ]
        if changed:
            yield name, changed


def _members(kernel: Inspected, name: str) -> dict[str, Any]:
    """Return places by declaration, and the size."""
    for each in kernel.layouts:
        if each.name == name:
            members: dict[str, Any] = {field.declaration: (field.offset, field.width) for field in each.fields}
            return members | {SIZEOF: each.size}
    return {}


def profile_changes(before: Inspected, after: Inspected) -> Iterator[Difference]:
    """Yield each field of the kernel profile that the two say differently."""
    sides = [{row.field: row.value for row in each.rows} for each in (before, after)]
    for field in dict.fromkeys((*sides[0], *sides[1])):
        values = [side.get(field) for side in sides]
        if values[0] != values[1]:
            yield Difference(field, *values)
