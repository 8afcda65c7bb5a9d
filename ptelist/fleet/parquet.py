"""Rows of a Parquet file, which pyarrow reads: an extra, loaded for such a file alone."""

from __future__ import annotations

import csv
from collections import Counter
from contextlib import contextmanager, suppress
from io import StringIO
from itertools import chain, islice, repeat
from typing import TYPE_CHECKING, Any, BinaryIO

from ptelist.errors import PtelistError
from ptelist.fleet.records import MOST_COLUMNS, PARQUET, Place
from ptelist.fleet.rows import reason_column, with_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from ptelist.fleet.collected import Collected
    from ptelist.fleet.records import Cells, Record

AT_ONCE = 1 << 14
"""Rows that are read together."""

BUFFER = 1 << 16
"""Bytes of a column that are read together."""

MOST_ROWS = 100_000_000
MOST_TEXT = 1 << 16
"""Characters of a cell."""

MOST_BYTES = 1 << 26
"""Of all columns that are read, in a row group: one page of a file can have them all, and is read as a whole."""

MOST_AT_ONCE = 1 << 24
"""Bytes of different texts in a column's rows that are read together."""

EXTRA = "Parquet needs pyarrow: pip install 'ptelist[parquet]'"


def is_parquet(file: BinaryIO) -> bool:
    """Return whether a file begins as Parquet does; one that cannot be read twice is not looked at."""
    if not file.seekable():
        return False
    start = file.read(len(PARQUET))
    file.seek(-len(start), 1)
    return start == PARQUET


class Parquet:
    """The rows of a Parquet file, a row group after the other; `head` are the names of its columns."""

    first = ""
    """It has no lines."""
    seekable = True

    def __init__(self, file: BinaryIO, label: str) -> None:
        """Read the types of its columns; raises PtelistError for what is none, and where pyarrow is not installed."""
        try:
            import pyarrow as pa  # noqa: PLC0415 -- an extra, and slow to load
            from pyarrow import parquet  # noqa: PLC0415 -- as above
        except ImportError:
            raise PtelistError(f"{label}: {EXTRA}") from None
        self._arrow, self.label = pa, label
        self.told: Callable[[int], object] = id
        """Is told how many bytes were read."""
        self.unused: dict[str, None] = {}
        self.collected: dict[str, Collected] = {}
        """What the collector tells, which writes no Parquet."""
        with self._readable():
            self._bytes = file.seek(0, 2)
            self._schema = parquet.read_schema(file)
            self.head: list[str] = self._schema.names
            flat = [field.name for field in self._schema if not pa.types.is_nested(field.type)]
            self._file = parquet.ParquetFile(
                file,
                read_dictionary=flat,  # a text that many rows say is held once: else a small file could take any memory
                buffer_size=BUFFER,
                pre_buffer=False,
                page_checksum_verification=True,
            )
        if len(self.head) > MOST_COLUMNS:
            raise PtelistError(f"{label}: {len(self.head):,} columns, at most {MOST_COLUMNS:,} can be there")
        for name, times in Counter(self.head).items():
            if times > 1:
                raise PtelistError(f'{label}: column "{name}" is there twice')

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Say in one line what is wrong with the file."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 -- pyarrow raises errors of its own, and most of Python's
            reason = " ".join(str(error).split())[:80] or "it is damaged"
            if isinstance(error, MemoryError):
                reason = "it takes more memory than there is"
            raise PtelistError(f"{self.label}: cannot be read as Parquet: {reason}") from None

    def place(self, number: int) -> Place:
        """Return where a row is: rows are counted from 1."""
        return Place(number)

    def glimpse(self, names: Collection[str], most: int) -> dict[str, list[str]]:
        """Return the cells of those columns that have text in the first rows, so many of them at most."""
        found: dict[str, list[str]] = {}
        for name in filter(self._is_text, names):
            with suppress(PtelistError):  # it has more than can be, and is not read
                found[name] = list(islice(chain.from_iterable(each for (each,) in self._columns([name])), most))
        return found

    def records(self, host: int, used: Sequence[int]) -> Iterator[Record]:
        """Return the rows; `used` are the places of the cells that are read beside the host's name.

        Raises PtelistError for a column of these that has no text in its cells, or more than can be.
        """
        names = [self.head[place] for place in (host, *used)]
        for name in names:
            if not self._is_text(name):
                kind = str(self._schema.field(name).type)[:60]
                raise PtelistError(f'{self.label}: column "{name}" is {kind}, expected text, numbers or booleans')
        columns = self._columns(names)
        return chain.from_iterable(zip(hosts, repeat(""), zip(*rest, strict=True)) for hosts, *rest in columns)

    def cells(self, rest: str | Cells) -> Cells:
        """Return the cells of a row beside its host."""
        return tuple(rest)

    def texts(self) -> Iterator[tuple[int, str]]:
        """Yield the number of each row, and the row as CSV, without the columns that have no text."""
        rows = chain.from_iterable(zip(*columns, strict=True) for columns in self._columns(self._text_columns()))
        return ((number, _line(row)) for number, row in enumerate(rows, 1))

    def rejects(self) -> str:
        """Return what a file of rejected rows begins with, which is CSV."""
        names = self._text_columns()
        return with_cell(_line(names), ",", reason_column(names))

    def rejected(self, text: str, why: dict[int | None, str]) -> str:
        """Return a row as CSV, with what is wrong with it."""
        return with_cell(text, ",", "; ".join(why.values()))

    def _text_columns(self) -> list[str]:
        return [name for name in self.head if self._is_text(name)]

    def _is_text(self, name: str) -> bool:
        """Return whether a column's cells can be written as text, so that they are as in CSV."""
        kind = self._schema.field(name).type
        try:
            self._arrow.nulls(0, kind).cast(self._arrow.string())
        except self._arrow.ArrowException:
            return False
        return not (self._arrow.types.is_nested(kind) or self._arrow.types.is_fixed_size_binary(kind))

    def _columns(self, names: list[str]) -> Iterator[list[Iterable[str]]]:
        """Yield columns of so many rows; raises PtelistError for what is damaged, and for more than can be."""
        self._refuse_huge(names)
        done, rows = 0, self._file.metadata.num_rows
        with self._readable():
            for batch in self._file.iter_batches(AT_ONCE, columns=names, use_threads=False):
                yield [self._texts(batch.column(name)) for name in names]
                done += batch.num_rows
                self.told(self._bytes * done // rows)

    def _refuse_huge(self, names: list[str]) -> None:
        """Raise PtelistError for what a small file can say, and no inventory does."""
        about = self._file.metadata
        if about.num_rows > MOST_ROWS:
            raise PtelistError(f"{self.label}: {about.num_rows:,} rows, at most {MOST_ROWS:,} can be there")
        for group in map(about.row_group, range(about.num_row_groups)):
            columns = [each for each in map(group.column, range(group.num_columns)) if each.path_in_schema in names]
            if (size := sum(each.total_uncompressed_size for each in columns)) > MOST_BYTES:
                what = f"a row group has {size >> 20:,} MiB in the columns that are read"
                raise PtelistError(f"{self.label}: {what}, at most {MOST_BYTES >> 20} can be there: make them smaller")

    def _texts(self, column: Any) -> Iterable[str]:
        """Return cells as text: "" for those that are null, each text that several cells have made once."""
        if not self._arrow.types.is_dictionary(column.type):
            column = column.cast(self._arrow.string()).dictionary_encode()
        numbers = column.indices.dictionary_encode()  # a dictionary is that of a row group: few texts are of these rows
        texts = self._known(column.dictionary.take(numbers.dictionary))
        places = numbers.indices.fill_null(len(texts)).to_pylist()
        return map([*texts, ""].__getitem__, places)

    def _known(self, found: Any) -> list[str]:
        """Return different texts; raises ValueError for more than rows have, whatever the file says of itself."""
        texts = found.cast(self._arrow.string())
        if texts.nbytes > MOST_AT_ONCE:
            what = f"{texts.nbytes >> 20:,} MiB of text in a few rows"
            raise ValueError(f"{what}, at most {MOST_AT_ONCE >> 20} can be there")
        told = ["" if text is None else text for text in texts.to_pylist()]
        if (longest := max(map(len, told), default=0)) > MOST_TEXT:
            raise ValueError(f"a text of {longest:,} characters, at most {MOST_TEXT:,} can be there")
        return told


def _line(cells: Sequence[str]) -> str:
    out = StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()
