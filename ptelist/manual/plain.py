"""A page as plain text, for a pipe."""

from __future__ import annotations

import textwrap

from ptelist.manual.markdown import Code, Heading, Item, Rows, blocks, spans
from ptelist.output.page import GAP, Table
from ptelist.output.plain import ascii_only, wrapped

INDENT = "  "


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
                lines.append(bare(heading))
                lines += ["=-"[level - 1] * min(len(lines[-1]), width)] if level in {1, 2} else []
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
    """Return a table, in several if it is too wide: each has the first column."""
    head, *rows = (tuple(map(bare, row)) for row in cells)
    return "\n\n".join(_drawn(panel) for panel in Table(head, tuple(rows)).panels(width))


def _drawn(panel: Table) -> str:
    first, *others = panel.widths()
    lines = [
        (" " * GAP).join([label.ljust(first), *(cell.rjust(room) for cell, room in zip(rest, others, strict=True))])
        for label, *rest in (panel.head, tuple("-" * room for room in (first, *others)), *panel.rows)
    ]
    return "\n".join(line.rstrip() for line in lines)
