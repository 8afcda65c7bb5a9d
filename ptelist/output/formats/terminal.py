"""A terminal: the same tables, drawn and coloured by rich.

rich crops what does not fit, so the table builder has chosen a layout by its own
measure before; rich is told of a terminal that has room for any.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style
from rich.table import Table as RichTable
from rich.text import Text

from ptelist.output import plain
from ptelist.output.page import BAD, DOUBTFUL, FINE, GOOD, HEAD, TEXT, VERDICTS
from ptelist.output.signed import Less, More

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import ConsoleOptions

    from ptelist.output.note import Note
    from ptelist.output.page import Document, Table
    from ptelist.output.result import Result

LESS_STYLE, MORE_STYLE = "green", "red"
BAD_STYLE = f"bold {MORE_STYLE}"
VERDICT_STYLES = {GOOD: LESS_STYLE, DOUBTFUL: "yellow", BAD: BAD_STYLE, "": ""}
STYLES = {HEAD: "bold", TEXT: "", FINE: "dim"}
ENDLESS = 1 << 30
"""Columns that no table needs."""
STRONG = "bold"
"""Of rows that the eye is to meet; a colour would say less or more."""


def render(result: Result, width: int) -> str:
    """Return the page of a result, in what stdout can say."""
    return draw(result.document(width), width, sys.stdout.encoding or "ascii")


def draw(document: Document, width: int, encoding: str = "utf-8") -> str:
    """Return the document with terminal escapes, for a terminal of this width."""
    out = _Encoded(encoding)
    document = document.clean(encoding, width)
    console = Console(
        file=out,
        force_terminal=True,
        width=ENDLESS,
        markup=False,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )
    for number, block in enumerate(_blocks(document, width)):
        if number:
            console.print()
        for part in block:
            console.print(part, soft_wrap=isinstance(part, Text))
    return out.getvalue()


def _blocks(document: Document, width: int) -> Iterator[list[Text | RichTable]]:
    """Yield what stands together: the headline, lines, each table, notes, the command."""
    if document.headline:
        yield [Text(plain.paragraph(document.headline, width), style="bold")]
    if document.lines:
        yield [Text(line, style=STYLES[meaning]) for meaning, line in document.lines]
    for table in document.tables:
        title = [Text(table.title, style="bold")] if table.title else []
        yield [*title, _table(table)]
    if document.notes:
        yield [_note(note, width) for note in document.notes]
    yield [Text(plain.command(document.command, width))]


def _note(note: Note, width: int) -> Text:
    text = plain.wrapped(str(note), width, "  ")
    head = len(plain.wrapped(f"{note.head}:", width, "  ")) if note.head else 0
    return Text.assemble(text[:head], (text[head:], "dim"))


def _table(table: Table) -> RichTable:
    drawn = RichTable(
        box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1), collapse_padding=True, header_style="dim"
    )
    for head, align in zip(table.head, table.align, strict=True):
        drawn.add_column(Text(head), justify="left" if align == "left" else "right", no_wrap=True)
    for number, row in enumerate(table.rows):
        cells = (_Cell(text, left=align == "left") for text, align in zip(row, table.align, strict=True))
        drawn.add_row(*cells, style=STRONG if number in table.strong else "")
    return drawn


class _Cell:
    """A cell in its colour, on one line: rich's Text would look for where to break each of many thousands."""

    __slots__ = ("_left", "_style", "_text", "_width")

    def __init__(self, text: str, *, left: bool) -> None:
        """Less is green, more is red, neither where that is open."""
        named = LESS_STYLE if isinstance(text, Less) else MORE_STYLE if isinstance(text, More) else ""
        self._style = Style.parse(named or VERDICT_STYLES[VERDICTS.get(text, "")])
        self._text, self._left, self._width = str(text), left, cell_len(text)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self._width, self._width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        room = " " * (options.max_width - self._width)
        yield Segment(f"{self._text}{room}" if self._left else f"{room}{self._text}", self._style)


class _Encoded(io.StringIO):
    """A text buffer that says which encoding its reader has, so that boxes fit."""

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding
