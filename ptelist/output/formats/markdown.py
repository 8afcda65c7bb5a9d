"""Markdown tables, for a web page or a merge request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tabulate import tabulate

if TYPE_CHECKING:
    from ptelist.output.page import Document, Table
    from ptelist.output.result import Result


def render(result: Result, width: int) -> str:
    """Return the page of a result, whose lines are as long as they are."""
    del width
    return draw(result.document(None))


def draw(document: Document) -> str:
    """Return the answer, tables, assumptions as a list, and the command."""
    lines = "\n".join(text for _, text in document.lines)
    blocks = [_escape(document.headline)] if document.headline else []
    blocks += [f"```text\n{lines}\n```"] if lines else []
    blocks += [_table(table) for table in document.tables]
    blocks += ["\n".join(f"- {_escape(str(note))}" for note in document.notes)] if document.notes else []
    blocks.append(f"```console\n$ {document.command}\n```")
    return "\n\n".join(blocks) + "\n"


def _table(table: Table) -> str:
    head = [_escape(cell) for cell in table.head]
    rows = [[_escape(cell).strip() for cell in row] for row in table.rows]
    text = tabulate(rows, head, tablefmt="pipe", disable_numparse=True, colalign=table.align)
    return f"**{_escape(table.title)}**\n\n{text}" if table.title else text


def _escape(text: str) -> str:
    """Escape what Markdown would take for markup; tabulate leaves "|" as it is."""
    for char in "\\|*_`<":
        text = text.replace(char, f"\\{char}")
    return text
