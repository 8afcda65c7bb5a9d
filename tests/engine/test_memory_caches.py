"""struct kvm_mmu_memory_cache: the top-up rule against a second one, and the closed form against the rule."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptelist.engine.memory_cache import DrawLaw, MemoryCache


@pytest.mark.parametrize(("capacity", "minimum"), [(40, 0), (40, -1), (40, 41), (4, 14), (0, 0)])
def test_a_minimum_outside_the_capacity_is_refused(capacity: int, minimum: int) -> None:
    with pytest.raises(ValueError, match=rf"top-up minimum {minimum} is not within 1\.\.{capacity}"):
        MemoryCache(capacity, minimum)


@pytest.mark.parametrize(("capacity", "minimum"), [(1, 1), (40, 40), (40, 1), (553, 513)])
def test_the_first_top_up_fills_the_cache(capacity: int, minimum: int) -> None:
    """To its capacity, not to the minimum."""
    cache = MemoryCache(capacity, minimum)
    assert (cache.objects, cache.allocated) == (0, 0)
    assert cache.top_up() == capacity
    assert cache.top_up() == 0
    assert (cache.objects, cache.allocated) == (capacity, capacity)


def test_nothing_is_allocated_while_the_minimum_is_there() -> None:
    cache = MemoryCache(40, 14)
    cache.top_up()
    for left in range(39, 13, -1):
        cache.draw()
        assert cache.objects == left
        assert cache.top_up() == 0
    cache.draw()
    assert cache.objects == 13
    assert cache.top_up() == 27
    assert (cache.objects, cache.allocated) == (40, 67)


def test_an_empty_cache_falls_back_to_an_allocation() -> None:
    cache = MemoryCache(2, 1)
    cache.draw()
    assert (cache.objects, cache.allocated) == (0, 1)
    cache.top_up()
    for _ in range(3):
        cache.draw()
    assert (cache.objects, cache.allocated) == (0, 4)


@given(
    sizes=st.lists(st.integers(1, 60), min_size=2, max_size=2).map(sorted),
    steps=st.lists(st.integers(0, 50), max_size=60),
)
def test_against_a_loop_that_allocates_one_at_a_time(sizes: list[int], steps: list[int]) -> None:
    minimum, capacity = sizes
    cache = MemoryCache(capacity, minimum)
    objects = allocated = used = 0
    for draws in steps:
        if objects < minimum:
            while objects < capacity:
                objects += 1
                allocated += 1
        before = cache.allocated
        assert cache.top_up() == allocated - before
        assert minimum <= cache.objects == objects <= capacity
        for _ in range(draws):
            used += 1
            cache.draw()
            if objects:
                objects -= 1
            else:
                allocated += 1
        assert (cache.objects, cache.allocated) == (objects, allocated)
    assert cache.allocated == used + cache.objects


# the closed form of faults in any order, by any vCPU

Faults = list[tuple[int, int]]
"""For each fault the vCPU that takes it, and how many objects it draws."""


def run(faults: Faults, vcpus: int, capacity: int, minimum: int) -> list[MemoryCache]:
    """Return the caches of vCPUs that have each run, after these faults."""
    caches = [MemoryCache(capacity, minimum) for _ in range(vcpus)]
    for each in caches:
        each.top_up()
    for vcpu, draws in faults:
        caches[vcpu].top_up()
        for _ in range(draws):
            caches[vcpu].draw()
    return caches


@given(
    sizes=st.tuples(st.integers(1, 45), st.integers(0, 30)).map(lambda pair: (pair[0], sum(pair))),
    at_once=st.integers(1, 14),
    vcpus=st.integers(1, 5),
    followed=st.booleans(),
    data=st.data(),
)
def test_every_order_of_faults_lies_within(
    sizes: tuple[int, int], at_once: int, vcpus: int, followed: bool, data: st.DataObject
) -> None:
    minimum, capacity = sizes
    at_once = min(at_once, minimum)
    fault = st.tuples(st.integers(0, vcpus - 1), st.integers(0, at_once))
    faults = data.draw(st.lists(fault, max_size=120))
    if followed:
        faults.append((vcpus - 1, 0))
    drawn = sum(draws for _, draws in faults)
    beyond = sum(draws - 1 for _, draws in faults if draws)
    caches = run(faults, vcpus, capacity, minimum)
    law = DrawLaw(capacity, minimum, vcpus, at_once, beyond, followed)
    found = law.held(drawn, drawn)
    left, held = sum(each.objects for each in caches), sum(each.allocated for each in caches)
    assert found.left_low <= left <= found.left_high
    assert found.low <= held <= found.high
    assert held == left + drawn
    assert law.any_left()[0] <= left <= law.any_left()[1]
    wider = law.held(max(drawn - 7, 0), drawn + 5)
    assert wider.left_low <= found.left_low <= found.left_high <= wider.left_high
    assert wider.low <= found.low <= found.high <= wider.high


@cache
def reached(law: DrawLaw, draws: int) -> set[int]:
    """Return every count of objects left that some order of faults with so many draws in all ends in."""
    ends, seen, todo = set(), set(), [((law.capacity,) * law.caches, draws, law.beyond_first)]
    while todo:
        state = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        left, rest, late = state
        if not rest and (not law.followed or max(left) >= law.minimum):
            ends.add(sum(left))
        for vcpu, objects in enumerate(left):
            topped = objects if objects >= law.minimum else law.capacity
            for taken in range(min(law.at_once, rest, 1 + late) + 1):
                now = (*left[:vcpu], topped - taken, *left[vcpu + 1 :])
                todo.append((tuple(sorted(now)), rest - taken, late - max(taken - 1, 0)))
    return ends


@pytest.mark.parametrize("followed", [False, True])
@pytest.mark.parametrize("vcpus", [1, 2, 3])
@pytest.mark.parametrize(("capacity", "minimum", "at_once"), [(4, 1, 1), (5, 2, 2), (6, 3, 1), (6, 3, 3), (5, 5, 4)])
def test_both_ends_are_reached(capacity: int, minimum: int, at_once: int, vcpus: int, followed: bool) -> None:
    """No narrower interval holds: some order of faults ends at each end."""
    for draws in range(18):
        for beyond in {0, 1, 2, draws}:
            law = DrawLaw(capacity, minimum, vcpus, at_once, beyond, followed)
            ends = reached(law, draws)
            found = law.held(draws, draws)
            assert (found.left_low, found.left_high) == (min(ends), max(ends)), (draws, beyond)
            assert (found.low, found.high) == (min(ends) + draws, max(ends) + draws)


@pytest.mark.parametrize("followed", [False, True])
@pytest.mark.parametrize(("capacity", "minimum", "at_once"), [(4, 1, 1), (5, 2, 2), (6, 3, 3)])
def test_open_draws_are_the_hull_of_each(capacity: int, minimum: int, at_once: int, followed: bool) -> None:
    law = DrawLaw(capacity, minimum, 2, at_once, 30, followed)
    for low in range(20):
        for high in range(low, 24):
            each = [law.held(draws, draws) for draws in range(low, high + 1)]
            found = law.held(low, high)
            assert found.left_low == min(one.left_low for one in each)
            assert found.left_high == max(one.left_high for one in each)
            assert (found.low, found.high) == (min(one.low for one in each), max(one.high for one in each))


def test_up_to_35_tables_one_vcpu_holds_40_headers() -> None:
    """Capacity 40, minimum 5: the 36th table is the first that may bring a refill."""
    law = DrawLaw(40, 5, 1, 3, 40, followed=False)
    assert [law.held(tables, tables) for tables in (0, 35)] == [(40, 40, 40, 40), (5, 5, 40, 40)]
    assert law.held(36, 36) == (4, 40, 40, 76)
    assert law.held(0, 35) == (5, 40, 40, 40)


def test_more_draws_never_hold_less() -> None:
    for caches in (1, 3):
        law = DrawLaw(40, 14, caches, 14, 300, followed=False)
        found = [law.held(draws, draws) for draws in range(300)]
        assert all(a.low <= b.low and a.high <= b.high for a, b in pairwise(found))
