"""/proc/slabinfo: what every cache holds and how its slabs are laid out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError
from ptelist.readers.host import paths
from ptelist.readers.host.pasted_lines import rows_of

if TYPE_CHECKING:
    from ptelist.readers.host.snapshot import Snapshot


class SlabinfoRow(NamedTuple):
    """One cache, with the columns' names; `stride` is what the file calls objsize."""

    active: int
    total: int
    stride: int
    per_slab: int
    pages: int
    slabs: int


class Slabinfo(NamedTuple):
    """A copy of the file."""

    rows: dict[str, SlabinfoRow]
    """By the names that the file has for them, one whose name is there already with its line."""
    left_out: int
    """Lines beside the table, blank ones not counted."""
    twice: int
    """Lines that say the very same as one before, and count once."""


def rows(snapshot: Snapshot, label: str) -> dict[str, SlabinfoRow]:
    """Return the caches of a snapshot's copy, nothing if that was not read."""
    text = snapshot.files.get(paths.SLABINFO)
    return parse(text, f"{label}: {paths.SLABINFO}").rows if text else {}


def parse(text: str, label: str) -> Slabinfo:
    """Return the caches of a copy, which may be one that people pasted.

    Raises PtelistError, with file and line, for what SLUB would not write.
    """
    table = rows_of(text, label)
    found: dict[str, SlabinfoRow] = {}
    lines: set[tuple[str, ...]] = set()
    twice = 0
    for number, match in table.rows:
        if match["tunables"].split() != ["0", "0", "0"]:
            raise PtelistError(f"{label}:{number}: {match['name']} has tunables: the SLAB allocator, which is not SLUB")
        active, total, stride, per_slab, pages = map(int, match["counts"].split())
        if not (stride and per_slab and pages):
            raise PtelistError(f"{label}:{number}: {match['name']}: a slab has objects, and objects have a size")
        line = tuple(match[0].split())
        if line in lines:
            twice += 1
            continue
        lines.add(line)
        name = match["name"] if match["name"] not in found else f"{match['name']} (line {number})"
        found[name] = SlabinfoRow(active, total, stride, per_slab, pages, int(match["slabs"].split()[1]))
    return Slabinfo(found, table.left_out, twice)
