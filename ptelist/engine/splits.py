"""The same objects in slabs of two layouts, over all ways to split them among those who fill slabs of their own."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from math import gcd, lcm
from typing import NamedTuple

from ptelist.engine.recorded import one_step

MOST_WAYS = 1000
"""More splits are not looked at one by one."""

REMEMBERED = 4096


class Layouts(NamedTuple):
    """What is paid for each slab, and how many objects one has room for, before and after."""

    room: int
    other: int
    before: int
    after: int

    @property
    def cycle(self) -> int:
        """Return after how many objects both layouts begin a slab."""
        return lcm(self.room, self.other)

    def change(self, objects: int) -> int:
        """Return the change of what is paid for the slabs of one filler."""
        return self.after * -(-objects // self.other) - self.before * -(-objects // self.room)


@one_step
def change_of_split(fewest: int, most: int, fillers: int, *layouts: int) -> tuple[int, int]:
    """Return the least and the most that slabs change by, in what is paid for them.

    `fewest` to `most` objects are split among `fillers` in any way, which is the same before and
    after; `layouts` are the numbers of Layouts. Both ends occur, unless there are more than
    MOST_WAYS to look at: then these are bounds, less than a slab of each filler off.
    """
    room, other, before, after = layouts
    cycle = lcm(room, other)
    # Of more objects than each filler can have beside whole cycles, some whole cycles are certain.
    cycles = max(fewest // cycle - fillers, 0)
    low, high = _extremes(fewest - cycles * cycle, most - cycles * cycle, fillers, layouts)
    certain = cycles * (after * (cycle // other) - before * (cycle // room))
    return low + certain, high + certain


@one_step
def narrowed(  # noqa: PLR0913, PLR0917 -- plain numbers, as one step takes them
    least: int, most: int, fewest: int, greatest: int, left: int, fillers: int, *layouts: int
) -> tuple[int, int]:
    """Return bounds of a change, narrowed by all splits of the same objects where these can be looked at.

    Among `fewest` to `greatest` objects in use lie up to `left` that are not: slabs of which all objects are left are
    not in use either.
    """
    room, other, before, after = layouts
    if room + other <= MOST_WAYS * gcd(room, other):
        low, high = change_of_split(fewest, greatest + left, fillers, *layouts)
        least, most = max(least, low - left // other * after), min(most, high + left // room * before)
    return whole_slabs(least, most, before, after)


@one_step
def whole_slabs(low: int, high: int, before: int, after: int) -> tuple[int, int]:
    """Return the same bounds, at multiples of what divides both prices of a slab: whole slabs change by no others."""
    step = gcd(before, after) or 1
    return -(-low // step) * step, high // step * step


@lru_cache(REMEMBERED)
def _extremes(fewest: int, most: int, fillers: int, layouts: tuple[int, ...]) -> tuple[int, int]:
    """Look at all splits that matter.

    What a filler's slabs change by is the same between two numbers at which a slab begins, so all fillers but one
    are at such a number, or one more; and whole cycles change it by the same with whichever filler they are.
    """
    of = Layouts(*layouts)
    cycle = of.cycle
    starts = {start + more for room in (of.room, of.other) for start in range(0, cycle, room) for more in (0, 1)}
    ends = [(end, of.change(end)) for end in sorted(starts) if end <= most]
    if len(ends) * fillers * (fillers - 1) > 2 * MOST_WAYS:  # each filler leaves a sum more at least
        return _bounds(fewest, most, fillers, of, ends)
    sums = {0: (0, 0)}
    ways = 0
    for _ in range(fillers - 1):
        ways += len(sums) * len(ends)
        if ways > MOST_WAYS:
            return _bounds(fewest, most, fillers, of, ends)
        sums = _with_one_more(sums, ends, most)
    if fewest < most and ways + len(sums) * len(ends) > MOST_WAYS:
        return _bounds(fewest, most, fillers, of, ends)
    lows, highs = [], []
    for taken, (low, high) in sums.items():
        last = [of.change(left) for left in _left(max(fewest - taken, 0), most - taken, cycle, ends)]
        lows.append(low + min(last))
        highs.append(high + max(last))
    return min(lows), max(highs)


def _with_one_more(
    sums: dict[int, tuple[int, int]], ends: list[tuple[int, int]], most: int
) -> dict[int, tuple[int, int]]:
    """Return the extremes by how many objects are taken, with one filler more."""
    grown: dict[int, tuple[int, int]] = {}
    for taken, (low, high) in sums.items():
        for end, change in ends:
            if taken + end > most:
                break
            least, greatest = grown.get(taken + end, (low + change, high + change))
            grown[taken + end] = min(least, low + change), max(greatest, high + change)
    return grown


def _left(fewest: int, most: int, cycle: int, ends: list[tuple[int, int]]) -> set[int]:
    """Return the numbers of objects of the last filler at which extremes can be."""
    found = {fewest, most}
    if fewest < most:
        for end, _ in ends:
            first = fewest + (end - fewest) % cycle
            if first <= most:
                found |= {first, most - (most - end) % cycle}
    return found


def _bounds(fewest: int, most: int, fillers: int, of: Layouts, ends: list[tuple[int, int]]) -> tuple[int, int]:
    """Return what all fillers alike would change by, if a slab could be taken in part.

    No split is below the convex hull of what one filler changes by, nor above the concave one.
    """
    points = dict((*ends, (most, of.change(most))))
    points |= {last: of.change(last) for end, _ in ends for last in [most - (most - end) % of.cycle]}
    low = _least(sorted(points.items()), fewest, most, fillers)
    high = -_least(sorted((at, -change) for at, change in points.items()), fewest, most, fillers)
    return low, high


def _least(points: list[tuple[int, int]], fewest: int, most: int, fillers: int) -> int:
    """Return the least that the convex hull of points is, times fillers, where they have so many objects together."""
    hull: list[tuple[int, int]] = []
    for point in points:
        while len(hull) > 1 and _is_above(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    corners = {at * fillers: change * fillers for at, change in hull}
    found = [change for objects, change in corners.items() if fewest <= objects <= most]
    for (left, low), (right, high) in pairwise(corners.items()):
        between = (objects - left for objects in (fewest, most) if left <= objects <= right)
        found += [low - beyond * (low - high) // (right - left) for beyond in between]
    return min(found)


def _is_above(left: tuple[int, int], middle: tuple[int, int], right: tuple[int, int]) -> bool:
    """Return whether a point is on or above the line between two others."""
    return (middle[1] - left[1]) * (right[0] - left[0]) >= (right[1] - left[1]) * (middle[0] - left[0])
