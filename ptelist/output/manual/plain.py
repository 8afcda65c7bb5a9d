"""A page as plain text, for a pipe."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from ptelist.output.manual.markdown import Code, Heading, Item, Rows, blocks, spans
from ptelist.output.page import GAP, Table
from ptelist.output.plain import ascii_only, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

INDENT = "  "
UNDER = {1: "=", 2: "-"}
"""What headings of each level are underlined with."""


def render(text: str, width: int) -> str:
    """Return a page in lines of at most width, but for code, which stays as it is."""
    lines: list[str] = []
    was_item = False
    for block in blocks(text):
        is_item = isinstance(block, Item)
        if lines and not (is_item and was_item):
            lines.append("")
        was_item = is_item
        match block:
            case Heading(level, heading):
                title = wrapped(bare(heading), width, "")
                lines += [title, UNDER[level] * max(map(len, title.split("\n")))] if level in UNDER else [title]
            case Code(code):
                lines.append(textwrap.indent(code, INDENT))
            case Rows(cells):
                lines.append(table(cells, width))
            case Item(item):
                lines.append(wrapped(f"- {bare(item)}", width, INDENT))
            case _:
                lines.append(wrapped(bare(block.text), width, ""))
    return ascii_only("\n".join(lines) + "\n")


def bare(text: str) -> str:
    """Return text without the signs of code, emphasis and links."""
    return spans(text, str, str, str)


def table(cells: tuple[tuple[str, ...], ...], width: int) -> str:
    """Return a table, in several if it is too wide: each has the first column, which leaves room for others."""
    head, *rows = (line for row in cells for line in _lines(tuple(map(bare, row)), width * 2 // 5))
    return "\n\n".join(_drawn(panel) for panel in Table(head, tuple(rows)).panels(width))


def _lines(row: tuple[str, ...], room: int) -> Iterator[tuple[str, ...]]:
    """Yield a row, and below it what is left of a long label."""
    first, *others = wrapped(row[0], room, INDENT).split("\n")
    yield (first, *row[1:])
    for label in others:
        yield (label, *[""] * (len(row) - 1))


def _drawn(panel: Table) -> str:
    first, *others = panel.widths()
    lines = [
        (" " * GAP).join([label.ljust(first), *(cell.rjust(room) for cell, room in zip(rest, others, strict=True))])
        for label, *rest in (panel.head, tuple("-" * room for room in (first, *others)), *panel.rows)
    ]
    return "\n".join(line.rstrip() for line in lines)
