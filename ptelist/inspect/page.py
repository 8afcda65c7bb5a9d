"""What `ptelist inspect` found: layouts and profile fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.output.page import AGREES, DIFFERS, FINE, HEAD, TEXT, Document
from ptelist.output.plain import wrapped
from ptelist.readers.builds.layouts import BYTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.inspect.inspection import FieldRow, Inspected
    from ptelist.output.page import Line
    from ptelist.readers.builds.layouts import Layout

HOLE = "(hole)"
FIELD = 26
"""Columns for the name of a profile's field."""

VALUE = 9
"""And for its value."""

ORDER = 37
"""Columns for the name of a figure that is an order."""

DECLARATION_INDENT = 18
"""Columns before a declaration."""

ROW_HEAD = ("kernel", "struct", "member", "offset_bits", "width_bits")


def document(kernels: Sequence[Inspected], command: str, width: int | None) -> Document:
    """Return each struct, a line a member, and what the profile takes from them."""
    blocks = [block for each in kernels for block in _kernel(each)]
    lines = [line for block in blocks for line in ((TEXT, ""), *block)]
    notes = [note for each in kernels for note in each.notes]
    return Document((), tuple(notes), command, tuple(_within(lines[1:], width)))


def _within(lines: list[Line], width: int | None) -> Iterator[Line]:
    """Yield lines, those that are too long in several."""
    for meaning, text in lines:
        if width is None or len(text) <= width:
            yield meaning, text
            continue
        for part in wrapped(text, width, " " * DECLARATION_INDENT).split("\n"):
            yield meaning, part


def _kernel(kernel: Inspected) -> Iterator[list[Line]]:
    yield [(HEAD, kernel.title)]
    for each in kernel.layouts:
        yield [(HEAD, f"struct {each.name}, {_sizeof(each)}"), (FINE, f"{'offset':>8}{'size':>8}")] + [
            (FINE if text == HOLE else TEXT, line) for text, line in _members(each)
        ]
    if kernel.rows:
        beside = f", beside profile {kernel.profile}" if kernel.profile else ""
        yield [(HEAD, f"kernel profile, as types tell it{beside}")] + [
            (TEXT, f"  {row.field:{FIELD}} {value(row.value):{VALUE}}{_beside(row, kernel.profile)}".rstrip())
            for row in kernel.rows
        ]
    if kernel.orders:
        yield [(HEAD, "orders of pages that a VM and a vCPU take, on the usual host")] + [
            (TEXT, f"  {term.name:{ORDER}} {term.high}") for term in kernel.orders
        ]


def _members(struct: Layout) -> Iterator[tuple[str, str]]:
    """Yield members and holes where they lie, each with its line."""
    rows = [(field.offset, field.width, field.declaration) for field in struct.fields]
    rows += [(offset, width, HOLE) for offset, width in struct.holes()]
    for at, bits, text in sorted(rows, key=lambda row: row[0]):
        yield text, f"{offset_of(at, odd=at % BYTE or bits % BYTE)}{bits_of(bits)}  {text}"


def _sizeof(struct: Layout) -> str:
    spare = sum(width for _, width in struct.holes())
    full, odd = divmod(spare, BYTE)
    unused = " and ".join(f"{count} {unit}" for count, unit in ((full, "bytes"), (odd, "bits")) if count)
    return f"{struct.size} bytes" + (f", {unused} unused" if spare else "")


def _beside(row: FieldRow, profile: str | None) -> str:
    if profile is None or row.known is None:
        return ""
    return f"  {DIFFERS}: {value(row.known)} in {profile}" if row.differs else f"  {AGREES}"


def offset_of(at: int, *, odd: int) -> str:
    """Return an offset in bytes, as byte:bit if it is an odd one."""
    byte, bit = divmod(at, BYTE)
    return f"{f'{byte}:{bit}' if odd else byte:>8}"


def bits_of(width: int) -> str:
    """Return a width in bytes, or in bits."""
    return f"{f'{width} bits' if width % BYTE else width // BYTE:>8}"


def value(setting: Any) -> str:
    """Return a value of a profile as TOML has it; - for none."""
    if setting is None:
        return "-"
    return str(setting).lower() if isinstance(setting, bool) else str(setting)


def rows(kernels: Sequence[Inspected]) -> Iterator[tuple[object, ...]]:
    """Yield a row a member, with one for the size of each struct."""
    yield ROW_HEAD
    for kernel in kernels:
        for each in kernel.layouts:
            for field in each.fields:
                yield kernel.name, each.name, field.name, field.offset, field.width
            yield kernel.name, each.name, "", 0, each.size * BYTE


def body(kernels: Sequence[Inspected]) -> dict[str, Any]:
    """Return every kernel with its structs and the fields of its profile."""
    return {"kernels": list(map(_json, kernels))}


def _json(kernel: Inspected) -> dict[str, Any]:
    profile = {row.field: {"value": row.value, "source": row.source, "profile": row.known} for row in kernel.rows}
    structs = {each.name: _struct(each) for each in kernel.layouts}
    return {
        "name": kernel.name,
        "release": kernel.release,
        "profile": kernel.profile,
        "structs": structs,
        "fields": profile,
        "orders": {term.name: term.high for term in kernel.orders},
    }


def _struct(struct: Layout) -> dict[str, Any]:
    keys = ("name", "declaration", "offset_bits", "width_bits")
    return {
        "size": struct.size,
        "members": [dict(zip(keys, field[:4], strict=True)) for field in struct.fields],
        "holes": [{"offset_bits": at, "width_bits": width} for at, width in struct.holes()],
    }
