"""struct kvm_mmu_memory_cache: the top-up rule against a second one, and its bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptelist.engine.caches import MemoryCache, drawn_bounds


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
            low, high = drawn_bounds(capacity, drawn=True)
            assert low <= cache.objects <= high
        assert (cache.objects, cache.allocated) == (objects, allocated)
    assert cache.allocated == used + cache.objects


@pytest.mark.parametrize("capacity", [0, 1, 40, 553])
def test_drawn_bounds(capacity: int) -> None:
    assert drawn_bounds(capacity, drawn=False) == (capacity, capacity)
    assert drawn_bounds(capacity, drawn=True) == (0, capacity)
