"""Markdown tables, for a web page or a merge request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tabulate import tabulate

from ptelist.output import plain

if TYPE_CHECKING:
    from ptelist.output.page import Document, Table
    from ptelist.output.result import Result

MARKUP = re.compile(r"[\\|*_`<~]|\](?=\()|&(?=[#\w]+;)")
"""Markup wherever it stands: of a link its middle is enough, of "&" what would be an entity."""

BEGINS = re.compile(r"^\d*(?=[.)](\s|$))|^(?=[-+#>=\[])")
"""What stands before the sign of a list, a heading, a quotation or a link's definition that a paragraph begins with."""


def render(result: Result, width: int) -> str:
    """Return the page of a result, whose lines are as long as they are."""
    del width
    return draw(result.document(None))


def draw(document: Document) -> str:
    """Return the answer, tables, assumptions as a list, and the command."""
    document = document.clean()
    lines = "\n".join(text for _, text in document.lines)
    blocks = [_begun(document.headline)] if document.headline else []
    blocks += [plain.fenced("text", lines)] if lines else []
    blocks += [_table(table) for table in document.tables]
    blocks += ["\n".join(f"- {_begun(str(note))}" for note in document.notes)] if document.notes else []
    blocks.append(plain.fenced("console", f"$ {document.command}"))
    return "\n\n".join(blocks) + "\n"


def _table(table: Table) -> str:
    head = [_escape(cell) for cell in table.head]
    rows = [[_escape(cell).strip() for cell in row] for row in table.rows]
    text = tabulate(rows, head, tablefmt="pipe", disable_numparse=True, colalign=table.align)
    return f"**{_escape(table.title).strip()}**\n\n{text}" if table.title else text


def _begun(text: str) -> str:
    """Return the text of a paragraph, which begins no heading, list, quotation or code."""
    return BEGINS.sub(r"\g<0>\\", _escape(text).strip(), count=1)


def _escape(text: str) -> str:
    """Escape what Markdown would take for markup; tabulate leaves "|" as it is."""
    return MARKUP.sub(r"\\\g<0>", text)
