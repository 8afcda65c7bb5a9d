"""Inventories of hosts and their VMs: CSV with a header, or JSON lines."""

from __future__ import annotations

import csv
import json
import re
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.axes import AXES, choices
from ptelist.errors import PtelistError, suggestion
from ptelist.units import UNITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ptelist.axes import Choice

HOST, KERNEL, HOST_MEMORY, COUNT, VMS = "host", "kernel", "host-memory", "count", "vms"
HOST_FIELDS = (KERNEL, *(axis.name for axis in AXES.values() if axis.path.startswith("host.")))
VM_FIELDS = tuple(axis.name for axis in AXES.values() if axis.path.startswith("vm.") and axis.name != VMS)
FIELDS = (HOST, *HOST_FIELDS, HOST_MEMORY, *VM_FIELDS, COUNT)
"""What a column of an inventory can be: the names of options, and three of its own."""

NEEDED = (HOST, "vcpus")
MOST_VMS = 1_000_000
MOST_BYTES = 1 << 20
"""A longer line is no row of an inventory."""

MOST_CELLS = 1 << 15
"""Different cells of which the meaning is remembered."""

DELIMITERS = (",", ";", "\t")
SWITCHES = {"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off", "0": "off"}
_RELEASE = r"v?[0-9]+\.[0-9]+[A-Za-z0-9.\-~+]*"

Cells = tuple[str, ...]


class Column(NamedTuple):
    """Where a field is: a column's name, and the unit of its plain numbers if they are sizes."""

    name: str
    unit: str = ""


class Row(NamedTuple):
    """One VM group of one host as text, in the order of the inventory's fields."""

    place: int
    """Its line and its number on it; see `line`."""
    host: str
    about_host: Cells
    memory: str
    """The host's own."""
    about_vm: Cells
    by: Cells
    times: str
    """How many of them there are."""


PARTS = 20
"""Bits for the number of a VM group on its line."""


def line(place: int) -> int:
    """Return the number of the line where a row begins."""
    return place >> PARTS


def mapped(texts: Iterable[str]) -> dict[str, Column]:
    """Return the columns that FIELD=COLUMN or FIELD=COLUMN:UNIT name; raises PtelistError for other text."""
    found: dict[str, Column] = {}
    for text in texts:
        field, equals, column = text.partition("=")
        if not equals or not column:
            example = "cpus=ncpu or memory=ram_mb:MiB"
            raise PtelistError(f'--column: expected FIELD=COLUMN, as in {example}, got "{text[:60]}"')
        if field not in FIELDS:
            raise PtelistError(f"--column: unknown field {field}{suggestion(field, FIELDS)}")
        name, _, unit = column.rpartition(":")
        found[field] = Column(name, unit) if name and unit in UNITS else Column(column)
    return found


class Inventory:
    """A file, row by row; its header says which columns it has, or each object for itself."""

    def __init__(self, lines: Iterable[bytes], label: str, columns: dict[str, Column], by: Cells) -> None:
        """Read the header; raises PtelistError if a column that is needed is not there."""
        self.label, self.unused = label, dict[str, None]()
        self.text = Text(lines, label)
        self._columns, self.by = columns, by
        self.json = self.text.first.lstrip().startswith("{")
        if self.json:
            self.head = [columns[field].name if field in columns else field for field in FIELDS] + list(by)
            self._records = self._objects()
        else:
            self.delimiter = max(DELIMITERS, key=self.text.first.count)
            self._records = self._rows(csv.reader(self.text, delimiter=self.delimiter, strict=True))
            self.head = next(self._records, (1, []))[1]
            self.header = "".join(self.text.record)
        places = self._places(by)
        self._choice = lru_cache(MOST_CELLS)(self._read)
        self.host_fields = tuple(field for field in HOST_FIELDS if field in places)
        self.vm_fields = tuple(field for field in VM_FIELDS if field in places)
        self._parts = (
            _picked([places[HOST]]),
            _picked([places[field] for field in self.host_fields]),
            _picked([places[HOST_MEMORY]] if HOST_MEMORY in places else []),
            _picked([places[field] for field in self.vm_fields]),
            _picked([self._place(name, "--by") for name in by]),
            _picked([places[COUNT]] if COUNT in places else []),
        )

    def _place(self, name: str, option: str) -> int:
        plain = [_plain(each) for each in self.head]
        if name in self.head:
            return self.head.index(name)
        if _plain(name) not in plain:
            raise PtelistError(f'{option}: {self.label} has no column "{name}"{suggestion(name, self.head)}')
        return plain.index(_plain(name))

    def _places(self, by: Cells) -> dict[str, int]:
        """Return where each field is that has a column."""
        for name in self.head:
            if self.head.count(name) > 1 and name not in by:
                raise PtelistError(f'{self.label}:1: column "{name}" is there twice')
        plain = {_plain(name): number for number, name in enumerate(self.head)}
        places = {field: plain[field] for field in FIELDS if field in plain and field not in self._columns}
        if COUNT not in places and VMS in plain and not self.json:
            places[COUNT] = plain[VMS]
        places |= {field: self._place(column.name, "--column") for field, column in self._columns.items()}
        for field in NEEDED:
            if field not in places:
                raise PtelistError(
                    f"{self.label}:1: no column {field}{suggestion(field, self.head)}: --column {field}=NAME names it"
                )
        used = {*places.values(), *(self._place(name, "--by") for name in by)}
        self.unused |= {name: None for number, name in enumerate(self.head) if number not in used}
        return places

    def _rows(self, reader: Any) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows of a CSV file with the line where each begins; what is wrong with one instead of its cells."""
        width = 0
        while True:
            place = self.text.begin()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield place, [f"not valid CSV: {error}"]
                continue
            if not cells:
                continue
            width = width or len(cells)
            if len(cells) != width:
                yield place, [f"{len(cells)} cells, expected {width} as in the header"]
            else:
                yield place, cells

    def _objects(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the VM groups of JSON lines: one a line, or those in a list `vms`."""
        plain = [_plain(name) for name in self.head]
        while True:
            place = self.text.begin()
            text = next(self.text, None)
            if text is None:
                return
            if not text.strip():
                continue
            try:
                groups = list(_groups(text))
            except PtelistError as error:
                yield place, [str(error)]
                continue
            for part, group in enumerate(groups):
                self.unused |= dict.fromkeys(sorted(group.keys() - plain))
                try:
                    cells = [_cell(name, group.get(name)) for name in plain]
                except PtelistError as error:
                    cells = [str(error)]
                yield place + part, cells

    def __iter__(self) -> Iterator[Row | tuple[int, str]]:
        """Yield rows; for one that is none, its line and what is wrong."""
        name, about_host, memory, about_vm, by, count = self._parts
        width = len(self.head)
        for place, cells in self._records:
            if len(cells) != width:
                yield place, cells[0]
            elif not (host := name(cells)[0]):
                yield place, "host: is missing"
            else:
                own = "".join(memory(cells))
                yield Row(place, host, about_host(cells), own, about_vm(cells), by(cells), "".join(count(cells)))

    def rejected(self, why: dict[int, str]) -> Iterator[str]:
        """Yield the rows at these places as they are, with what is wrong with each, below the header."""
        if not self.json:
            yield self._with(self.header, "reason")
        lines: dict[int, dict[int, str]] = {}
        for place, reason in why.items():
            lines.setdefault(line(place), {})[place % (1 << PARTS)] = reason
        seen = 0
        for place, _ in self._records:
            if line(place) in lines and line(place) != seen:
                seen = line(place)
                text = "".join(self.text.record)
                yield _bad_object(text, lines[seen]) if self.json else self._with(text, lines[seen][0])

    def _with(self, text: str, reason: str) -> str:
        quoted = reason.replace('"', '""')
        return f'{text.rstrip()}{self.delimiter}"{quoted}"\n'

    def choices(self, fields: Cells, cells: Cells) -> dict[str, Choice]:
        """Return what cells say; an empty one says nothing. Raises PtelistError that names the field."""
        found = {}
        for field, cell in zip(fields, cells, strict=True):
            if cell:
                found[field] = self._choice(field, cell)
            elif field in NEEDED:
                raise PtelistError(f"{field}: is missing")
        return found

    def _read(self, field: str, cell: str) -> Choice:
        axis = AXES["memory" if field == HOST_MEMORY else field]
        if field == KERNEL and not re.fullmatch(_RELEASE, cell):
            raise PtelistError(f'kernel: expected a release such as 6.1.0-56-amd64, got "{cell[:40]}"')
        if axis.kind == "bool":
            cell = SWITCHES.get(cell.lower(), cell)
        unit = self._columns[field].unit if field in self._columns else ""
        try:
            found = choices(axis, f"{cell} {unit}" if unit and re.fullmatch(r"[0-9.]+", cell) else cell)
        except PtelistError as error:
            raise PtelistError(f"{field}: {str(error).removeprefix(f'{axis.option}: ')}") from None
        if len(found) > 1:
            raise PtelistError(f'{field}: expected one value, got "{cell[:40]}"')
        return found[0]


class Text:
    """The lines of a file, the first one known before it is read; counts them, and remembers those of a record."""

    def __init__(self, lines: Iterable[bytes], label: str) -> None:
        """Read the first line."""
        self._lines, self._label = iter(lines), label
        self.number, self.done = 0, 0
        self.record: list[str] = []
        self.first = self._decoded(next(self._lines, b"")).removeprefix("\ufeff")
        self._unread = [self.first] if self.first else []

    def begin(self) -> int:
        """Forget the record before, and return the place of the next one."""
        self.record.clear()
        return (self.number + 1) << PARTS

    def __iter__(self) -> Text:
        """Return the lines themselves."""
        return self

    def __next__(self) -> str:
        """Return the next line; raises PtelistError for one that is no text."""
        text = self._unread.pop() if self._unread else self._decoded(next(self._lines))
        self.number += 1
        self.record.append(text)
        return text

    def _decoded(self, line: bytes) -> str:
        self.done += len(line)
        try:
            if len(line) <= MOST_BYTES:
                return line.decode()
        except UnicodeDecodeError:
            raise PtelistError(f"{self._label}:{self.number + 1}: not UTF-8 text, expected CSV or JSON lines") from None
        raise PtelistError(f"{self._label}:{self.number + 1}: a line of more than 1 MiB is no row of an inventory")


def _picked(places: list[int]) -> Callable[[list[str]], Cells]:
    """Return what picks cells, as fast as can be, surrounding blanks left out."""
    if not places:
        return lambda _: ()
    if len(places) == 1:
        return lambda cells: (cells[places[0]].strip(),)
    pick = itemgetter(*places)
    return lambda cells: tuple(map(str.strip, pick(cells)))


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(" ", "-")


def _groups(text: str) -> Iterator[dict[str, Any]]:
    """Yield an object's VM groups, each with what is said of the host; raises PtelistError if it is none."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise PtelistError(f"not valid JSON: {error}") from None
    except RecursionError:
        raise PtelistError("not valid JSON: nested too deeply") from None
    if not isinstance(found, dict):
        raise PtelistError("expected an object")
    host = {_plain(name): value for name, value in found.items()}
    if not isinstance(host.get(VMS), list):
        yield host
        return
    groups = host.pop(VMS)
    if "memory" in host:
        host.setdefault(HOST_MEMORY, host.pop("memory"))
    for group in groups or [{COUNT: 0}]:
        if not isinstance(group, dict):
            raise PtelistError("vms: expected objects")
        yield host | {_plain(name): value for name, value in group.items()}


def _bad_object(text: str, why: dict[int, str]) -> str:
    """Return an object with its bad VM groups only, and what is wrong with them; no object is quoted as text."""
    reason = "; ".join(why.values())
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return json.dumps({"row": text.rstrip("\n"), "reason": reason}) + "\n"
    groups = found.get(VMS)
    if isinstance(groups, list) and groups:
        found[VMS] = [group for number, group in enumerate(groups) if number in why]
    return json.dumps(found | {"reason": reason}) + "\n"


def _cell(name: str, value: Any) -> str:
    """Return a value as text; raises PtelistError for one that is no cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str | int):
        return str(value)
    raise PtelistError(f"{name}: expected text or a whole number")
