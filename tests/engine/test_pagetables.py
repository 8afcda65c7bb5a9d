"""Page tables in closed form, against mapping small guests page by page."""

from __future__ import annotations

import pytest
from builders import exact, ledger
from exploring import examples
from hypothesis import example, given
from hypothesis import strategies as st

from ptelist.engine.page_tables import LEVEL_OF_LEAF, default_limit, leaves, shared_leaves, tables, window
from ptelist.engine.windows import guest_ranges

PAGE, MIB, GIB = 4096, 1 << 20, 1 << 30
LEAVES = {1: 4096, 2: 2 * MIB, 3: GIB}
Spans = tuple[tuple[int, int], ...]


def mapped(spans: Spans, leaf: str) -> list[tuple[int, int]]:
    """Map every byte with the largest leaf up to `leaf` that lies inside its range; return (address, level)."""
    leaves = []
    for first, end in spans:
        at = first
        while at < end:
            level = max(
                level
                for level, size in LEAVES.items()
                if level <= LEVEL_OF_LEAF[leaf] and at % size == 0 and at + size <= end
            )
            leaves.append((at, level))
            at += LEAVES[level]
    return leaves


def walked(spans: Spans, leaf: str, root_level: int) -> tuple[int, ...]:
    """Count the tables on the way from the root to each leaf."""
    found: set[tuple[int, int]] = {(root_level, 0)}
    for at, level in mapped(spans, leaf):
        found |= {(each, at >> (12 + 9 * each)) for each in range(level, root_level)}
    return tuple(sum(level == each for each, _ in found) for level in range(1, root_level + 1))


@st.composite
def small_guests(draw: st.DrawFn) -> Spans:
    """Draw one or two ranges of at most 6 MiB, near places where windows meet."""
    spans = []
    at = 0
    for _ in range(draw(st.integers(0, 2))):
        edge = draw(st.sampled_from([0, 2 * MIB, GIB, 4 * GIB, 512 * GIB]))
        at = max(at, edge + PAGE * draw(st.integers(-600 if edge > 4 * MIB else 0, 600)))
        end = at + PAGE * draw(st.integers(1, 1500))
        spans.append((at, end))
        at = end + PAGE * draw(st.integers(0, 3))
    return tuple(spans)


@given(spans=small_guests(), leaf=st.sampled_from(["4K", "2M", "1G"]), root=st.sampled_from([4, 5]))
def test_tables_of_small_guests(spans: Spans, leaf: str, root: int) -> None:
    assert tables(spans, leaf, root, PAGE) == walked(spans, leaf, root)


@examples(60)
@given(
    memory=st.integers(0, 1600).map(lambda n: n * 2 * MIB) | st.integers(0, 3000).map(lambda n: n * GIB),
    spare=st.integers(0, 513).map(lambda n: n * PAGE),
    low=st.sampled_from([3 * GIB, 4 * GIB, 2 * GIB + 2 * MIB]),
    leaf=st.sampled_from(["2M", "1G"]),
    root=st.sampled_from([4, 5]),
)
@example(0, 0, 3 * GIB, "2M", 4)
@example(600 * GIB, PAGE, 3 * GIB, "1G", 5)
def test_tables_of_large_guests(memory: int, spare: int, low: int, leaf: str, root: int) -> None:
    leaf = "1G" if memory > 40 * GIB else leaf
    spans = guest_ranges(memory + spare, low)
    assert tables(spans, leaf, root, PAGE) == walked(spans, leaf, root)


@pytest.mark.parametrize("gib", [1, 4, 6, 512, 513, 4096])
def test_the_formulas_of_contiguous_guests(gib: int) -> None:
    """kvm-facts.md section 6: 512N + N + ceil(N/512) + 1, one more with five levels."""
    spans = guest_ranges(gib * GIB, 4 * GIB)
    upper = -(-gib // 512)
    assert sum(tables(spans, "4K", 4, PAGE)) == 512 * gib + gib + upper + 1
    assert sum(tables(spans, "2M", 4, PAGE)) == gib + upper + 1
    assert sum(tables(spans, "1G", 4, PAGE)) == upper + 1
    assert sum(tables(spans, "4K", 5, PAGE)) == 512 * gib + gib + upper + 2


def test_the_example_of_section_6() -> None:
    """N = 6, 4K leaves: 3080 pages, 12 615 680 B, and 566 720 B of headers."""
    pages = sum(tables(guest_ranges(6 * GIB, 4 * GIB), "4K", 4, PAGE))
    assert (pages, pages * 4096, pages * 184) == (3080, 12615680, 566720)


def test_a_pci_hole_counts_touched_windows() -> None:
    """3 GiB below the hole and 1 GiB above 4 GiB; then a page less below, and so one more above."""
    assert tables(guest_ranges(4 * GIB, 3 * GIB), "2M", 4, PAGE) == (0, 3 + 1, 1, 1)
    assert tables(guest_ranges(4 * GIB, 3 * GIB - PAGE), "2M", 4, PAGE) == (1 + 1, 3 + 2, 1, 1)


def test_a_root_exists_though_nothing_is_mapped() -> None:
    assert tables((), "4K", 4, PAGE) == (0, 0, 0, 1)
    assert tables((), "2M", 5, PAGE) == (0, 0, 0, 0, 1)


@pytest.mark.parametrize(("level", "size"), [(0, 4096), (1, 2 * MIB), (2, GIB), (3, 512 * GIB)])
def test_window(level: int, size: int) -> None:
    assert window(level, PAGE) == size


@pytest.mark.parametrize(
    ("pages", "limit"), [(0, 64), (3200, 64), (3249, 64), (3250, 65), (3299, 65), (1 << 20, 20971)]
)
def test_default_limit(pages: int, limit: int) -> None:
    """max(64, memslot pages / 50), truncated; 20 permille is the same for whole numbers."""
    assert default_limit(pages, 50, 64) == limit == max(64, pages * 20 // 1000)


@pytest.mark.parametrize(
    ("memory", "leaf", "l2_memory", "l2_leaf"),
    [
        (4 * GIB, "2M", 4 * GIB, "2M"),
        (8 * GIB, "1G", 2 * GIB, "1G"),
        (4 * GIB, "2M", 3 * MIB, "2M"),  # L1 has a 2M leaf where L2 has 4K ones
        (2 * GIB, "1G", GIB + 4 * MIB, "1G"),
        (5 * MIB, "4K", 3 * MIB, "4K"),
        (4 * GIB, "2M", 3 * MIB, "4K"),
        (3 * MIB, "2M", 0, "2M"),
        (3 * MIB, "2M", 3 * MIB, "2M"),
        (3 * MIB, "2M", 3 * MIB, "4K"),
        (GIB + 4 * MIB, "1G", GIB + 4 * MIB, "1G"),
    ],
)
def test_gfns_that_l1_and_l2_share(memory: int, leaf: str, l2_memory: int, l2_leaf: str) -> None:
    """With the legacy MMU, each leaf that is in both trees has a list of two entries."""
    vm = {"nested": True, "paging": "tdp-legacy", "memory": memory, "leaf": leaf}
    vm |= {"l2_memory": l2_memory, "l2_leaf": l2_leaf, "low_memory": 3 * GIB}
    both = set(mapped(guest_ranges(memory, 3 * GIB), leaf)) & set(mapped(guest_ranges(l2_memory, 3 * GIB), l2_leaf))
    assert exact(ledger(vm=vm), "pte_list_desc.objects.rmaps") == len(both)


@pytest.mark.parametrize(
    ("spans", "leaf", "count"),
    [
        ((), "1G", 0),
        (((0, GIB + 2 * MIB + PAGE),), "1G", 1 + 1 + 1),
        (((0, GIB + 2 * MIB + PAGE),), "2M", 512 + 1 + 1),
        (((0, GIB + 2 * MIB + PAGE),), "4K", 512 * 512 + 512 + 1),
        (((0, 3 * MIB),), "2M", 1 + 256),
        (((2 * MIB - PAGE, 4 * MIB),), "1G", 1 + 1),
        (((0, 3 * GIB), (4 * GIB, 5 * GIB + PAGE)), "1G", 3 + 1 + 1),
    ],
)
def test_leaves(spans: Spans, leaf: str, count: int) -> None:
    """512 of 2M in one of 1G, 512 of 4K in one of 2M; what is left of a range takes smaller ones."""
    assert leaves(spans, leaf, PAGE) == count


@given(spans=small_guests(), leaf=st.sampled_from(["4K", "2M", "1G"]))
def test_leaves_of_small_guests(spans: Spans, leaf: str) -> None:
    assert leaves(spans, leaf, PAGE) == len(mapped(spans, leaf))


@pytest.mark.parametrize(
    ("leaf", "other", "other_leaf", "count"),
    [
        ("4K", 3 * MIB, "2M", 256),  # the second tree has a 2M leaf and 256 of 4K, the first 4K ones only
        ("4K", GIB + 3 * MIB, "1G", 256),  # one of 1G, one of 2M, 256 of 4K
        ("2M", GIB + 3 * MIB, "1G", 1),  # the first has 2M leaves where the second has 1G, and where it has 4K
        ("4K", 2 * MIB, "2M", 0),
    ],
)
def test_smaller_leaves_in_the_first_tree(leaf: str, other: int, other_leaf: str, count: int) -> None:
    first, second = ((0, 2 * GIB),), ((0, other),)
    assert shared_leaves((first, leaf), (second, other_leaf), PAGE) == count
