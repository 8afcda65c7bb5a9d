"""The first and the last integer of a range at which something holds.

`possible(p, q)` says whether it may hold anywhere from p to q. A search asks that of the range, then of its
halves, and leaves out a stretch that is ruled out; where none is, it tries every integer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Holds = Callable[[int], bool]
    Possible = Callable[[int, int], bool]


def first(low: int, high: int, holds: Holds, possible: Possible) -> int | None:
    """Return the least integer of low..high at which it holds, None if there is none."""
    if not possible(low, high):
        return None
    if holds(low):
        return low
    if low == high:
        return None
    middle = (low + high) // 2
    lower = first(low, middle, holds, possible) if low < middle else None
    return first(middle + 1, high, holds, possible) if lower is None else lower


def last(low: int, high: int, holds: Holds, possible: Possible) -> int | None:
    """Return the greatest integer of low..high at which it holds, None if there is none."""
    mirrored = first(-high, -low, lambda n: holds(-n), lambda p, q: possible(-q, -p))
    return None if mirrored is None else -mirrored
