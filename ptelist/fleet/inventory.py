"""Inventories of hosts and their VMs: CSV with a header, or JSON lines."""

from __future__ import annotations

import re
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ptelist.errors import PtelistError, Where, suggestion
from ptelist.fleet.records import Objects, Rows, Text, plain
from ptelist.scenario.presets.versions import is_release
from ptelist.scenario.units import UNITS
from ptelist.settings.axes import AXES
from ptelist.settings.typed_options import choices

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ptelist.fleet.records import Place
    from ptelist.settings.kinds import Choice

HOST, KERNEL, HOST_MEMORY, COUNT, VMS, PEAK = "host", "kernel", "host-memory", "count", "vms", "peak-vms"
HOST_FIELDS = (KERNEL, *(axis.name for axis in AXES.values() if axis.path.startswith("host.")))
VM_FIELDS = tuple(axis.name for axis in AXES.values() if axis.path.startswith("vm.") and axis.name not in {VMS, PEAK})
FIELDS = (HOST, *HOST_FIELDS, HOST_MEMORY, *VM_FIELDS, COUNT)
"""What a column of an inventory can be: the names of options, and three of its own."""

NEEDED_FIELDS = (HOST, "vcpus")
MOST_VMS = 1_000_000
MOST_CELLS, MOST_CHARACTERS = 1 << 15, 1 << 10
"""Different cells of which the meaning is remembered, and how long one can be."""

MOST_SAID = 100_000
"""Different rows, but for their hosts, that are remembered."""

NO_PAST = "hosts of a fleet have no past: one host's is that of compare --filling aged --peak-vms"

SWITCH_WORDS = {"true": "on", "yes": "on", "1": "on", "false": "off", "no": "off", "0": "off"}

Cells = tuple[str, ...]


class FieldColumn(NamedTuple):
    """Where a field is: a column's name, and the unit of its plain numbers if they are sizes."""

    name: str
    unit: str = ""


class AboutHost(NamedTuple):
    """What rows say of their host, in the order of the inventory's fields."""

    cells: Cells
    memory: str
    """Its own."""
    by: Cells


class Said:
    """What a row says beside the name of its host: one object for all rows that say the same."""

    __slots__ = ("host", "printable", "times", "vm")

    def __init__(self, host: AboutHost, vm: Cells, times: str) -> None:
        """Take what it says of its host, of VMs of one kind, and how many of them there are."""
        self.host, self.vm, self.times = host, vm, times
        self.printable = all(map(str.isprintable, host.by))


class Row(NamedTuple):
    """One VM group of one host as text."""

    place: Place
    host: str
    said: Said


def mapped(texts: Iterable[str]) -> dict[str, FieldColumn]:
    """Return the columns that FIELD=COLUMN or FIELD=COLUMN:UNIT name; raises PtelistError for other text."""
    columns: dict[str, FieldColumn] = {}
    for text in texts:
        said, equals, column = text.partition("=")
        field = said.replace("_", "-")
        if not equals or not column:
            example = "cpus=ncpu or memory=ram_mb:MiB"
            raise PtelistError(f'--column: expected FIELD=COLUMN, as in {example}, got "{text[:60]}"')
        if field not in FIELDS:
            raise PtelistError(f"--column: unknown field {said}{suggestion(field, FIELDS)}")
        name, _, unit = column.rpartition(":")
        columns[field] = FieldColumn(name, unit) if name and unit in UNITS else FieldColumn(column)
    return columns


class Inventory:
    """A file, row by row; its header says which columns it has, or each object for itself."""

    def __init__(self, file: BinaryIO, label: str, columns: dict[str, FieldColumn], by: Cells) -> None:
        """Read the header; raises PtelistError if a column that is needed is not there."""
        self.label, self.by = label, by
        self.text = Text(file, label)
        self._columns = columns
        self.records: Rows | Objects
        if self.text.first.lstrip().startswith("{"):
            names = [columns[field].name if field in columns else field for field in FIELDS]
            self.records = Objects(self.text, [*names, *by], {"memory": HOST_MEMORY})
        else:
            self.records = Rows(self.text)
        places = self._places()
        by_places = [places[name] if name in columns else self._place(name, "--by") for name in by]
        used = {*places.values(), *by_places}
        self.records.unused |= {name: None for n, name in enumerate(self.records.head) if n not in used}
        self._refuse_past()
        self._choice = lru_cache(MOST_CELLS)(self._read)
        self.host_fields = tuple(field for field in HOST_FIELDS if field in places)
        self.vm_fields = tuple(field for field in VM_FIELDS if field in places)
        self._host = places[HOST]
        self._parts = (
            [places[field] for field in self.host_fields],
            [places[HOST_MEMORY]] if HOST_MEMORY in places else [],
            by_places,
            [places[field] for field in self.vm_fields],
            [places[COUNT]] if COUNT in places else [],
        )
        self._hosts: dict[AboutHost, AboutHost] = {}

    def _refuse_past(self) -> None:
        """Raise PtelistError for a peak, so far as the file was read: no figure would follow it."""
        for name in self.records.unused:
            if plain(name) == plain(PEAK):
                raise PtelistError(f"{self.label}: {name}: {NO_PAST}")

    def _place(self, name: str, option: str) -> int:
        head = self.records.head
        spelt = [plain(each) for each in head]
        if name in head:
            return head.index(name)
        if plain(name) not in spelt:
            raise PtelistError(f'{option}: {self.label} has no column "{name}"{suggestion(name, head)}')
        return spelt.index(plain(name))

    def _places(self) -> dict[str, int]:
        """Return where each field is that has a column."""
        head = self.records.head
        known = {plain(name): number for number, name in enumerate(head)}
        places = {field: known[field] for field in FIELDS if field in known and field not in self._columns}
        if COUNT not in places and VMS in known:
            places[COUNT] = known[VMS]
        places |= {field: self._place(column.name, "--column") for field, column in self._columns.items()}
        for field in NEEDED_FIELDS:
            if field not in places:
                hint = f"{suggestion(field, head)}: --column {field}=NAME names it"
                raise PtelistError(f"{self.label}:1: no column {field}{hint}")
        return places

    @property
    def unused(self) -> list[str]:
        """Return the columns that were of no use, as far as the file was read."""
        return sorted(self.records.unused)

    def __iter__(self) -> Iterator[Row | tuple[Place, str]]:
        """Yield rows; for one that is none, its place and what is wrong."""
        width = len(self.records.head)
        used = sorted({place for part in self._parts for place in part})
        beside = itemgetter(*used)
        known: dict[object, Said] = {}
        for place, cells in self.records:
            if len(cells) != width:
                yield place, cells[0]
                continue
            host = cells[self._host].strip()
            key = beside(cells)
            said = known.get(key)
            if said is None:
                if (longest := max(len(cells[place]) for place in used)) > MOST_CHARACTERS:
                    yield place, f"a cell of {longest:,} characters, at most {MOST_CHARACTERS:,} mean anything"
                    continue
                if len(known) > MOST_SAID:
                    known.clear()
                said = known[key] = self._said(cells)
            if not host:
                yield place, "host: is missing"
            elif not (said.printable and host.isprintable()):
                yield place, f"{', '.join((HOST, *self.by))}: expected text on one line"
            else:
                yield Row(place, host, said)
        self._refuse_past()

    def _said(self, cells: list[str]) -> Said:
        """Return what a row says beside the name of its host, surrounding blanks left out."""
        host, memory, by, vm, count = (tuple(cells[place].strip() for place in part) for part in self._parts)
        about = AboutHost(host, "".join(memory), by)
        return Said(self._hosts.setdefault(about, about), vm, "".join(count))

    def rejected(self, why: dict[Place, str]) -> Iterator[str]:
        """Yield the rows at these places as they are, with what is wrong with each."""
        yield self.records.rejects()
        lines: dict[int, dict[int | None, str]] = {}
        for place, reason in why.items():
            lines.setdefault(place.line, {})[place.part] = reason
        for place, _ in self.records:
            if reasons := lines.pop(place.line, None):
                yield self.records.rejected("".join(self.text.record), reasons)

    def choices(self, fields: Cells, cells: Cells) -> dict[str, Choice]:
        """Return what cells say; an empty one says nothing. Raises PtelistError that names the field."""
        said = {}
        for field, cell in zip(fields, cells, strict=True):
            if cell:
                said[field] = self._choice(field, cell)
            elif field in NEEDED_FIELDS:
                raise PtelistError(f"{field}: is missing")
        return said

    def _read(self, field: str, cell: str) -> Choice:
        axis = AXES["memory" if field == HOST_MEMORY else field]
        if field == KERNEL and not is_release(cell):
            raise PtelistError(f'kernel: expected a release such as 6.1.0-56-amd64, got "{cell[:40]}"')
        if axis.kind.is_switch:
            cell = SWITCH_WORDS.get(cell.lower(), cell)
        unit = self._columns[field].unit if field in self._columns else ""
        try:
            values = choices(axis, f"{cell} {unit}" if unit and re.fullmatch(r"[0-9.]+", cell) else cell)
        except PtelistError as error:
            raise PtelistError(error.text, Where(field=field)) from None
        if len(values) > 1:
            raise PtelistError(f'{field}: expected one value, got "{cell[:40]}"')
        return values[0]
