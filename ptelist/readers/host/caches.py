"""kmem_caches as a host shows them: sysfs and slabinfo together, merged ones resolved."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError
from ptelist.readers.host import paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ptelist.readers.host.slabinfo import SlabinfoRow
    from ptelist.readers.host.snapshot import Snapshot

LAYOUT_SIZES = frozenset(("object_size", "slab_size", "objs_per_slab", "align"))


class Seen(NamedTuple):
    """One cache; `cells` and `row` are empty where they could not be read."""

    name: str
    directory: str
    """Its own in /sys/kernel/slab, e.g. `:A-0000128` of a merged one; "" if sysfs does not tell."""
    members: tuple[str, ...]
    """All caches in these slabs, if it is merged."""
    listed: str
    """What slabinfo calls it: the member that was created first."""
    cells: Mapping[str, str]
    row: SlabinfoRow | None

    def number(self, column: str) -> int | None:
        """Return an attribute; of "13 N0=13" the sum, which comes first."""
        match = re.match(r"[0-9]{1,20}(?![0-9])", self.cells.get(column, ""))
        return int(match[0]) if match else None

    @property
    def shared(self) -> bool:
        """Return whether other caches' objects are among those counted."""
        return len(self.members) > 1

    @property
    def active(self) -> int | None:
        """Return the objects that are in use, or free on a CPU.

        sysfs is exact; slabinfo estimates (from v6.10, 046f4c69090c) where a node has
        more than 10 000 partial slabs.
        """
        objects = self.number("objects")
        return objects if objects is not None else self.row and self.row.active

    @property
    def slabs(self) -> int | None:
        """Return how many slabs there are."""
        count = self.number("slabs")
        return count if count is not None else self.row and self.row.slabs

    @property
    def stride(self) -> int | None:
        """Return the bytes from one object to the next."""
        size = self.number("slab_size")
        return size if size is not None else self.row and self.row.stride

    @property
    def per_slab(self) -> int | None:
        """Return how many objects are in a slab."""
        count = self.number("objs_per_slab")
        return count if count is not None else self.row and self.row.per_slab

    @property
    def cpu_slabs(self) -> int | None:
        """Return the most slabs that are on CPUs; None if not known.

        `cpu_slabs` counts those of each CPU's partial list as well, but for CPUs with
        a partial list alone; `slabs_cpu_partial` counts the lists, after its objects.
        """
        count = self.number("cpu_slabs")
        partial = re.match(r"[0-9]+\(([0-9]{1,20})\)", self.cells.get("slabs_cpu_partial", ""))
        return None if count is None else count + int(partial[1] if partial else 0)


class HostCaches:
    """All caches of a snapshot."""

    def __init__(self, snapshot: Snapshot, rows: Mapping[str, SlabinfoRow], label: str) -> None:
        """Take what sysfs shows, and the rows of slabinfo.

        Raises PtelistError for a size that no cache has.
        """
        self._slabs, self._rows = snapshot.slabs, rows
        self._members: dict[str, list[str]] = {}
        for name, cells in self._slabs.items():
            for column in LAYOUT_SIZES & cells.keys():
                if not re.fullmatch(r"[1-9][0-9]{0,9}", cells[column]):
                    where = f"{label}: {paths.SLABS}/{name}/{column}"
                    raise PtelistError(f'{where}: expected a number of 1 or more, got "{cells[column][:40]}"')
            if target := _target(cells):
                self._members.setdefault(target, []).append(name)

    def find(self, name: str) -> Seen | None:
        """Return a cache by its own name, merged or not; None if the host has none."""
        if name not in self._slabs:
            return self._seen(name, "") if name in self._rows else None
        return self._seen(name, _target(self._slabs[name]) or name)

    def every(self) -> Iterator[Seen]:
        """Yield each cache once, a merged one under the name that slabinfo has for it; without sysfs each line."""
        if not self._slabs:
            yield from (self._seen(name, "") for name in self._rows)
        for directory, cells in self._slabs.items():
            if not _target(cells):
                seen = self._seen(directory, directory)
                yield seen._replace(name=seen.listed)

    def _seen(self, name: str, directory: str) -> Seen:
        members = tuple(self._members.get(directory, ()))
        listed = next((each for each in (name, *members) if each in self._rows), name)
        return Seen(name, directory, members, listed, self._slabs.get(directory, {}), self._rows.get(listed))


def _target(cells: Mapping[str, str]) -> str:
    """Return the directory that a merged cache's link points to."""
    return cells.get(paths.LINK, "").rstrip("/").rpartition("/")[2]
