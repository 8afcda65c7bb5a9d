"""Guest-physical ranges and the windows they touch, against counting them one by one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptelist.engine.windows import FOUR_GIB, common, covered, distinct, guest_ranges, inside, touched

GIB = 1 << 30
SIZES = st.integers(1, 40)


def windows(first: int, end: int, size: int) -> set[int]:
    return {at // size for at in range(first, end)}


@st.composite
def disjoint(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    marks = sorted(draw(st.sets(st.integers(0, 300), max_size=8)))
    return tuple((marks[n], marks[n + 1]) for n in range(0, len(marks) - 1, 2))


@st.composite
def adjacent(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """Ranges that may begin where the one before ends."""
    marks = sorted(draw(st.sets(st.integers(0, 300), max_size=8)))
    return tuple(each for each in pairwise(marks) if draw(st.booleans()))


@given(first=st.integers(0, 200), length=st.integers(1, 200), size=SIZES)
def test_touched_and_covered(first: int, length: int, size: int) -> None:
    end = first + length
    some = windows(first, end, size)
    assert touched((first, end), size) == len(some)
    whole = {window for window in some if first <= window * size and (window + 1) * size <= end}
    assert covered((first, end), size) == len(whole)


@given(spans=disjoint() | adjacent(), size=SIZES)
def test_distinct_counts_a_shared_window_once(spans: tuple[tuple[int, int], ...], size: int) -> None:
    assert distinct(spans, size) == len(set().union(*(windows(first, end, size) for first, end in spans)))


@pytest.mark.parametrize(
    ("memory", "low", "ranges"),
    [
        (0, 3 * GIB, ()),
        (4096, 3 * GIB, ((0, 4096),)),
        (3 * GIB, 3 * GIB, ((0, 3 * GIB),)),
        (3 * GIB + 4096, 3 * GIB, ((0, 3 * GIB), (4 * GIB, 4 * GIB + 4096))),
        (6 * GIB, 3 * GIB, ((0, 3 * GIB), (4 * GIB, 7 * GIB))),
        (6 * GIB, 4 * GIB, ((0, 4 * GIB), (4 * GIB, 6 * GIB))),
        (8192, 4096, ((0, 4096), (4 * GIB, 4 * GIB + 4096))),
    ],
)
def test_guest_ranges(memory: int, low: int, ranges: tuple[tuple[int, int], ...]) -> None:
    assert guest_ranges(memory, low) == ranges


@given(memory=st.integers(0, 1 << 45), low=st.integers(1, FOUR_GIB))
def test_guest_ranges_hold_all_of_the_memory(memory: int, low: int) -> None:
    ranges = guest_ranges(memory, low)
    assert sum(end - first for first, end in ranges) == memory
    assert all(first < end for first, end in ranges)
    assert all(end <= low or first == FOUR_GIB for first, end in ranges)


@pytest.mark.parametrize(
    ("spans", "parts"),
    [
        (((0, 40),), ((0, 40),)),
        (((1, 41),), ((8, 40),)),
        (((8, 15), (16, 24)), ((16, 24),)),
        (((3, 8),), ()),  # nothing is left, not an empty range
        (((9, 15),), ()),
    ],
)
def test_inside(spans: tuple[tuple[int, int], ...], parts: tuple[tuple[int, int], ...]) -> None:
    """Whole windows of 8."""
    assert inside(spans, 8) == parts


@pytest.mark.parametrize(
    ("spans", "others", "both"),
    [
        (((0, 10),), ((4, 20),), ((4, 10),)),
        (((0, 10), (20, 30)), ((5, 25),), ((5, 10), (20, 25))),
        (((0, 4),), ((4, 8),), ()),  # they touch, and have nothing in common
        ((), ((0, 4),), ()),
    ],
)
def test_common(
    spans: tuple[tuple[int, int], ...], others: tuple[tuple[int, int], ...], both: tuple[tuple[int, int], ...]
) -> None:
    assert common(spans, others) == both
    assert common(others, spans) == both
