"""Bounds from a histogram: they contain every choice of lengths, and are no wider than the hull of them all."""

from __future__ import annotations

from itertools import combinations_with_replacement, product
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ptelist.engine.lists.descriptors import HEAD, WALK, List, bounds
from ptelist.engine.lists.histogram import Class, ExtCost, Level, descriptors, entries, lengths, most, never_more

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
    with pytest.raises(ValueError, match=r"10\.\.12 entries, lists of 6\.\.9"):
        most(level, lambda _: 0)
    with pytest.raises(ValueError, match=r"0\.\.5 entries, lists of 6\.\.9"):
        most(level._replace(entries=(0, 5)), lambda _: 0)


@given(levels(), st.integers(2, 6), st.integers(2, 6), POLICIES, st.sampled_from(["grown", "any"]))
def test_what_never_takes_more_never_does(level: Level, one: int, other: int, policy: str, history: str) -> None:
    """For every choice of lengths and descriptors, with slabs of four objects, one of them partly filled."""
    found = choices(level)
    assume(found)
    per = 4
    pair = [ExtCost(ext, policy, history, per * (16 + 8 * ext), per, per) for ext in (one, other)]
    if not never_more([level], *pair, 9):
        return
    for chosen in found:
        longer = [n for n in chosen if n > 1]
        for kept in range(1 + (len(chosen) - len(longer)) * (history == "any")):
            most_of_one = kept + sum(bounds(n, one, policy, history, 9)[1] for n in longer)
            least_of_other = kept + sum(bounds(n, other, policy, history, 9)[0] for n in longer)
            slabs = -(-most_of_one // per), -(-least_of_other // per)
            assert slabs[0] * pair[0].slab_bytes <= slabs[1] * pair[1].slab_bytes


def test_a_sure_choice_exists() -> None:
    """A thousand lists of two entries: 32 bytes for each, or 128; and the other way round with 1001 each."""
    small, large = (ExtCost(ext, HEAD, "any", 4096, 4096 // (16 + 8 * ext), 200) for ext in (2, 14))
    two = [Level((Class(1000, range(2, 3)),), (0, 1 << 60))]
    many = [Level((Class(1000, range(1001, 1002)),), (0, 1 << 60))]
    assert never_more(two, small, large, CAP)
    assert not never_more(two, large, small, CAP)
    assert never_more(many, large, small, CAP)
    assert not never_more(many, small, large, CAP)


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


def lists(*found: tuple[int, int]) -> list[Level]:
    """Return levels of so many lists of just one length each."""
    return [Level(tuple(Class(count, range(length, length + 1)) for count, length in found), (0, 1 << 60))]


def choice(cost: int, ext: int = 14, policy: str = HEAD, history: str = "any") -> ExtCost:
    """Return one whose descriptors cost so much each, in slabs that are never partly filled."""
    return ExtCost(ext, policy, history, cost, 1, 0)


def test_a_descriptor_that_one_rule_kept_the_other_has_kept() -> None:
    single = lists((100, 1), (1, 2))
    assert never_more(single, choice(32), choice(33), CAP)
    assert never_more(single, choice(33), choice(33), CAP)
    assert not never_more(single, choice(34), choice(33), CAP)
    # each of five lists may have kept one, at a byte more; a list of 15 saves 3: 2 at 33, or 3 at 23
    assert not never_more(lists((5, 1), (1, 15)), choice(33, 14), choice(32, 14), CAP)
    assert not never_more(lists((5, 1), (1, 15)), choice(33, 14), choice(23, 7), CAP)
    assert never_more(lists((1, 15)), choice(33, 14), choice(23, 7), CAP)
    assert never_more(lists((5, 1)), choice(33, history="grown"), choice(32, history="grown"), CAP)


def test_histories_that_differ_do_not_share_what_was_kept() -> None:
    """A list that may have kept its descriptor, against one that cannot have."""
    assert not never_more(lists((1, 1)), choice(32), choice(33, history="grown"), CAP)
    assert never_more(lists((1, 1)), choice(32, history="grown"), choice(33), CAP)
    assert not never_more(lists((1, 1)), choice(32, policy=WALK), choice(33), CAP)


def test_the_worst_of_one_is_held_against_the_best_of_the_other() -> None:
    assert never_more(lists((1, 15)), choice(10), choice(10), CAP)
    assert never_more(lists((1, 15)), choice(10), choice(10, policy=WALK), CAP)
    assert not never_more(lists((1, 15)), choice(10, policy=WALK), choice(10), CAP)
    assert never_more(lists((1, 15)), choice(10, policy=WALK), choice(10), 20)
    assert not never_more(lists((1, 15)), choice(10, policy=WALK), choice(10, policy=WALK), CAP)


def test_equal_is_not_more_and_a_byte_is() -> None:
    """28 entries: 2 descriptors of 14 at 21 bytes, or 3 of 10 at 14."""
    assert never_more(lists((1, 28)), choice(21, 14), choice(14, 10), CAP)
    assert not never_more(lists((1, 28)), choice(22, 14), choice(14, 10), CAP)
    assert not never_more(lists((1, 3)), choice(15, 3), choice(14, 3), CAP)
    spare = choice(21, 14)._replace(spare=1)
    assert not never_more(lists((1, 28)), spare, choice(14, 10), CAP)
    assert never_more(lists((1, 28)), spare, choice(21, 10), CAP)
