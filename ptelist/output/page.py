"""A page of text, whatever the format: tables of cells, notes, and the command."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.output import plain
from ptelist.output.bars import LEAST, MOST, bars

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ptelist.output.note import Note

AGREES, DIFFERS = "agrees", "DIFFERS"
"""The words for a measured value that is, or is not, what was predicted."""

GOOD, DOUBTFUL, BAD = "good", "doubtful", "bad"
VERDICTS = {
    AGREES: GOOD,
    DIFFERS: BAD,
    "pass": GOOD,
    "WARN": DOUBTFUL,
    "FAIL": BAD,
    "NEW": BAD,
    "REMOVED": BAD,
}
"""What the words for verdicts mean, for a format that has colours."""

MAIL_WIDTH = 72
"""Columns of text that a mail has room for."""

GAP = 2
"""Blanks between two columns of a table."""

HEAD_ROOM = 2
"""Blanks that a column keeps free beside its heading."""


class Table(NamedTuple):
    """Text cells: the first column reads left-aligned, the others right, bars behind them left again."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    bars: bool = False
    """Whether the last column has bars."""
    strong: frozenset[int] = frozenset()
    """Numbers of the rows that the eye is to meet first."""
    sortable: bool = False
    """Whether each row stands for itself, so that a reader may sort them and leave some out."""

    @property
    def align(self) -> tuple[str, ...]:
        """Return how each column is aligned."""
        rest = len(self.head) - 1
        return ("left", *["right"] * (rest - self.bars), *["left"] * self.bars)

    def widths(self) -> list[int]:
        """Return the columns of text that each column of the table takes, however it is drawn."""
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.head)
        return [max([len(head) + HEAD_ROOM, *map(len, cells)]) for head, cells in zip(self.head, columns, strict=True)]

    def width(self) -> int:
        """Return the columns of text that the table takes, however it is drawn."""
        return sum(self.widths()) + GAP * (len(self.head) - 1)

    def panels(self, width: int | None) -> list[Table]:
        """Return tables of as many columns as fit, the title above the first.

        Each has the labels; a column without a head stays with the one at its left.
        """
        starts = [place for place in range(1, len(self.head)) if self.head[place] or place == 1]
        ends = [*starts[1:], len(self.head)]
        panels = []
        first = 0
        for last in range(len(starts)):
            over = last + 1 == len(starts) or (
                width is not None and self._part(starts[first], ends[last + 1]).width() > width
            )
            if over:
                panels.append(self._part(starts[first], ends[last], self.title if first == 0 else ""))
                first = last + 1
        return panels

    def _part(self, start: int, end: int, title: str = "") -> Table:
        head, *rows = ((row[0], *row[start:end]) for row in (self.head, *self.rows))
        return self._replace(head=head, rows=tuple(rows), title=title)

    def within(self, width: int | None) -> Table:
        """Return the table, or if it is too wide one of a single column: each cell on a line of its own, named.

        One of many words has several lines.
        """
        if width is None or self.width() <= width:
            return self
        lines = []
        for label, *cells in self.rows:
            lines.append(label)
            lines += [f"    {head} {cell}" for head, cell in zip(self.head[1:], cells, strict=True) if cell]
        rows = [(part,) for line in lines for part in (plain.hanging(line, width) if len(line) > width else [line])]
        return Table((self.head[0],), tuple(rows), self.title)

    def stacked(self) -> Table:
        """Return a table of labels and values as one of a single column, each value below its label."""
        rows = [
            (text,) for label, value in self.rows for text in (label, f"    {value}" if value.strip() else "") if text
        ]
        return Table((" / ".join(self.head),), tuple(rows), self.title)


def richest(columns: Mapping[str, Sequence[str]], choices: Sequence[Sequence[str]], width: int | None) -> Table:
    """Return a table of the first choice of columns that fits, by their heads; of the last one, stacked, if none does.

    A head that begins with a blank names a column and is not shown.
    """
    for heads in choices:
        shown = tuple("" if head.startswith(" ") else head for head in heads)
        table = Table(shown, tuple(zip(*(columns[head] for head in heads), strict=True)))
        if width is None or table.width() <= width:
            return table
    return table.within(width)


def barred(table: Table, ends: Sequence[tuple[int, int]], width: int | None, least: int = LEAST) -> Table:
    """Return a table with a bar for each row, if there is room for at least so much of each."""
    room = MOST if width is None else min(width - table.width() - GAP, MOST)
    if room < least:
        return table
    rows = tuple((*row, bar) for row, bar in zip(table.rows, bars(ends, room), strict=True))
    return table._replace(head=(*table.head, ""), rows=rows, bars=True)


HEAD, TEXT, FINE = "head", "", "fine"
"""How a line is meant: the head of what follows, the thing itself, small print."""

Line = tuple[str, str]
"""A meaning and a text, which is no wider than the page if that can be helped."""


class Document(NamedTuple):
    """What a text format shows: the answer, lines or tables, what was assumed, how to get it again."""

    tables: tuple[Table, ...]
    notes: tuple[Note, ...]
    command: str
    lines: tuple[Line, ...] = ()
    headline: str = ""

    def clean(self, encoding: str = "utf-8", width: int | None = None) -> Document:
        """Return the document with every text of it cleaned: what files say is in it.

        A table that escapes make wider is fitted anew.
        """

        def row(cells: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(plain.clean(cell, encoding) for cell in cells)

        def cleaned(table: Table) -> Table:
            title = plain.clean(table.title, encoding)
            found = table._replace(head=row(table.head), rows=tuple(map(row, table.rows)), title=title)
            return found if found.width() <= table.width() else found.within(width)

        return Document(
            tuple(map(cleaned, self.tables)),
            tuple(
                note._replace(
                    topic=plain.clean(note.topic, encoding),
                    text=plain.clean(note.text, encoding),
                    about=plain.clean(note.about, encoding),
                )
                for note in self.notes
            ),
            plain.clean(self.command, encoding),
            tuple((meaning, plain.clean(line, encoding)) for meaning, line in self.lines),
            plain.clean(self.headline, encoding),
        )
