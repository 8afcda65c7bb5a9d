"""What `ptelist inspect --diff` found: tables of before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.inspect.differences import profile_changes, struct_changes
from ptelist.inspect.page import bits_of, offset_of, value
from ptelist.output.note import Note
from ptelist.output.page import Document, Table
from ptelist.readers.builds.layouts import BYTE

if TYPE_CHECKING:
    from ptelist.inspect.inspection import Inspected


def document(before: Inspected, after: Inspected, command: str, width: int | None) -> Document:
    """Return what two kernels lay out differently."""
    head = ("before", "after")
    tables = [
        Table((f"struct {name}", *head), tuple((f"  {each.name}", *map(place, each[1:])) for each in changes))
        for name, changes in struct_changes(before, after)
    ]
    rows = tuple((f"  {each.name}", *map(value, each[1:])) for each in profile_changes(before, after))
    if rows:
        tables.append(Table(("kernel profile", *head), rows))
    notes = [Note("before", before.title), Note("after", after.title)]
    return Document(tuple(table.within(width) for table in tables), tuple(notes), command)


def place(place: Any) -> str:
    """Return a size, or how large a member is and where; - for none."""
    if place is None:
        return "-"
    if isinstance(place, int):
        return str(place)
    at, width = place
    return f"{bits_of(width).strip()} at {offset_of(at, odd=at % BYTE or width % BYTE).strip()}"
