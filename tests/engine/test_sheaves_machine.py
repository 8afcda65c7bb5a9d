"""Slabs of fresh sheaves, and changes of them, against the machine that allocates object by object."""

from __future__ import annotations

import pytest
from exploring import examples
from helpers import ledger, scenario
from hypothesis import given
from hypothesis import strategies as st

from ptelist.engine.cache_layouts import layout
from ptelist.engine.difference import difference
from ptelist.engine.facts import Facts
from ptelist.engine.simulated import rules
from ptelist.engine.slub_sheaves import Sheaves

DESC, CACHED = "pte_list_desc", 40


def in_use(ext: int, *, nodes: int, shares: tuple[int, ...]) -> int:
    """Return the slabs with an object in use where a CPU of each node fills the caches of so many vCPUs."""
    facts = Facts(scenario(kernel="7.3", ext=ext, nodes=nodes, cpus=nodes))
    machine = Sheaves(rules(facts, layout(facts, DESC)))
    return len({slab for cpu, vcpus in enumerate(shares) for slab in machine.allocate(CACHED * vcpus, cpu)})


@examples(150)
@given(st.integers(2, 40), st.integers(2, 40), st.lists(st.integers(1, 13), min_size=1, max_size=4).map(tuple))
def test_what_the_machine_does_lies_within_figures_and_their_change(
    ext: int, other: int, shares: tuple[int, ...]
) -> None:
    """Packed: one CPU of each node fills slabs, and all vCPUs of a node run there."""
    nodes = len(shares)
    olds, news = (ledger(kernel="7.3", ext=each, nodes=nodes, cpus=nodes, vcpus=sum(shares)) for each in (ext, other))
    before, after = (in_use(each, nodes=nodes, shares=shares) for each in (ext, other))
    assert olds[f"{DESC}.slabs"].low <= before <= olds[f"{DESC}.slabs"].high
    low, high = difference(olds[f"{DESC}.slabs"], news[f"{DESC}.slabs"])
    assert low <= after - before <= high
    paid = [figures[f"{DESC}.bytes.total"].high // figures[f"{DESC}.slabs"].high for figures in (olds, news)]
    low, high = difference(olds[f"{DESC}.bytes.total"], news[f"{DESC}.bytes.total"])
    assert low <= after * paid[1] - before * paid[0] <= high


@pytest.mark.parametrize(
    ("ext", "other", "vcpus", "change"), [(14, 2, 38, -35), (14, 3, 2, -1), (14, 13, 2, 1), (23, 22, 1, 1)]
)
def test_the_objects_in_use_of_the_last_sheaf_are_those_at_its_end(
    ext: int, other: int, vcpus: int, change: int
) -> None:
    """Of 1,520 objects 1,500 fill 25 sheaves, and of the next 60 the last 20 are in use: slab 47 of 32 has none."""
    assert in_use(other, nodes=1, shares=(vcpus,)) - in_use(ext, nodes=1, shares=(vcpus,)) == change
    olds, news = (ledger(kernel="7.3", ext=each, cpus=1, vcpus=vcpus) for each in (ext, other))
    low, high = difference(olds[f"{DESC}.slabs"], news[f"{DESC}.slabs"])
    assert low <= change <= high


def test_each_node_has_a_sheaf_begun() -> None:
    """A vCPU on each of four nodes: of a sheaf of 60 over slabs of 56, objects 20 to 59 lie in two slabs."""
    assert in_use(7, nodes=4, shares=(1, 1, 1, 1)) == 8
    assert ledger(kernel="7.3", ext=7, nodes=4, cpus=4, vcpus=4)[f"{DESC}.slabs"].high >= 8


def test_when_descriptors_are_drawn_follows_of_how_many_entries_they_have() -> None:
    """27 lists of 15 entries on one vCPU, one after the other: by ext 14 the 54th is the last draw, by 8 not.

    A top-up that finds fewer than 14 fills to 40: 67 and 94 objects.
    """
    said = {"kernel": "6.18", "paging": "shadow", "cpus": 1, "vcpus": 1, "memory": "256MiB", "rmaps": "27x15"}
    fourteen, eight = (ledger(ext=ext, **said)[f"{DESC}.objects"] for ext in (14, 8))
    low, high = difference(fourteen, eight)
    assert low <= 94 - 67 <= high
    twos = [ledger(ext=ext, **said | {"rmaps": "27x2"})[f"{DESC}.objects"] for ext in (14, 8)]
    assert difference(*twos) == (0, 0)  # any list takes its one descriptor for the second entry
