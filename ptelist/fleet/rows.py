"""Rows of a CSV file below a header."""

from __future__ import annotations

import csv
from collections import Counter
from contextlib import suppress
from itertools import chain, repeat
from operator import itemgetter
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.fleet.records import MOST_COLUMNS, REASON, NoRecordError, Place

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from ptelist.fleet.collected import Collected
    from ptelist.fleet.records import Cells, Record, Text

DELIMITERS = (",", ";", "\t")


class Rows:
    """The rows of a CSV file; `head` are the names of its columns."""

    def __init__(self, text: Text) -> None:
        """Read the header; the delimiter is the one that it has most of."""
        self._text = text
        self._delimiter = max(DELIMITERS, key=text.first.count)
        header: list[str] = []
        try:
            self.head = next(self._reader(_kept(chain((text.first,), text.lines()), header)), [])
        except csv.Error as error:
            raise PtelistError(f"{text.label}:1: {_fault(error)}") from None
        if len(self.head) > MOST_COLUMNS:
            raise PtelistError(f"{text.label}:1: {len(self.head):,} columns, at most {MOST_COLUMNS:,} can be there")
        for name, times in Counter(self.head).items():
            if times > 1:
                raise PtelistError(f'{text.label}:1: column "{name}" is there twice')
        self.unused: dict[str, None] = {}
        self.collected: dict[str, Collected] = {}
        """What the collector tells, which prints no CSV."""
        self._header = "".join(header)
        self._before = self._lines = len(header)
        """Lines before what is read next; those of the header."""
        self._begin = 0
        """The line where a row begins that does not fill just one, or stands behind such a one."""

    def _reader(self, lines: Iterable[str]) -> Reader:
        return csv.reader(lines, delimiter=self._delimiter, strict=True)

    def place(self, number: int) -> Place:
        """Return where the record is that was given last, the number of which is counted from 1."""
        return Place(self._begin or self._lines + number)

    def glimpse(self, names: Collection[str], most: int) -> dict[str, list[str]]:
        """Return the cells of some columns in the first rows, so many of them at most, which stay to be read."""
        rows = []
        with suppress(csv.Error):  # which is told where it is read
            for row in self._reader(self._text.ahead(most)):
                rows += [row] if len(row) == len(self.head) else []
        return {name: [row[place] for row in rows] for place, name in enumerate(self.head) if name in names}

    def records(self, host: int, used: Sequence[int]) -> Iterator[Record]:
        """Return the rows, parted at the name of the host; `used` are the places of other cells that are read.

        Where no cell is quoted, and the name comes first, they are only split there: what many rows say need not
        be read more than once.
        """
        quick = not host and list(used) == list(range(1, len(self.head)))
        return chain.from_iterable(self._blocks(itemgetter(host, *used), quick=quick))

    def _blocks(self, cells: Callable[[list[str]], Cells], *, quick: bool) -> Iterator[Iterable[Record]]:
        for block in self._text.blocks():
            text = block.getvalue()
            if not quick or '"' in text or "\r" in text.replace("\r\n", ""):
                yield self._exact(cells)
                return
            self._before += text.count("\n", block.tell())
            yield map(str.partition, block, repeat(self._delimiter))

    def _exact(self, cells: Callable[[list[str]], Cells]) -> Iterator[Record]:
        for row in self._rows(self._text.lines(), self._before):
            if isinstance(row, str):
                yield "", "", NoRecordError(row)
            else:
                host, *rest = cells(row)
                yield host, "", tuple(rest)

    def cells(self, rest: str | Cells) -> Cells:
        """Return the cells of a row beside its host; raises NoRecordError if it is none."""
        if not isinstance(rest, str):
            return rest
        try:
            cells = next(self._reader([rest]), [])
        except csv.Error as error:
            raise NoRecordError(_fault(error)) from None
        if len(cells) != len(self.head) - 1:
            raise NoRecordError(self._width(len(cells) + 1))
        return tuple(cells)

    def _width(self, cells: int) -> str:
        return f"{cells} cells, expected {len(self.head)} as in the header"

    def _rows(self, lines: Iterable[str], before: int) -> Iterator[list[str] | str]:
        """Yield each row, or what is wrong with it; so many lines are before them."""
        width, reader = len(self.head), self._reader(lines)
        self._begin = before + 1
        while True:
            try:
                for cells in reader:
                    if len(cells) == width:
                        yield cells
                    elif cells:
                        yield self._width(len(cells))
                    self._begin = before + reader.line_num + 1
            except csv.Error as error:
                yield _fault(error)
                self._begin = before + reader.line_num + 1
            else:
                return

    def texts(self) -> Iterator[tuple[int, str]]:
        """Yield the line where each row begins, and the row as it is."""
        lines: list[str] = []
        for _ in self._rows(_kept(self._text.lines(), lines), self._before):
            yield self._begin, "".join(lines).lstrip("\r\n")  # lines that are blank are no rows
            lines.clear()

    def rejects(self) -> str:
        """Return what a file of rejected rows begins with."""
        return with_cell(self._header, self._delimiter, reason_column(self.head))

    def rejected(self, text: str, why: dict[int | None, str]) -> str:
        """Return a row as it is, with what is wrong with it."""
        return with_cell(text, self._delimiter, "; ".join(why.values()))


def reason_column(head: Sequence[str]) -> str:
    """Return the name of a further column, for what is wrong with a row."""
    names = (REASON, *(f"{REASON} {number}" for number in range(2, len(head) + 3)))
    return next(name for name in names if name not in head)


def with_cell(text: str, delimiter: str, cell: str) -> str:
    """Return a row with a further cell."""
    quoted = cell.replace('"', '""')
    return f'{text.rstrip()}{delimiter}"{quoted}"\n'


def _kept(lines: Iterable[str], kept: list[str]) -> Iterator[str]:
    """Yield lines, and keep them."""
    for line in lines:
        kept.append(line)
        yield line


def _fault(error: csv.Error) -> str:
    """Return what is wrong with CSV; of a lone carriage return Python tells how to open the file in another mode."""
    text = "a carriage return within a line" if "new-line character" in str(error) else str(error)
    return f"not valid CSV: {text}"
