"""Bars of ASCII characters, for a column behind numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output.signed import signed

if TYPE_CHECKING:
    from collections.abc import Sequence

FULL, LESS, MORE, OPEN = "#", "-", "+", "."
LEAST, MOST = 8, 40
"""Characters that a bar has room for, at least and at most."""


def bars(values: Sequence[tuple[int, int] | None], room: int) -> list[str]:
    """Return a bar for each value of 0 or more: `#` as far as it is sure, dots as far as it is open."""
    most = max((high for _, high in filter(None, values)), default=0)
    return ["" if ends is None else _bar(ends, most, room, FULL) for ends in values]


def changes(values: Sequence[tuple[int, int] | None], room: int) -> list[str]:
    """Return a bar for each change, less to the left of a line and more to its right if there is both."""
    known = [ends for ends in values if ends]
    below, above = max((-low for low, _ in known), default=0), max((high for _, high in known), default=0)
    below, above = max(below, 0), max(above, 0)
    left = room * below // (below + above) if below + above else 0
    return ["" if ends is None else _change(ends, (below, left), (above, room - left)) for ends in values]


def _change(ends: tuple[int, int], below: tuple[int, int], above: tuple[int, int]) -> str:
    low, high = ends
    less = _bar((max(-high, 0), max(-low, 0)), *below, LESS)
    more = _bar((max(low, 0), max(high, 0)), *above, MORE)
    drawn = f"{less[::-1].rjust(below[1])}|{more}" if below[1] and above[1] else less or more
    return signed(drawn, low, high)


def _bar(ends: tuple[int, int], most: int, room: int, full: str) -> str:
    """Return a bar whose length is to room as ends are to most; what is not 0 is seen."""
    if not most:
        return ""
    sure, whole = (-(-end * room // most) for end in ends)
    return full * sure + OPEN * (whole - sure)
