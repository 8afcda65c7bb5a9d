"""Inventories of hosts and their VMs: CSV with a header, JSON lines, or Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeVar

from ptelist.errors import PtelistError, Where, suggestion
from ptelist.fleet.fields import (
    COUNT,
    FIELDS,
    HOST,
    HOST_FIELDS,
    HOST_MEMORY,
    KERNEL,
    NEEDED_FIELDS,
    NO_MAP,
    NO_PAST,
    PEAK,
    VM_FIELDS,
    VMS,
)
from ptelist.fleet.guess import FieldColumn, guessed
from ptelist.fleet.kernel_cells import refuse_overlooked
from ptelist.fleet.meanings import Meanings
from ptelist.fleet.objects import Objects
from ptelist.fleet.records import MOST_OF_A_HOST, NoHostError, NoRecordError, plain
from ptelist.fleet.source import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from ptelist.fleet.records import Cells, Place, Rest
    from ptelist.scenario.presets.mapping import KernelMap

MOST_CHARACTERS = 1 << 10
"""Of a cell."""

MOST_SAID = 100_000
"""Different rows, but for the names of their hosts, of which is remembered what was read."""

T = TypeVar("T")


class AboutHost(NamedTuple):
    """What rows say of their host, in the order of the inventory's fields."""

    cells: Cells
    memory: str
    """Its own."""
    by: Cells


class Inventory:
    """A file, row by row; its header says which columns it has, or each object for itself."""

    def __init__(  # noqa: PLR0913 -- all that can be said of a file
        self,
        file: BinaryIO,
        label: str,
        columns: dict[str, FieldColumn],
        by: Cells,
        maps: KernelMap = NO_MAP,
        *,
        assumed: Collection[str] = (),
        files: Sequence[str] = (),
    ) -> None:
        """Read the header; `maps` says what stands for kernels, `assumed` are the fields that cells may leave open.

        `files` are what the lines were made of, where no user wrote them.
        Raises PtelistError if a needed column is not there, several may be it, or none is the kernel's though the
        cells of one read so.
        """
        self.label, self.by, self._maps, self._file, self._asked = label, by, maps, file, columns
        self._assumed, self._files = assumed, files
        self._needed = {field: what for field, what in NEEDED_FIELDS.items() if field not in assumed}
        self.text, self.records = opened(file, label)
        names = self.records.head
        vms = {COUNT} if VMS in map(plain, names) else set()
        self.guessed = self._guessed(columns.keys() | vms)
        """Columns that are called by a common name."""
        columns = self._columns = columns | self.guessed
        if KERNEL not in {*columns, *assumed, *map(plain, names)}:
            meant = {each.name for each in columns.values()}
            refuse_overlooked(self.records, [each for each in names if each not in meant], label)
        if isinstance(self.records, Objects):
            names = [columns[field].name if field in columns else field for field in FIELDS]
            self.records = self.records.of([*names, *by], {"memory": HOST_MEMORY})
        places = self._places()
        by_places = [places[name] if name in columns else self._place(name, "--by") for name in by]
        fields = {place: field for field, place in places.items()}
        self.by_fields = tuple(fields.get(place, "") for place in by_places)
        """For each column to sum by the field that it is, "" if it is none."""
        used = {*places.values(), *by_places}
        self.records.unused |= {name: None for n, name in enumerate(self.records.head) if n not in used}
        self._refuse_past()
        called = {field: self.records.head[place] for field, place in places.items()}
        self.choices = Meanings(label, called, columns, maps, self._needed).choices
        """Returns what cells of some fields say."""
        self.host_fields = tuple(field for field in HOST_FIELDS if field in places)
        self.vm_fields = tuple(field for field in VM_FIELDS if field in places)
        parts = (
            [places[field] for field in self.host_fields],
            [places[HOST_MEMORY]] if HOST_MEMORY in places else [],
            by_places,
            [places[field] for field in self.vm_fields],
            [places[COUNT]] if COUNT in places else [],
        )
        self.says_memory = HOST_MEMORY in places
        self._host = places[HOST]
        self._beside = sorted({place for part in parts for place in part})
        """The places of cells that are read beside the host's name."""
        self._parts = [[self._beside.index(place) for place in part] for part in parts]
        self._hosts: dict[AboutHost, AboutHost] = {}

    def _guessed(self, known: Collection[str]) -> dict[str, FieldColumn]:
        """Return the columns of fields that are not known; raises PtelistError where several may be one."""
        try:
            return guessed(self.records.head, known, {each.name for each in self._asked.values()})
        except PtelistError as error:
            raise PtelistError(f"{self.label}:1: {error}") from None

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
        for field, what in self._needed.items():
            if field not in places:
                summed = set(map(plain, self.by))
                left = [name for n, name in enumerate(head) if n not in places.values() and plain(name) not in summed]
                others = suggestion(field, left, "these columns mean nothing here")
                raise PtelistError(f"{self.label}:1: no column {field}{others}: {what}")
        return places

    @property
    def kernel_place(self) -> int | None:
        """Return where the cells of a host have its kernel."""
        return self.host_fields.index(KERNEL) if KERNEL in self.host_fields else None

    def kernel(self, cell: str) -> str:
        """Return a kernel's name, with what stands for it, as a cell says it."""
        return str(self.choices((KERNEL,), (cell,))[KERNEL].value)

    @property
    def unused(self) -> list[str]:
        """Return the columns that were of no use, as far as the file was read."""
        return sorted(self.records.unused)

    def again(self) -> Inventory:
        """Return it from the beginning; its file must be seekable."""
        self._file.seek(0)
        return Inventory(
            self._file, self.label, self._asked, self.by, self._maps, assumed=self._assumed, files=self._files
        )

    def where(self, line: int) -> Where:
        """Return where the user finds what a line says."""
        return Where(self._files[line - 1]) if self._files else Where(self.label, line)

    def rows(self, read: Callable[[AboutHost, Cells, str], T]) -> Iterator[tuple[str, T | PtelistError | None]]:
        """Yield the host that each row names, as it is written, and what was read of all else, or what is wrong.

        `read` is given what a row says of its host, of VMs, and of how many these are, once for all that say the
        same; what it raises is what is wrong. A blank line is None.
        """
        known: dict[Rest, T | PtelistError] = {}
        for host, _, rest in self.records.records(self._host, self._beside):
            if not rest and not host.strip("\r\n"):
                yield host, None
                continue
            found = known.get(rest)
            if found is None:
                if len(known) > MOST_SAID:
                    known.clear()
                found = known[rest] = self._found(rest, read)
            yield host, found
        self._refuse_past()

    def by_host(self, read: Callable[[AboutHost, Cells, str], T]) -> dict[str, list[T]]:
        """Return what is read of the rows of each host, in far less time than one by one.

        Raises PtelistError if there is anything wrong with any row, which does not say with which.
        """
        known: dict[Rest, T] = {}
        hosts: dict[str, list[T]] = {}
        for cell, _, rest in self.records.records(self._host, self._beside):
            try:
                rows = hosts[cell]
                rows.append(known[rest])
                if len(rows) > MOST_OF_A_HOST:
                    raise NoHostError(cell)
            except KeyError:
                if not rest and not cell.strip("\r\n"):
                    continue
                if rest not in known:
                    if len(known) > MOST_SAID:
                        known.clear()
                    known[rest] = self._read_rest(rest, read)
                hosts.setdefault(self.host_name(cell), []).append(known[rest])
        self._refuse_past()
        return hosts

    def _found(self, rest: Rest, read: Callable[[AboutHost, Cells, str], T]) -> T | PtelistError:
        try:
            return self._read_rest(rest, read)
        except PtelistError as error:
            return error

    def _read_rest(self, rest: Rest, read: Callable[[AboutHost, Cells, str], T]) -> T:
        """Return what is read of all that is beside a host's name; raises PtelistError if something is wrong."""
        if isinstance(rest, PtelistError):
            raise rest
        cells = self.records.cells(rest)
        if (longest := max(map(len, cells))) > MOST_CHARACTERS:
            raise NoRecordError(f"a cell of {longest:,} characters, at most {MOST_CHARACTERS:,} mean anything")
        host, memory, by, vm, count = (tuple(cells[place].strip() for place in part) for part in self._parts)
        about = AboutHost(host, "".join(memory), tuple(map(self._on_one_line, by)))
        return read(self._hosts.setdefault(about, about), vm, "".join(count))

    def host_name(self, cell: str) -> str:
        """Return the name of a host, surrounding blanks left out; raises NoRecordError for what is none."""
        name = self._on_one_line(cell)
        if not name:
            raise NoRecordError(f"{HOST}: is missing")
        return name

    def _on_one_line(self, cell: str) -> str:
        name = cell.strip()
        if not name.isprintable():
            raise NoRecordError(f"{', '.join((HOST, *self.by))}: expected text on one line")
        return name

    def rejected(self, why: dict[Place, str]) -> Iterator[str]:
        """Yield the rows at these places as they are, with what is wrong with each."""
        yield self.records.rejects()
        lines: dict[int, dict[int | None, str]] = {}
        for place, reason in why.items():
            lines.setdefault(place.line, {})[place.part] = reason
        for line, text in self.records.texts():
            if reasons := lines.pop(line, None):
                yield self.records.rejected(text, reasons)
