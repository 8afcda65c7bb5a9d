"""Bounds from a histogram: they contain every choice of lengths, and are no wider than the hull of them all."""

from __future__ import annotations

from itertools import combinations_with_replacement, product
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ptelist.engine.lists.descriptors import HEAD, WALK, List, bounds
from ptelist.engine.lists.histogram import (
    Class,
    Level,
    Lists,
    change,
    descriptors,
    entries,
    lengths,
    most,
    with_longest,
)

if TYPE_CHECKING:
    from random import Random

CAP = 1001
HOW, POLICIES = st.sampled_from(["ffs", "fls"]), st.sampled_from([WALK, HEAD])


def column_of(length: int, how: str) -> int:
    """Return the column as the kernel's ffs() and fls() give it: by hand, bit after bit."""
    bits = [number for number in range(length.bit_length()) if length >> number & 1]
    return (bits[0] if how == "ffs" else bits[-1]) + 1 if bits else 0


@pytest.mark.parametrize("how", ["ffs", "fls"])
@pytest.mark.parametrize("longest", [1, 2, 3, 100, 500, 1001])
def test_columns_hold_the_lengths_that_the_kernel_puts_there(how: str, longest: int) -> None:
    for column in range(11):
        assert list(lengths(column, how, longest)) == [n for n in range(longest + 1) if column_of(n, how) == column]


def choices(level: Level) -> list[list[int]]:
    """Return every choice of lengths for all lists of a small level, as far as the entries allow."""
    each = [combinations_with_replacement(lists.lengths, lists.lists) for lists in level.classes]
    found = [[length for part in parts for length in part] for parts in product(*each)]
    return [one for one in found if level.entries[0] <= sum(one) <= level.entries[1]]


@st.composite
def levels(draw: st.DrawFn) -> Level:
    how, longest = draw(HOW), draw(st.integers(1, 9))
    classes = []
    for column in range(1, 5):
        span = lengths(column, how, longest)
        if span and (count := draw(st.integers(0, 2))):
            classes.append(Class(count, span))
    low = draw(st.integers(0, 40))
    return Level(tuple(classes), (low, draw(st.integers(low, 60))))


@given(levels(), st.integers(2, 5), POLICIES, st.sampled_from(["grown", "any"]))
def test_every_choice_of_lengths_lies_within(level: Level, ext: int, policy: str, history: str) -> None:
    found = choices(level)
    if not found:
        assume(entries(level)[0] > level.entries[1] or entries(level)[1] < level.entries[0])
        with pytest.raises(ValueError, match="entries"):
            descriptors([level], ext, policy, history, 9)
        return
    ends = [[bounds(n, ext, policy, history, 9) for n in one] for one in found]
    low, high = descriptors([level], ext, policy, history, 9)
    assert low <= min(sum(end[0] for end in one) for one in ends)
    assert high >= max(sum(end[1] for end in one) for one in ends)


@given(st.integers(0, 6), st.integers(2, 5), POLICIES, HOW)
def test_without_other_knowledge_the_bounds_are_met(count: int, ext: int, policy: str, how: str) -> None:
    """Each list of a column may be its shortest or its longest: then they are the sum of the ends."""
    for column in range(1, 11):
        span = lengths(column, how, CAP)
        level = Level((Class(count, span),), (0, 1 << 60))
        ends = [bounds(n, ext, policy, "any", CAP) for n in span]
        found = descriptors([level], ext, policy, "any", CAP)
        assert found == (count * min(end[0] for end in ends), count * max(end[1] for end in ends))


def test_known_entries_leave_nothing_open_for_one_list() -> None:
    """500 = 4 x 125 and two single ones: with 502 entries in all, the list of column 4-7 has 500 or fewer."""
    level = Level((Class(2, lengths(1, "ffs", CAP)), Class(1, lengths(3, "ffs", CAP))), (502, 502))
    assert descriptors([level], 14, HEAD, "grown", CAP) == (36, 38)
    single = Level((Class(1, lengths(3, "ffs", CAP)),), (500, 500))
    assert descriptors([single], 14, HEAD, "grown", CAP) == (36, 36)
    assert descriptors([single], 14, HEAD, "any", CAP) == (36, 36)
    assert descriptors([single], 3, WALK, "any", CAP) == (167, 334)


@given(
    st.randoms(use_true_random=False),
    st.integers(2, 16),
    POLICIES,
    HOW,
)
def test_lists_of_any_history_lie_within(random: Random, ext: int, policy: str, how: str) -> None:
    """The list engine itself is driven at random; what the histogram and the counters say of it is enough."""
    chains = [List(ext, policy) for _ in range(12)]
    longest = 0
    for step in range(random.randrange(400)):
        chain = random.choice(chains[: 1 + step % 12])
        if len(chain) and random.random() < 0.4:
            chain.remove(random.choice(list(chain._homes)))
        else:
            chain.add(step)
            longest = max(longest, len(chain))
    counts: dict[int, int] = {}
    for chain in chains:
        column = column_of(len(chain), how)
        counts[column] = counts.get(column, 0) + 1
    total, truth = sum(map(len, chains)), sum(chain.descriptors for chain in chains)
    for known in ((0, 1 << 60), (0, total + random.randrange(9)), (total, total)):
        classes = tuple(Class(count, lengths(column, how, longest)) for column, count in counts.items() if column)
        low, high = descriptors([Level(classes, known)], ext, policy, "any", longest)
        assert low <= truth <= high


def test_contradictions_are_refused() -> None:
    level = Level((Class(3, lengths(2, "fls", CAP)),), (10, 12))
    with pytest.raises(ValueError, match=r"10\.\.12 entries, but the lists have 6\.\.9 in all"):
        most(level, lambda _: 0)
    with pytest.raises(ValueError, match=r"0\.\.5 entries, but the lists have 6\.\.9 in all"):
        most(level._replace(entries=(0, 5)), lambda _: 0)


RULES = st.tuples(st.integers(2, 6), POLICIES, st.sampled_from(["grown", "any"]))
PRICES = st.integers(0, 5)


def resolved(chosen: list[int], old: Lists, new: Lists) -> list[tuple[int, int]]:
    """Return descriptors that lists of chosen lengths can have under both rules: every kept one in or out, and ends."""
    shared = old[2:] == new[2:]
    found = [(0, 0)]
    for length in chosen:
        ends = [bounds(length, each.ext, each.policy, each.history, each.longest) for each in (old, new)]
        pairs = set(product(*ends))
        if shared and length == 1:
            pairs = {(kept, kept) for kept in ends[0]}
        found = list({(x + a, y + b) for x, y in found for a, b in pairs})
    return found


@given(levels(), RULES, RULES, PRICES, PRICES)
def test_a_change_holds_for_every_choice_of_lengths(
    level: Level, one: tuple[int, str, str], other: tuple[int, str, str], before: int, after: int
) -> None:
    """The lists are the same under both rules; what each has kept of a longer past is the same if the rules allow."""
    found = choices(level)
    assume(found)
    old, new = Lists(level, *one, 9), Lists(level, *other, 9)
    changes = [after * y - before * x for chosen in found for x, y in resolved(chosen, old, new)]
    low, high = change(old, new, before, after)
    assert low <= min(changes)
    assert max(changes) <= high


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 10)), min_size=1, max_size=3), RULES, RULES, PRICES, PRICES)
def test_without_other_knowledge_both_ends_of_a_change_occur(
    columns: list[tuple[int, int]], one: tuple[int, str, str], other: tuple[int, str, str], before: int, after: int
) -> None:
    """Each list is then of any length of its column, whatever the others are, so it suffices to look at each alone."""
    level = Level(
        tuple(Class(count, lengths(column, "fls", 60)) for column, count in columns if column < 7), (0, 10**9)
    )
    old, new = Lists(level, *one, 60), Lists(level, *other, 60)
    low = high = 0
    for each in level.classes:
        changes = [after * y - before * x for n in each.lengths for x, y in resolved([n], old, new)]
        low, high = low + each.lists * min(changes), high + each.lists * max(changes)
    assert change(old, new, before, after) == (low, high)


def test_a_change_by_hand() -> None:
    """One list of 256..511 entries and two of one: 128 - 19 to 256 - 37 descriptors more, and 32 bytes for 128.

    Of 256 entries 128 x 32 - 19 x 128 = 1,664 bytes more, of 511 256 x 32 - 37 x 128 = 3,456; each of the two
    that has kept a descriptor of a longer past makes 96 bytes less.
    """
    level = Level((Class(2, range(1, 2)), Class(1, range(256, 512))), (0, 1 << 60))
    for history, kept in (("any", 2), ("grown", 0)):
        old, new = (Lists(level, ext, HEAD, history, CAP) for ext in (14, 2))
        assert change(old, new, 1, 1) == (109, 219)
        assert change(old, new, 128, 32) == (1664 - kept * 96, 3456)
        assert change(new, old, 32, 128) == (-3456, kept * 96 - 1664)
    known = level._replace(entries=(502, 502))
    assert change(Lists(known, 14, HEAD, "any", CAP), Lists(known, 2, HEAD, "any", CAP), 1, 1) == (250 - 36, 250 - 36)


def test_a_change_by_hand_where_descriptors_may_be_down_to_an_entry() -> None:
    """Policy walk, a list of 4, 12, ... entries: 72 descriptors of 14 at most, one with ext=2 for two entries at least.

    Least: 68 entries, 34 - 68. Most: 500 entries, each in a descriptor, against 36. Two odd lists: 71 entries,
    36 - 71; and 501, against 36.
    """
    even, odd = Class(1, lengths(3, "ffs", CAP)), Class(2, lengths(1, "ffs", CAP))
    for classes, expected in (((even,), (-34, 464)), ((odd,), (-70, 930)), ((odd, even), (-104, 1394))):
        level = Level(classes, (0, 1 << 60))
        assert change(Lists(level, 14, WALK, "any", CAP), Lists(level, 2, WALK, "any", CAP), 1, 1) == expected


@given(st.randoms(use_true_random=False), st.integers(2, 16), st.integers(2, 16), POLICIES, HOW)
def test_lists_of_any_history_change_within(random: Random, one: int, other: int, policy: str, how: str) -> None:
    """The same adds and removals under both values, in the list engine itself."""
    pairs = [(List(one, policy), List(other, policy)) for _ in range(8)]
    longest = 0
    for step in range(random.randrange(400)):
        pair = random.choice(pairs[: 1 + step % 8])
        if len(pair[0]) and random.random() < 0.45:
            gone = random.choice(list(pair[0].entries))
            for chain in pair:
                chain.remove(gone)
        else:
            for chain in pair:
                chain.add(step)
            longest = max(longest, len(pair[0]))
    counts: dict[int, int] = {}
    for chain, _ in pairs:
        column = column_of(len(chain), how)
        counts[column] = counts.get(column, 0) + 1
    classes = tuple(Class(count, lengths(column, how, longest)) for column, count in counts.items() if column)
    totals = [sum(chain.descriptors for chain in chains) for chains in zip(*pairs, strict=True)]
    total = sum(len(chain) for chain, _ in pairs)
    for known in ((0, 1 << 60), (total, total)):
        level = Level(classes, known)
        rules = [Lists(level, ext, policy, "any", longest) for ext in (one, other)]
        for before, after in ((1, 1), (16 + 8 * one, 16 + 8 * other)):
            low, high = change(*rules, before, after)
            assert low <= after * totals[1] - before * totals[0] <= high


@given(levels(), st.integers(1, 9))
def test_a_list_that_is_as_long_as_any_ever_was(level: Level, longest: int) -> None:
    """What is left are the choices in which a list has that length."""
    found = [sorted(one) for one in choices(level) if longest in one]
    if not any(longest in each.lengths for each in level.classes):
        with pytest.raises(ValueError, match=f"no column has a list that may have {longest} entries"):
            with_longest([level], longest)
        return
    (narrowed,) = with_longest([level], longest)
    assert sorted(map(sorted, set(map(tuple, map(sorted, choices(narrowed)))))) == sorted(
        map(list, set(map(tuple, found)))
    )


def test_of_several_page_sizes_any_may_have_the_longest_list() -> None:
    level = Level((Class(1, range(4, 8)), Class(2, range(1, 2))), (0, 99))
    assert with_longest([level, Level((), (0, 99))], 6)[0].classes == (level.classes[1], Class(1, range(6, 7)))
    assert with_longest([level, level._replace(entries=(0, 50))], 6) == (level, level._replace(entries=(0, 50)))


def test_levels_add_up() -> None:
    level = Level((Class(2, range(15, 16)),), (0, 1 << 60))
    assert descriptors([level] * 3, 14, HEAD, "any", CAP) == (12, 12)


def test_a_list_that_only_grew_has_no_more_than_it_needs() -> None:
    level = Level((Class(1, range(15, 16)),), (0, 1 << 60))
    assert descriptors([level], 14, WALK, "grown", CAP) == (2, 2)
    assert descriptors([level], 14, WALK, "any", CAP) == (2, 15)
    assert descriptors([level], 14, WALK, "any", 20) == (2, 2)


def test_the_steepest_steps_are_taken_first() -> None:
    """Ten entries are left: on lists that gain 3 by each, not on those that gain 1 or 2."""
    gains = {1: 0, 2: 1, 3: 2, 10: 0, 11: 3, 12: 6, 100: 0, 101: 2, 102: 4}
    classes = tuple(Class(4, range(least, least + 3)) for least in (1, 10, 100))
    least = 4 * 111
    for spare, gain in ((0, 0), (1, 3), (8, 24), (9, 26), (16, 40), (17, 41), (24, 48)):
        assert most(Level(classes, (0, least + spare)), gains.__getitem__) == gain
        down = {length: -value for length, value in gains.items()}
        lost = {0: 0, 1: 1, 4: 4, 8: 8, 9: 10, 16: 24, 17: 27, 24: 48}.get(spare)
        if lost is not None:
            assert most(Level(classes, (least + spare, 1 << 60)), down.__getitem__) == -lost
