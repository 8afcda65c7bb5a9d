"""/proc/slabinfo: what every cache holds and how its slabs are laid out."""

from __future__ import annotations

import re
from typing import NamedTuple

from ptelist.errors import PtelistError

HEADER = "slabinfo - version: 2."
_ROW = re.compile(
    r"(?P<name>\S.*?) +(?P<counts>N +N +N +N +N) +: tunables +(?P<tunables>N +N +N)"
    r" +: slabdata +(?P<slabs>N +N +N)( .*)?".replace("N", "[0-9]{1,20}")
)


class SlabinfoRow(NamedTuple):
    """One cache, with the columns' names; `stride` is what the file calls objsize."""

    active: int
    total: int
    stride: int
    per_slab: int
    pages: int
    slabs: int


def parse(text: str, label: str) -> dict[str, SlabinfoRow]:
    """Return the caches by the names that the file has for them.

    Raises PtelistError, with file and line, for what SLUB would not write.
    """
    lines = text.splitlines()
    if not lines or not lines[0].startswith(HEADER):
        raise PtelistError(f'{label}:1: not a copy of /proc/slabinfo: expected "{HEADER}1"')
    rows = {}
    for number, line in enumerate(lines[1:], 2):
        if line.startswith("#") or not line.strip():
            continue
        match = _ROW.fullmatch(line.rstrip())
        if match is None:
            raise PtelistError(f'{label}:{number}: not a row of slabinfo: "{line[:40]}"')
        if match["tunables"].split() != ["0", "0", "0"]:
            raise PtelistError(f"{label}:{number}: {match['name']} has tunables: the SLAB allocator, which is not SLUB")
        active, total, stride, per_slab, pages = map(int, match["counts"].split())
        if not (stride and per_slab and pages):
            raise PtelistError(f"{label}:{number}: {match['name']}: a slab has objects, and objects have a size")
        rows[match["name"]] = SlabinfoRow(active, total, stride, per_slab, pages, int(match["slabs"].split()[1]))
    return rows
