"""Records of a text file, read block by block: where each is, and what it says beside the name of its host."""

from __future__ import annotations

from io import StringIO
from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ptelist.errors import NOWHERE, PtelistError, Where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_BYTES = 1 << 20
"""A longer line is no record."""

BLOCK = 1 << 18
"""Bytes that are read together."""

PARQUET = b"PAR1"
"""What a Parquet file begins with."""

MOST_COLUMNS = 10_000
MOST_OF_A_HOST = 1_000_000
"""Rows; a small file can have any number of the same."""

REASON = "reason"


class NoRecordError(PtelistError):
    """Text that is no record, so that it is of no host."""


class NoHostError(PtelistError):
    """More rows than any host has."""

    def __init__(self, name: str, where: Where = NOWHERE) -> None:
        """Take the host that rows name."""
        super().__init__(f"host {name} has more than {MOST_OF_A_HOST:,} rows", where)


Cells = tuple[str, ...]
Rest = str | Cells | PtelistError
"""All that a record says beside the name of its host: text, cells, or what is wrong with it; "" on a blank line."""

Record = tuple[str, str, Rest]
"""A host's name as it is written, what parts it from the rest, and the rest."""


class Place(NamedTuple):
    """Where a record is."""

    line: int
    """The line where it begins, counted from 1."""
    part: int | None = 0
    """Its number in the object on that line, counted from 0; None if all of the line is meant."""


def plain(name: str) -> str:
    """Return a column's name as options spell it: "VM RAM" and vm_ram are vm-ram."""
    return name.strip().lower().replace("_", "-").replace(" ", "-")


class Text:
    """A file's text in blocks of whole lines, each read once; the first line is known before the others are read."""

    def __init__(self, file: BinaryIO, label: str) -> None:
        """Read the first line; raises PtelistError if it is no text."""
        self._file, self.label = file, label
        self.seekable = file.seekable()
        self.told: Callable[[int], object] = id
        """Is told how many bytes were read."""
        self._done = 0
        self._read = self._all()
        self._block = next(self._read, None)
        self.first = self._block.readline().removeprefix("\ufeff") if self._block else ""

    def ahead(self, most: int) -> list[str]:
        """Return up to so many of the next lines, which stay to be read."""
        if self._block is None:
            return []
        here = self._block.tell()
        lines = list(islice(self._block, most))
        self._block.seek(here)
        return lines

    def blocks(self) -> Iterator[StringIO]:
        """Yield all that was not read yet; raises PtelistError for what is no text."""
        while self._block:
            yield self._block
            self._block = next(self._read, None)
            self.told(self._done)

    def lines(self) -> Iterator[str]:
        """Return the lines that were not read yet, behind the first."""
        return chain.from_iterable(self.blocks())

    def _all(self) -> Iterator[StringIO]:
        number, begun = 0, b""
        while block := self._file.read(BLOCK):
            if block.startswith(PARQUET) and not self._done:
                raise PtelistError(f"{self.label}: Parquet cannot be read through a pipe, write it to a file first")
            self._done += len(block)
            whole, end, rest = block.rpartition(b"\n")
            if end:
                data = begun + whole + end
                yield from self._decoded(data, number)
                number += data.count(b"\n")
                begun = b""
            begun += rest
            if len(begun) > MOST_BYTES:
                raise self._too_long(number)
        if begun:
            yield from self._decoded(begun, number)

    def _decoded(self, data: bytes, number: int) -> Iterator[StringIO]:
        """Yield a block, before which there are so many lines; only its first line may have begun in another."""
        if data.find(b"\n") > MOST_BYTES:
            raise self._too_long(number)
        try:
            yield StringIO(data.decode(), newline="\n")
        except UnicodeDecodeError as error:
            good = data.rfind(b"\n", 0, error.start) + 1
            if good:
                yield StringIO(data[:good].decode(), newline="\n")
            line = number + data.count(b"\n", 0, good) + 1
            raise PtelistError(f"{self.label}:{line}: not UTF-8 text, expected CSV or JSON lines") from None

    def _too_long(self, number: int) -> PtelistError:
        return PtelistError(f"{self.label}:{number + 1}: a line of more than 1 MiB is no row of an inventory")
