"""Plain ASCII for a mail or a pipe: 72 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output import plain
from ptelist.output.page import GAP

if TYPE_CHECKING:
    from ptelist.output.page import Document, Table
    from ptelist.output.result import Result


def render(result: Result, width: int) -> str:
    """Return the page of a result."""
    return draw(result.document(width), width)


def draw(document: Document, width: int) -> str:
    """Return the answer, tables, assumptions and the command, blank lines between."""
    document = document.clean("ascii", width)
    blocks = [plain.paragraph(document.headline, width)] if document.headline else []
    blocks += ["\n".join(text for _, text in document.lines)] if document.lines else []
    blocks += [_table(table, width) for table in document.tables]
    blocks += ["\n".join(plain.wrapped(str(note), width, "  ") for note in document.notes)] if document.notes else []
    blocks.append(plain.command(document.command, width))
    return "\n\n".join(blocks) + "\n"


def _table(table: Table, width: int) -> str:
    """Return a table with a rule below its head; tabulate would draw the same, and takes longer to load than we do."""
    columns = [
        (room, str.rjust if align == "right" else str.ljust)
        for room, align in zip(table.widths(), table.align, strict=True)
    ]
    rule = tuple("-" * room for room, _ in columns)
    lines = [
        (" " * GAP).join(aligned(cell, room) for cell, (room, aligned) in zip(row, columns, strict=True)).rstrip()
        for row in (table.head, rule, *table.rows)
    ]
    titled = [plain.wrapped(table.title, width, "  ")] if table.title else []
    return "\n".join([*titled, *lines])
