"""Splits of objects among those who fill slabs of their own: against all of them, one by one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from exploring import examples
from hypothesis import example, given
from hypothesis import strategies as st

from ptelist.engine import splits
from ptelist.engine.account import account
from ptelist.engine.difference import difference
from ptelist.engine.splits import Layouts, change_of_split, whole_slabs
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOMS = st.integers(1, 9)
PAID = st.integers(0, 9)


def shares(objects: int, fillers: int) -> Iterator[tuple[int, ...]]:
    if fillers == 1:
        yield (objects,)
        return
    for first in range(objects + 1):
        for rest in shares(objects - first, fillers - 1):
            yield (first, *rest)


def slabs(objects: tuple[int, ...], room: int) -> int:
    return sum(-(-each // room) for each in objects)


def one_by_one(fewest: int, most: int, fillers: int, of: Layouts) -> tuple[int, int]:
    changes = [
        of.after * slabs(split, of.other) - of.before * slabs(split, of.room)
        for objects in range(fewest, most + 1)
        for split in shares(objects, fillers)
    ]
    return min(changes), max(changes)


@contextmanager
def looking_at(ways: int) -> Iterator[None]:
    """Let so many ways be looked at, and no more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splits, "MOST_WAYS", ways)
        splits._extremes.cache_clear()
        yield
    splits._extremes.cache_clear()


LAYOUTS = st.builds(Layouts, ROOMS, ROOMS, PAID, PAID)


@examples(300)
@given(st.integers(0, 40), st.integers(0, 4), st.integers(1, 3), LAYOUTS)
def test_both_ends_occur_and_nothing_beyond(fewest: int, more: int, fillers: int, of: Layouts) -> None:
    wanted = one_by_one(fewest, fewest + more, fillers, of)
    with looking_at(1 << 60):
        assert change_of_split(fewest, fewest + more, fillers, *of) == wanted


@examples(300)
@example(3, 0, 3, Layouts(4, 8, 2, 1))
@given(st.integers(0, 30), st.integers(0, 4), st.integers(1, 3), LAYOUTS)
def test_bounds_of_many_hold(fewest: int, more: int, fillers: int, of: Layouts) -> None:
    """Where there are too many to look at, what is said is at most a slab of each filler off."""
    with looking_at(-1):
        least, greatest = change_of_split(fewest, fewest + more, fillers, *of)
    low, high = one_by_one(fewest, fewest + more, fillers, of)
    slab = fillers * (of.before + of.after)
    assert low - slab <= least <= low
    assert high <= greatest <= high + slab


def test_whole_slabs_change_by_multiples() -> None:
    """4,352 and 5,120 bytes for a slab are 17 and 20 times 256; nothing is paid, nothing changes."""
    assert whole_slabs(-9896, 11009, 4352, 5120) == (-38 * 256, 43 * 256)
    assert whole_slabs(-3, 5, 1, 1) == (-3, 5)
    assert whole_slabs(0, 0, 0, 0) == (0, 0)


@pytest.mark.parametrize(("objects", "cpus"), [(40, 256), (100, 16), (300, 5)])
def test_many_cpus_cost_little(objects: int, cpus: int) -> None:
    """Against the extremes with one CPU more and more; slabs of 32 objects, then of 128."""
    of = Layouts(32, 128, 4352, 5120)
    lows, highs = [0] + [1 << 60] * objects, [0] + [-(1 << 60)] * objects
    for _ in range(min(objects, cpus)):
        lows = [min(lows[n - own] + of.change(own) for own in range(n + 1)) for n in range(objects + 1)]
        highs = [max(highs[n - own] + of.change(own) for own in range(n + 1)) for n in range(objects + 1)]
    low, high = change_of_split(objects, objects, cpus, *of)
    assert lows[-1] - of.after <= low <= lows[-1]
    assert high == highs[-1]


@pytest.mark.parametrize(("vcpus", "kernel"), [("1", "6.18"), ("16", "6.18"), ("5", "5.15")])
def test_what_is_open_in_both_columns_is_one_split(vcpus: str, kernel: str) -> None:
    """On two nodes: slabs, and the bytes that memcg has beside them, against every split."""
    options = [("host", "server-256"), ("kernel", kernel), ("vcpus", vcpus)]
    old, new = (account(expand([], [*options, ("ext", ext)]).columns[0].scenario) for ext in ("14", "2"))
    objects = new["pte_list_desc.objects"].low
    room, other = (ledger["pte_list_desc.objects_per_slab"].low for ledger in (old, new))
    before, after = (
        ledger["pte_list_desc.bytes.total"].low // ledger["pte_list_desc.slabs"].low for ledger in (old, new)
    )
    for figure, of in (
        ("pte_list_desc.slabs", Layouts(room, other, 1, 1)),
        ("pte_list_desc.bytes.total", Layouts(room, other, before, after)),
        ("mmu.bytes.total", Layouts(room, other, before, after)),
    ):
        assert difference(old[figure], new[figure]) == one_by_one(objects, objects, 2, of), figure
    slab, used = ("pte_list_desc.bytes.slab", "pte_list_desc.bytes.used")
    (low, high), (less, _) = (difference(old[figure], new[figure]) for figure in (slab, used))
    assert difference(old["pte_list_desc.bytes.waste"], new["pte_list_desc.bytes.waste"]) == (low - less, high - less)
