"""Descriptors of lists of which a histogram says more or less how long they are.

mmu_rmaps_stat counts lists in columns. Up to v7.1 a list's column is the lowest
set bit of its length (ffs), whatever the labels say: the third one has 2, 6, 10, ...
From v7.2 on it is the highest (fls), as labelled. Either way a column leaves the
lengths open, and what is known of all of them together narrows them down.

A bound on the sum of the lists' weights, e.g. their descriptors, comes of a simpler
problem: the weights of a class are replaced by the line that runs over them (their
upper hull), which is nowhere below a real weight. Its steps only get flatter, so the
most is had by giving the entries to the steepest steps first. No choice of real
lengths has more.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.lists.descriptors import bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

FFS = "ffs"

REMEMBERED = 256
"""Changes that are kept: figures that follow of the same lists ask for the same."""


class Class(NamedTuple):
    """So many lists, each of one of these lengths."""

    lists: int
    lengths: range


class Level(NamedTuple):
    """The lists of one page size."""

    classes: tuple[Class, ...]
    entries: tuple[int, int]
    """The least and the most entries that all of them have together."""


def lengths(column: int, how: str, longest: int) -> range:
    """Return the lengths of the lists in a column, 0 being the one of empty lists.

    `how` is "ffs" or "fls"; no list has more than `longest` entries.
    """
    if column == 0:
        return range(1)
    least = 1 << (column - 1)
    if how == FFS:
        return range(least, longest + 1, 2 * least)
    return range(least, min(2 * least - 1, longest) + 1)


def column(length: int, how: str) -> int:
    """Return the column of a list: the one whose `lengths` hold its length."""
    return (length & -length if how == FFS else length).bit_length()


def descriptors(levels: Iterable[Level], ext: int, policy: str, history: str, longest: int) -> tuple[int, int]:
    """Return the least and the most descriptors of all lists.

    `longest` is the most entries that any list has or had. Raises ValueError if
    the lists cannot have as many entries together as they are said to.
    """
    low = high = 0
    for level in levels:
        low -= most(level, lambda n: -bounds(n, ext, policy, history, longest)[0])
        high += most(level, lambda n: bounds(n, ext, policy, history, longest)[1])
    return low, high


def with_longest(levels: Sequence[Level], longest: int) -> tuple[Level, ...]:
    """Return the same levels, where some list has `longest` entries exactly.

    Where lists of several page sizes may be the one, it stays open which. Raises ValueError if none can be.
    """
    holders = [(level, each) for level in levels for each in level.classes if longest in each.lengths]
    if not holders:
        raise ValueError(f"no column has a list that may have {longest:,} entries")
    if len(holders) > 1:
        return tuple(levels)
    ((holder, found),) = holders
    one = Class(1, range(longest, longest + 1))
    others = [each for each in holder.classes if each is not found]
    if found.lists > 1:
        others.append(found._replace(lists=found.lists - 1))
    return tuple(level._replace(classes=(*others, one)) if level is holder else level for level in levels)


def entries(level: Level) -> tuple[int, int]:
    """Return the least and the most entries that a level's lists can have, by their classes alone."""
    least = sum(each.lists * each.lengths[0] for each in level.classes)
    return least, sum(each.lists * each.lengths[-1] for each in level.classes)


def most(level: Level, weight: Callable[[int], int]) -> int:
    """Return a bound that the sum of the lists' weights does not exceed.

    Raises ValueError if no lengths fit the number of entries.
    """
    least, limit = entries(level)
    low, high = max(level.entries[0], least), min(level.entries[1], limit)
    if low > high:
        raise ValueError(f"{_span(*level.entries)} entries, but the lists have {_span(least, limit)} in all")
    if (low, high) == (least, limit):  # each list may be of any length
        return sum(each.lists * max(map(weight, each.lengths)) for each in level.classes)
    sum_ = sum(each.lists * weight(each.lengths[0]) for each in level.classes)
    steps = [step for each in level.classes for step in _steps(each, weight)]
    at = least
    for step in sorted(steps, key=_slope, reverse=True):
        end = high if step.rise > 0 else low
        taken = max(min(step.run * step.lists, end - at), 0)
        sum_ += step.rise * taken // step.run  # at most one step is not taken to its end
        at += taken
    return sum_


def _span(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,}..{high:,}"


class _Step(NamedTuple):
    """What so many lists gain by so many more entries each."""

    rise: int
    run: int
    lists: int


def _slope(step: _Step) -> int:
    """Return a step's slope, so finely that two which differ are told apart."""
    return (step.rise << SHIFT) // step.run


SHIFT = 64
"""Slopes p/q and r/s differ by 1/qs at least; lists have far less than 2^32 entries."""


def _steps(each: Class, weight: Callable[[int], int]) -> Iterator[_Step]:
    """Yield the steps of the upper hull of a class's weights."""
    hull: list[tuple[int, int]] = []
    for length in each.lengths:
        point = length, weight(length)
        while len(hull) > 1 and _bends_up(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    for number in range(1, len(hull)):
        (start, before), (end, after) = hull[number - 1], hull[number]
        yield _Step(after - before, end - start, each.lists)


def _bends_up(first: tuple[int, int], second: tuple[int, int], third: tuple[int, int]) -> bool:
    return (second[1] - first[1]) * (third[0] - first[0]) <= (third[1] - first[1]) * (second[0] - first[0])


class Lists(NamedTuple):
    """The lists of one page size, and what their descriptors go by."""

    level: Level
    ext: int
    policy: str
    history: str
    longest: int
    """The most entries that any list has or had."""


@lru_cache(REMEMBERED)
def _bounds(lists: Lists) -> dict[int, tuple[int, int]]:
    """Return the least and the most descriptors of a list by its length."""
    level, ext, policy, history, longest = lists
    return {n: bounds(n, ext, policy, history, longest) for each in level.classes for n in each.lengths}


@lru_cache(REMEMBERED)
def change(old: Lists, new: Lists, before: int, after: int) -> tuple[int, int]:
    """Return how much more the lists take at `after` a descriptor under the new rule than at `before` under the old.

    It is the least and the most. The lists are the same under both, whatever their lengths are, so both must have the
    same level. With the same policy and history a list of one entry has a descriptor under both, from when it was
    longer, or under neither.
    """
    one, other = _bounds(old), _bounds(new)
    lows = {n: after * other[n][0] - before * one[n][1] for n in one}
    highs = {n: after * other[n][1] - before * one[n][0] for n in one}
    if 1 in one and old[2:] == new[2:]:
        kept = one[1][1] * (after - before)
        lows[1], highs[1] = min(0, kept), max(0, kept)
    return -most(old.level, lambda n: -lows[n]), most(old.level, highs.__getitem__)
