"""rmap and parent_ptes lists against a brute-force model of the kernel's code (laws L1 and L2)."""

from __future__ import annotations

from collections import defaultdict

import pytest
from exploring import examples
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from list_model import Descriptor, KernelList, RmapHead

from ptelist.engine.lists.descriptors import ANY, GROWN, HEAD, WALK, List, bounds, descriptors

POLICIES = (WALK, HEAD)
EXTS = st.integers(2, 32) | st.sampled_from([3, 14, 15, 33, 101])


class Lists(RuleBasedStateMachine):
    """L2: `List` equals the model after every step, in count, descriptors, allocations and frees."""

    fresh = 0
    capped = False

    @initialize(ext=EXTS, policy=st.sampled_from(POLICIES), threshold=st.integers(0, 70), capped=st.booleans())
    def start(self, ext: int, policy: str, threshold: int, capped: bool) -> None:
        self.threshold, self.capped = threshold, capped
        self.real = List(ext, policy)
        self.model = RmapHead(ext, policy, threshold)
        self.live: list[int] = []

    @rule(count=st.integers(1, 40))
    def add(self, count: int) -> None:
        for _ in range(count):
            self.fresh += 1
            self.live.append(self.fresh)
            if self.capped:
                zapped = self.model.add_rmap(self.fresh)
                assert self.real.add_rmap(self.fresh, self.threshold) is zapped
                if zapped:
                    self.live.clear()
            else:
                assert self.real.add(self.fresh) == self.model.add(self.fresh) == len(self.live) - 1

    @precondition(lambda self: self.live)
    @rule(data=st.data(), count=st.integers(1, 30))
    def remove(self, data: st.DataObject, count: int) -> None:
        for _ in range(min(count, len(self.live))):
            entry = self.live.pop(data.draw(st.integers(0, len(self.live) - 1)))
            self.real.remove(entry)
            self.model.remove(entry)
            self.same()

    @rule(where=st.integers(0, 31), keep=st.integers(1, 32))
    def thin(self, where: int, keep: int) -> None:
        """Leave one entry in `keep`, which strands descriptors under the older policy."""
        gone = [entry for number, entry in enumerate(self.live) if (number - where) % keep]
        for entry in gone:
            self.real.remove(entry)
            self.model.remove(entry)
            self.live.remove(entry)

    @rule()
    def zap(self) -> None:
        assert self.real.zap() == len(self.live)
        self.model.zap()
        self.live.clear()

    @rule()
    def refuse(self) -> None:
        with pytest.raises(KeyError):
            self.real.remove("absent")
        for entry in self.live[:1]:
            with pytest.raises(ValueError, match="already in the list"):
                self.real.add(entry)

    @invariant()
    def same(self) -> None:
        model = getattr(self, "model", None)
        if model is not None:
            assert len(self.real) == len(self.live) == len(model.entries())
            assert self.real.descriptors == model.descriptors
            assert (self.real.allocs, self.real.frees) == (model.allocs, model.frees)


TestLists = Lists.TestCase
TestLists.settings = examples(60, stateful_step_count=25)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("ext", range(2, 33))
def test_closed_form_is_the_machine_for_lists_that_grow(ext: int, policy: str) -> None:
    """L1, L2: descs(n, ext) = 0 for n <= 1 else ceil(n/ext), for all n <= 2000."""
    machine = List(ext, policy)
    before = 0
    for n in range(2001):
        count = descriptors(n, ext)
        assert machine.descriptors == count == bounds(n, ext, policy, GROWN, n)[0]
        assert bounds(n, ext, policy, GROWN, 1001) == (count, count)
        assert count * ext >= n or n == 1
        assert before <= count, "monotone in n"
        assert count <= descriptors(n, ext - 1) or ext == 2, "antitone in ext"
        before = count
        machine.add(n)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("ext", [2, 3, 14, 32])
def test_closed_form_is_the_model(ext: int, policy: str) -> None:
    """L2 once more, with the brute-force model in place of the machine."""
    model = KernelList(ext, policy)
    for n in range(700):
        assert model.descriptors == descriptors(n, ext)
        model.add(n)


State = tuple[int, ...] | None
"""Fill of each descriptor from the head on; () is empty, None one direct entry."""


def restored(state: State, ext: int, policy: str) -> KernelList:
    model = KernelList(ext, policy)
    if state is None:
        model.head = ("0.0",)
        return model
    after: Descriptor | None = None
    tail = 0
    for number, fill in reversed(list(enumerate(state))):
        desc = Descriptor(ext)
        desc.slots[:fill] = [f"{number}.{slot}" for slot in range(fill)]
        desc.used, desc.more, desc.tail = fill, after, tail
        after, tail = desc, tail + fill
    model.head = after
    return model


def saved(model: KernelList) -> State:
    return None if isinstance(model.head, tuple) else tuple(desc.used for desc in model.chain())


def reachable(ext: int, policy: str, peak: int) -> dict[int, set[int]]:
    """Return, for lists of at most `peak` entries ever, the descriptors that n entries can have."""
    found = defaultdict(set)
    seen: set[State] = set()
    todo: list[State] = [()]
    while todo:
        state = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        model = restored(state, ext, policy)
        entries = model.entries()
        found[len(entries)].add(model.descriptors)
        if len(entries) < peak:
            model.add("new")
            todo.append(saved(model))
        for number in range(1 if state is None else len(state)):
            model = restored(state, ext, policy)
            model.remove(f"{number}.0")
            todo.append(saved(model))
    return found


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(("ext", "peak"), [(2, 2), (2, 3), (2, 9), (3, 3), (3, 4), (3, 11), (4, 9), (5, 12), (14, 15)])
def test_bounds_are_the_extremes_of_all_reachable_lists(ext: int, peak: int, policy: str) -> None:
    """Contained and attained: no history of up to `peak` entries beats the bounds, and one meets each."""
    found = reachable(ext, policy, peak)
    assert sorted(found) == list(range(peak + 1))
    for n, counts in found.items():
        assert bounds(n, ext, policy, ANY, peak) == (min(counts), max(counts)), f"{n} entries"


@pytest.mark.parametrize("policy", POLICIES)
def test_bounds_of_a_list_that_never_had_two_entries(policy: str) -> None:
    assert reachable(2, policy, 1) == {0: {0}, 1: {0}}
    assert bounds(1, 2, policy, ANY, 1) == (0, 0)


@pytest.mark.parametrize(
    ("entries", "walk", "head"),
    [(0, (0, 0), (0, 0)), (1, (0, 1), (0, 1)), (2, (1, 2), (1, 1)), (14, (1, 14), (1, 1)), (15, (2, 15), (2, 2))],
)
def test_bounds_of_a_list_that_may_have_had_any_length(
    entries: int, walk: tuple[int, int], head: tuple[int, int]
) -> None:
    """parent_ptes lists have no cap: each entry left may be alone in its descriptor."""
    assert bounds(entries, 14, WALK, ANY, None) == walk
    assert bounds(entries, 14, HEAD, ANY, None) == head
    assert bounds(entries, 14, WALK, GROWN, None) == (walk[0], walk[0])


@examples(60)
@given(
    ext=EXTS,
    policy=st.sampled_from(POLICIES),
    rounds=st.lists(st.tuples(st.integers(0, 150), st.integers(0, 150)), min_size=1, max_size=5),
    seed=st.randoms(use_true_random=False),
)
def test_bounds_hold_for_any_history(ext: int, policy: str, rounds: list[tuple[int, int]], seed: object) -> None:
    machine, live, peak, fresh = List(ext, policy), [], 2, 0
    for adds, removes in rounds:
        for _ in range(adds):
            fresh += 1
            machine.add(fresh)
            live.append(fresh)
        peak = max(peak, len(live))
        seed.shuffle(live)
        for _ in range(min(removes, len(live))):
            machine.remove(live.pop())
        low, high = bounds(len(live), ext, policy, ANY, peak)
        assert low <= machine.descriptors <= high


@pytest.mark.parametrize(("ext", "policy", "left"), [(14, WALK, 36), (14, HEAD, 3), (3, WALK, 36)])
def test_500_entries_all_but_one_in_14_removed(ext: int, policy: str, left: int) -> None:
    """The design's row: 36 entries in 36 descriptors on 6.1, in 3 from 6.4 on."""
    machine = List(ext, policy)
    for n in range(500):
        machine.add(n)
    for n in range(500):
        if n % 14:
            machine.remove(n)
    assert len(machine) == 36
    assert machine.descriptors == left


def entered(policy: str) -> List:
    """Return a..f in three descriptors of two."""
    machine = List(2, policy)
    for entry in "abcdef":
        machine.add(entry)
    return machine


def test_the_first_descriptor_with_room_takes_an_entry() -> None:
    """Walk: with holes in the first and in the last, the first is filled, so the last can go."""
    machine = entered(WALK)
    machine.remove("a")
    machine.remove("e")
    machine.add("x")
    machine.remove("f")
    assert (len(machine), machine.descriptors) == (4, 2)


def test_a_hole_is_used_again() -> None:
    """observed.md item 2: a descriptor with room is filled before a new one is taken."""
    machine = entered(WALK)
    machine.remove("c")
    machine.add("x")
    assert (machine.descriptors, machine.allocs, machine.frees) == (3, 3, 0)
    machine.add("y")
    assert machine.descriptors == 4


@pytest.mark.parametrize("policy", POLICIES)
def test_the_1002nd_add_empties_an_rmap_list(policy: str) -> None:
    """RMAP_RECYCLE_THRESHOLD 1000 is compared with the count before the add."""
    machine = List(14, policy)
    assert not any(machine.add_rmap(n, 1000) for n in range(1001))
    assert (len(machine), machine.descriptors) == (1001, 72)
    assert machine.add_rmap(1001, 1000) is True
    assert (len(machine), machine.descriptors, machine.allocs, machine.frees) == (0, 0, 72, 72)
    assert machine.add_rmap(1001, 1000) is False, "the guest's refault"
    assert (len(machine), machine.descriptors) == (1, 0)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_chain_stays_one_until_its_last_entry_leaves(policy: str) -> None:
    machine = List(2, policy)
    machine.add("a")
    machine.add("b")
    machine.remove("a")
    assert (len(machine), machine.descriptors) == (1, 1)
    machine.remove("b")
    assert (len(machine), machine.descriptors) == (0, 0)
    machine.add("a")
    assert machine.descriptors == 0


@pytest.mark.parametrize("ext", [1, 0, -3])
def test_ext_below_two_is_refused(ext: int) -> None:
    with pytest.raises(ValueError, match=f"PTE_LIST_EXT is at least 2, got {ext}"):
        List(ext, HEAD)


def test_errors_leave_the_list_alone() -> None:
    machine = List(2, WALK)
    for entry in "abc":
        machine.add(entry)
    with pytest.raises(ValueError, match="already in the list: b"):
        machine.add("b")
    with pytest.raises(ValueError, match="already in the list: b"):
        machine.add_rmap("b", 1)
    with pytest.raises(KeyError):
        machine.remove("z")
    assert (len(machine), machine.descriptors, machine.allocs, machine.frees) == (3, 2, 2, 0)
