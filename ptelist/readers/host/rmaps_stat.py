"""mmu_rmaps_stat, the histogram of a VM's rmap lists in debugfs (3bcd0662d66f, in v5.15)."""

from __future__ import annotations

import re
from typing import NamedTuple

from ptelist.errors import PtelistError

FIRST_CELL = "Rmap_Count:"
PAGE_SIZES = ("4K", "2M", "1G")
LABELS = ("0", "1", *(f"{1 << n}-{(2 << n) - 1}" for n in range(1, 10)))
"""What the columns are called, whether lists are in them for that reason or not."""

MOST_LISTS = 1 << 48


class Histogram(NamedTuple):
    """Lists by page size, and by column as LABELS are."""

    counts: dict[str, tuple[int, ...]]


def parse(text: str, label: str) -> Histogram:
    """Return what the file says, also when it was quoted in a mail.

    Raises PtelistError, with file and line, for what KVM does not write; an empty file
    is that of a VM without rmap lists.
    """
    rows = [(number, line.strip("> \t").split()) for number, line in enumerate(text.splitlines(), 1)]
    rows = [(number, cells) for number, cells in rows if cells]
    if not rows:
        raise PtelistError(
            f"{label}: is empty: the VM has no rmap lists (the TDP MMU is on, and no shadow root ever was),"
            " so none has a descriptor"
        )
    number, head = rows[0]
    if head[0] != FIRST_CELL or tuple(head[1:]) != LABELS:
        raise PtelistError(f'{label}:{number}: not mmu_rmaps_stat: expected "{FIRST_CELL} {" ".join(LABELS[:4])} ..."')
    counts: dict[str, tuple[int, ...]] = {}
    for number, cells in rows[1:]:
        level, lists = _row(cells, f"{label}:{number}")
        if level in counts:
            raise PtelistError(f"{label}:{number}: Level={level} is there twice")
        counts[level] = lists
    if tuple(counts) != PAGE_SIZES:
        raise PtelistError(f"{label}: has levels {', '.join(counts) or 'none'}, expected {', '.join(PAGE_SIZES)}")
    return Histogram(counts)


def _row(cells: list[str], place: str) -> tuple[str, tuple[int, ...]]:
    level = cells[0].removeprefix("Level=").removesuffix(":")
    if f"Level={level}:" != cells[0] or level not in PAGE_SIZES:
        raise PtelistError(f'{place}: expected "Level=4K:" or another page size, got "{cells[0][:40]}"')
    if len(cells) != len(LABELS) + 1:
        raise PtelistError(f"{place}: Level={level} has {len(cells) - 1} columns, expected {len(LABELS)}")
    for cell in cells[1:]:
        if not (re.fullmatch("[0-9]{1,20}", cell) and int(cell) <= MOST_LISTS):
            raise PtelistError(f'{place}: Level={level}: expected a number of lists, got "{cell[:40]}"')
    return level, tuple(map(int, cells[1:]))
