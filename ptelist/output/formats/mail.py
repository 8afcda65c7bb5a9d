"""Plain ASCII for a mail or a pipe: 72 columns, laid out by tabulate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output import plain

if TYPE_CHECKING:
    from ptelist.output.page import Document, Table
    from ptelist.output.result import Result


def render(result: Result, width: int) -> str:
    """Return the page of a result."""
    return draw(result.page(width), width)


def draw(document: Document, width: int) -> str:
    """Return tables, assumptions and the command, blank lines between."""
    blocks = ["\n".join(text for _, text in document.lines)] if document.lines else []
    blocks += [_table(table, width) for table in document.tables]
    blocks.append("\n".join(plain.wrapped(str(note), width, "  ") for note in document.notes))
    blocks.append(plain.command(document.command, width))
    return plain.ascii_only("\n\n".join(blocks) + "\n")


def _table(table: Table, width: int) -> str:
    """Return a table; tabulate gets finished text, which it must not read as numbers."""
    from tabulate import tabulate  # noqa: PLC0415 -- slow to load, and a page may have lines only

    text = tabulate(
        table.rows, table.head, tablefmt="simple", disable_numparse=True, colalign=table.align, preserve_whitespace=True
    )
    text = "\n".join(line.rstrip() for line in text.splitlines())
    return f"{plain.wrapped(table.title, width, '  ')}\n{text}" if table.title else text
