"""Descriptors that adds and removals touch, counted on a brute-force model of the kernel's code."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from list_model import Descriptor, KernelList

from ptelist.engine.lists.descriptors import HEAD, WALK
from ptelist.engine.lists.walks import average, by_adds, by_removals


def added(found: KernelList) -> int:
    """Return the descriptors that the next add touches, the one that it allocates included."""
    if not isinstance(found.head, Descriptor):
        return 0 if found.head is None else 1
    chain = found.chain()
    if found.policy == HEAD:
        return 1 if chain[0].used < found.ext else 2
    full = next((number for number, desc in enumerate(chain) if desc.used < found.ext), len(chain))
    return full + 1


def removed(found: KernelList) -> int:
    """Return what the removals of each entry touch together."""
    return sum(number * desc.used for number, desc in enumerate(found.chain(), 1))


@pytest.mark.parametrize("policy", [WALK, HEAD])
@pytest.mark.parametrize("ext", [2, 3, 14])
def test_touched_descriptors_are_those_of_the_model(policy: str, ext: int) -> None:
    grown, touched = KernelList(ext, policy), 0
    for entries in range(100):
        assert by_adds(entries, ext, policy) == touched
        assert by_removals(entries, ext, policy) == removed(grown)
        touched += added(grown)
        grown.add(entries)


def test_what_a_removal_searches_in_the_model() -> None:
    """The model finds the entry of each removal where the count says that it is."""
    for policy, ext in product((WALK, HEAD), (2, 5)):
        grown = KernelList(ext, policy)
        for entry in range(17):
            grown.add(entry)
        searched = [KernelList._locate(grown.chain(), entry)[0] + 1 for entry in range(17)]
        assert sum(searched) == by_removals(17, ext, policy)


RANGES = st.tuples(st.integers(1, 60), st.integers(0, 12)).map(lambda ends: range(ends[0], ends[0] + ends[1] + 1))


@given(
    st.lists(st.tuples(st.integers(1, 50), RANGES), min_size=1, max_size=3),
    st.sampled_from([2, 3, 14]),
    st.sampled_from([WALK, HEAD]),
    st.sampled_from([by_adds, by_removals]),
)
def test_averages_are_bounded_by_every_choice_of_lengths(
    lists: list[tuple[int, range]], ext: int, policy: str, count: object
) -> None:
    def touched(length: int) -> int:
        return count(length, ext, policy)

    numbers = [number for number, _ in lists]
    found = [
        Fraction(
            sum(n * touched(length) for n, length in zip(numbers, chosen, strict=True)),
            sum(n * length for n, length in zip(numbers, chosen, strict=True)),
        )
        for chosen in product(*(lengths for _, lengths in lists))
    ]
    low, high = average(lists, touched)
    assert (Fraction(*low), Fraction(*high)) == (min(found), max(found))
