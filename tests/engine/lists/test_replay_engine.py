"""Many lists at once are what each of them is alone; an envelope never has less than the lists in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptelist.engine.lists.descriptors import HEAD, WALK, List
from ptelist.engine.lists.envelope import Envelope, most
from ptelist.engine.lists.tally import ListRules, Lists

if TYPE_CHECKING:
    from random import Random

RULES = tuple(ListRules(ext, policy, 6, 3) for ext in (2, 3, 5, 14) for policy in (HEAD, WALK))
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "add", "add", "remove", "zap"]), st.integers(0, 3), st.integers(0, 30)),
    max_size=250,
)


class Alone:
    """The same lists, each kept by the engine of one list under each rule."""

    def __init__(self) -> None:
        self.chains = [[List(rule.ext, rule.policy) for _ in range(4)] for rule in RULES]
        self.peaks = [(0, 0)] * len(RULES)
        self.at_peak: list[dict[int, int]] = [{}] * len(RULES)
        self.left = [False] * len(RULES)
        self.longest = 0

    def do(self, at: int, op: str, key: int, entry: int) -> bool:
        """Do one step, if it can be done; return whether it could."""
        first = self.chains[0][key]
        known = entry in first._homes
        chained = first.descriptors > 0
        able = {"add": not known, "remove": known, "zap": len(first) > 0}[op]
        for number, chains in enumerate(self.chains):
            if able:
                getattr(chains[key], op)(*(() if op == "zap" else (entry,)))
            live = sum(chain.descriptors for chain in chains)
            if live > self.peaks[number][0]:
                self.peaks[number] = live, at
                self.left[number] = False
            self.left[number] |= able and op != "add" and chained
            if not self.left[number]:
                sizes = sorted(len(chain) for chain in chains if chain.descriptors)
                self.at_peak[number] = {size: sizes.count(size) for size in sizes}
        self.longest = max(self.longest, *(len(chain) for chain in self.chains[0]))
        return able


@given(STEPS)
def test_each_list_is_what_it_is_alone(steps: list[tuple[str, int, int]]) -> None:
    """Against the engine of one list, which is held against a model of the kernel's code; peaks and all."""
    lists, alone = Lists(RULES), Alone()
    for at, (op, key, entry) in enumerate(steps, 1):
        words = {"add": (at, key, entry), "remove": (key, entry), "zap": (key,)}[op]
        assert getattr(lists, op)(*words) is alone.do(at, op, key, entry)
        for tally, chains in zip(lists.tallies, alone.chains, strict=True):
            assert tally.live == sum(chain.descriptors for chain in chains)
    for tally, chains, peak in zip(lists.tallies, alone.chains, alone.peaks, strict=True):
        assert tally.allocs == sum(chain.allocs for chain in chains)
        assert tally.frees == sum(chain.frees for chain in chains)
        assert (tally.peak, tally.peak_at) == peak
    assert lists.at_peak() == alone.at_peak
    assert lists.longest == (alone.longest if alone.longest > 1 else 0)
    sizes = [len(chain) for chain in alone.chains[0] if len(chain)]
    assert lists.lengths() == {size: sizes.count(size) for size in sizes}


@given(st.lists(st.tuples(st.sampled_from("tfaaaa"), st.integers(0, 1)), max_size=120), st.sampled_from([HEAD, WALK]))
def test_caches_are_filled_and_drawn_from(steps: list[tuple[str, int]], policy: str) -> None:
    """By a cache that is no more than a number: filled to 6 when it has less than 3, else left alone."""
    (rule,) = rules = [ListRules(2, policy, 6, 3)]
    lists = Lists(rules)
    left: dict[int, int] = {}
    topups = short = entries = 0
    for at, (op, cache) in enumerate(steps):
        if op == "t":
            lists.topup(cache)
            if left.get(cache, 0) < rule.minimum:
                left[cache] = rule.capacity
                topups += 1
        elif op == "f":
            lists.free(cache)
            left.pop(cache, None)
        else:
            lists.add(at, "list", at, cache)
            entries += 1
            if entries == 2 or (entries > 2 and entries % 2 == 1):
                if left.get(cache, 0):
                    left[cache] -= 1
                else:
                    short += 1
    (tally,) = lists.tallies
    assert (tally.caches, tally.topups, tally.short) == (left, topups, short)
    assert tally.cached == sum(left.values())


def test_a_cache_with_just_enough_is_left_alone() -> None:
    lists = Lists([ListRules(2, HEAD, 6, 3)])
    lists.topup("c")
    (tally,) = lists.tallies
    while tally.caches["c"] > 3:
        lists.add(99, "list", object(), "c")
    lists.topup("c")
    assert (tally.caches["c"], tally.topups) == (3, 1)


@pytest.mark.parametrize("entries", [0, 1, 2, 3])
def test_what_is_in_no_list_is_not_removed(entries: int) -> None:
    lists = Lists(RULES)
    for entry in range(entries):
        lists.add(0, "key", entry)
    before = [(tally.live, tally.frees) for tally in lists.tallies]
    assert not lists.remove("key", entries)
    assert [(tally.live, tally.frees) for tally in lists.tallies] == before
    assert all(lists.remove("key", entry) for entry in range(entries)), "all of them were still there"


def test_lists_that_are_empty_take_no_memory() -> None:
    lists = Lists(RULES)
    for key in range(1000):
        for entry in range(4):
            lists.add(0, key, entry)
        lists.remove(key, 0)
        if key % 2:
            lists.zap(key)
        else:
            for entry in range(1, 4):
                lists.remove(key, entry)
    assert not lists._lists
    assert not any(tally.chains or tally.live for tally in lists.tallies)


@pytest.mark.parametrize("spaces", [1, 2])
@given(st.randoms(use_true_random=False))
def test_no_list_exceeds_the_envelope(spaces: int, random: Random) -> None:
    """SPTEs are set, set anew, and zapped without a word, in one or two address spaces."""
    envelope, lists = Envelope(RULES, 1001, spaces), Lists(RULES)
    where: dict[int, tuple[int, int]] = {}
    for at in range(random.randrange(120)):
        spte = random.randrange(40)
        if spte in where:
            lists.remove(where.pop(spte), spte)
        if random.random() < 0.7:
            page = random.randrange(3)
            where[spte] = page, random.randrange(spaces)
            lists.add(at, where[spte], spte)
            envelope.set(page, spte)
        for tally, live, peak in zip(lists.tallies, envelope.live, envelope.peak, strict=True):
            assert tally.live <= live
            assert tally.peak <= peak
    counts = envelope.lengths()
    assert sum(length * pages for length, pages in counts.items()) == len(envelope._pages)


def test_an_envelope_is_no_more_than_can_be() -> None:
    """A page that is mapped once has no descriptor; twenty times at most two of 14, three with SMM."""
    rule = ListRules(14, HEAD, 40, 14)
    envelopes = [Envelope([rule], 1001, spaces) for spaces in (1, 2)]
    for spte in range(20):
        for envelope in envelopes:
            envelope.set("page", spte)
            envelope.set("page", spte)
        if spte == 0:
            assert [envelope.live for envelope in envelopes] == [[0], [0]]
    assert [envelope.live for envelope in envelopes] == [[2], [3]]
    for spte in range(20):
        envelopes[0].set(("elsewhere", spte), spte)
    assert envelopes[0].live == [0]
    assert envelopes[0].peak == [2]


@pytest.mark.parametrize(
    ("spaces", "left", "wanted"), [(1, 1, 1), (1, 2, 1), (2, 1, 1), (2, 2, 2), (2, 3, 2), (2, 16, 3)]
)
def test_what_is_left_of_a_chain(spaces: int, left: int, wanted: int) -> None:
    """The last entry keeps its descriptor; with SMM two entries may be the last ones of two lists."""
    assert most(left, 20, ListRules(14, HEAD, 40, 14), spaces) == wanted


def test_nothing_chained_was_never_a_peak() -> None:
    envelope = Envelope([ListRules(14, HEAD, 40, 14)], 1001, 1)
    envelope.set("page", 1)
    assert envelope.peak == [0]


def test_the_cap_holds_in_an_envelope() -> None:
    rule = ListRules(14, HEAD, 40, 14)
    for spaces, most_of_all in ((1, 72), (2, 72 + 72)):
        envelope = Envelope([rule], 1001, spaces)
        for spte in range(5000):
            envelope.set("page", spte)
        assert envelope.live == [most(1001 * spaces, 5000, rule, spaces)] == [most_of_all]
