"""Records of a text file by their place: rows of CSV below a header, or JSON objects, one a line."""

from __future__ import annotations

import csv
import json
from collections import Counter
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_BYTES = 1 << 20
"""A longer line is no record."""

MOST_COLUMNS = 10_000
DELIMITERS = (",", ";", "\t")
LIST = "vms"
"""The key of an object's parts."""

REASON = "reason"


class Place(NamedTuple):
    """Where a record is."""

    line: int
    """The line where it begins, counted from 1."""
    part: int | None = 0
    """Its number in the object on that line, counted from 0; None if all of the line is meant."""


Record = tuple[Place, list[str]]
"""A place, and cells; or one text that says what is wrong, where there are more columns than one."""


def plain(name: str) -> str:
    """Return a column's name as options spell it: "VM RAM" and vm_ram are vm-ram."""
    return name.strip().lower().replace("_", "-").replace(" ", "-")


class Text:
    """The lines of a file, the first one known before it is read; counts them, and remembers those of a record."""

    def __init__(self, file: BinaryIO, label: str) -> None:
        """Read the first line; no more is read of any than one that is too long needs."""
        self._lines, self.label = iter(partial(file.readline, MOST_BYTES + 1), b""), label
        self.number, self.done = 0, 0
        self.record: list[str] = []
        self.first = self._decoded(next(self._lines, b"")).removeprefix("\ufeff")
        self._texts = self._all()

    def begin(self) -> int:
        """Forget the record before, and return the line where the next one begins."""
        self.record.clear()
        return self.number + 1

    def __iter__(self) -> Iterator[str]:
        """Return the lines that were not read yet; raises PtelistError for one that is no text."""
        return self._texts

    def _all(self) -> Iterator[str]:
        texts = map(self._decoded, self._lines)
        for text in chain((self.first,), texts) if self.first else texts:
            self.number += 1
            self.record.append(text)
            yield text

    def _decoded(self, data: bytes) -> str:
        self.done += len(data)
        try:
            if len(data) <= MOST_BYTES:
                return data.decode()
        except UnicodeDecodeError:
            what = "not UTF-8 text, expected CSV or JSON lines"
        else:
            what = "a line of more than 1 MiB is no row of an inventory"
        raise PtelistError(f"{self.label}:{self.number + 1}: {what}")


class Rows:
    """The rows of a CSV file; `head` are the names of its columns."""

    def __init__(self, text: Text) -> None:
        """Read the header; the delimiter is the one that it has most of."""
        self._text = text
        self._delimiter = max(DELIMITERS, key=text.first.count)
        self._reader = csv.reader(text, delimiter=self._delimiter, strict=True)
        try:
            self.head = next(self._reader, [])
        except csv.Error as error:
            raise PtelistError(f"{text.label}:1: {_fault(error)}") from None
        if len(self.head) > MOST_COLUMNS:
            raise PtelistError(f"{text.label}:1: {len(self.head):,} columns, at most {MOST_COLUMNS:,} can be there")
        for name, times in Counter(self.head).items():
            if times > 1:
                raise PtelistError(f'{text.label}:1: column "{name}" is there twice')
        self.unused: dict[str, None] = {}
        self._header = "".join(text.record)

    def __iter__(self) -> Iterator[Record]:
        """Yield each row with the place where it begins; what is wrong with one instead of its cells."""
        width = len(self.head)
        while True:
            place = Place(self._text.begin())
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield place, [_fault(error)]
                continue
            if len(cells) == width:
                yield place, cells
            elif cells:
                yield place, [f"{len(cells)} cells, expected {width} as in the header"]

    def rejects(self) -> str:
        """Return what a file of rejected rows begins with."""
        names = (REASON, *(f"{REASON} {number}" for number in range(2, len(self.head) + 3)))
        return self._with(self._header, next(name for name in names if name not in self.head))

    def rejected(self, text: str, why: dict[int | None, str]) -> str:
        """Return a row as it is, with what is wrong with it."""
        return self._with(text, "; ".join(why.values()))

    def _with(self, text: str, cell: str) -> str:
        quoted = cell.replace('"', '""')
        return f'{text.rstrip()}{self._delimiter}"{quoted}"\n'


class Objects:
    """The parts of JSON objects, those in a list `vms` or the object itself, each as cells of named columns."""

    def __init__(self, text: Text, head: Sequence[str], top: dict[str, str]) -> None:
        """Take the names of columns, and other names of some that stand beside the list."""
        self._text, self.head, self._top = text, list(head), top
        self._names = [plain(name) for name in head]
        self.unused: dict[str, None] = {}

    def __iter__(self) -> Iterator[Record]:
        """Yield each part with its place; what is wrong with one instead of its cells."""
        while True:
            line = self._text.begin()
            text = next(iter(self._text), None)
            if text is None:
                return
            if not text.strip():
                continue
            try:
                parts = list(self._parts(text))
            except PtelistError as error:
                yield Place(line, None), [str(error)]
                continue
            for number, part in enumerate(parts):
                if len(self.unused) < MOST_COLUMNS:
                    self.unused |= dict.fromkeys(sorted(part.keys() - self._names))
                try:
                    cells = [_cell(name, part.get(name)) for name in self._names]
                except PtelistError as error:
                    cells = [str(error)]
                yield Place(line, number), cells

    def _parts(self, text: str) -> Iterator[dict[str, Any]]:
        """Yield an object's parts, each with what stands beside the list; raises PtelistError if it is none."""
        try:
            loaded = json.loads(text)
        except ValueError as error:
            raise PtelistError(f"not valid JSON: {error}") from None
        except RecursionError:
            raise PtelistError("not valid JSON: nested too deeply") from None
        if not isinstance(loaded, dict):
            raise PtelistError("expected an object")
        whole = {plain(name): value for name, value in loaded.items()}
        if not isinstance(whole.get(LIST), list):
            yield whole
            return
        parts = whole.pop(LIST)
        above = {self._top.get(name, name): value for name, value in whole.items()}
        for part in parts or [{"count": 0}]:
            if not isinstance(part, dict):
                raise PtelistError(f"{LIST}: expected objects")
            yield above | {plain(name): value for name, value in part.items()}

    def rejects(self) -> str:
        """Return what a file of rejected objects begins with."""
        return ""

    def rejected(self, text: str, why: dict[int | None, str]) -> str:
        """Return an object with its bad parts only, and what is wrong with them; what is none, as text."""
        reason = "; ".join(why.values())
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            return json.dumps({"row": text.rstrip("\n"), REASON: reason}) + "\n"
        parts = told.get(LIST)
        if isinstance(parts, list) and None not in why:
            told[LIST] = [part for number, part in enumerate(parts) if number in why]
        return json.dumps(told | {REASON: reason}) + "\n"


def _fault(error: csv.Error) -> str:
    """Return what is wrong with CSV; of a lone carriage return Python tells how to open the file in another mode."""
    text = "a carriage return within a line" if "new-line character" in str(error) else str(error)
    return f"not valid CSV: {text}"


def _cell(name: str, value: Any) -> str:
    """Return a value as text; raises PtelistError for one that is no cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str | int):
        return str(value)
    raise PtelistError(f"{name}: expected text or a whole number")
