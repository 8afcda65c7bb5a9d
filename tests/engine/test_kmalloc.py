"""kmalloc buckets, page orders and vmalloc, by hand and against a second rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptelist.engine.kmalloc import Pool, kmalloc, kvmalloc, pages_of, vmalloc

PAGE = 4096
BUCKETS = (8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192)
MOST = PAGE << 10
"""MAX_PAGE_ORDER: what the page allocator gives in one piece."""
POOL = Pool(BUCKETS, PAGE, MOST)
SIZES = st.integers(1, 1 << 26) | st.integers(1, 20000)


@pytest.mark.parametrize(
    ("size", "taken"),
    [
        (0, 0),
        (1, 8),
        (8, 8),
        (9, 16),
        (64, 64),
        (65, 96),
        (97, 128),
        (129, 192),
        (176, 192),  # the vector of 22 page headers
        (193, 256),
        (256, 256),
        (257, 512),
        (320, 512),  # 40 pointers
        (4097, 8192),
        (4424, 8192),  # 553 pointers
        (8192, 8192),
        (8193, 16384),
        (16384, 16384),
        (16385, 32768),
        (5 * PAGE, 8 * PAGE),
    ],
)
def test_kmalloc(size: int, taken: int) -> None:
    assert kmalloc(size, POOL) == taken


@given(SIZES)
def test_kmalloc_takes_the_least_bucket_or_power_of_two(size: int) -> None:
    whole = [PAGE * 2**order for order in range(16)]
    choices = BUCKETS if size <= BUCKETS[-1] else whole
    assert kmalloc(size, POOL) == min(choice for choice in choices if choice >= size)


@pytest.mark.parametrize(
    ("size", "taken"),
    [
        (0, 0),
        (1, PAGE + 8),
        (PAGE, PAGE + 8),
        (PAGE + 1, 2 * PAGE + 16),
        (9 * PAGE, 9 * PAGE + 96),  # 72 bytes of page pointers are in kmalloc-96
        (512 * PAGE, 512 * PAGE + PAGE),  # one page of pointers: still kmalloc
        (513 * PAGE, 513 * PAGE + 2 * PAGE + 16),  # 4104 bytes of them: vmalloc, with its own pointers
    ],
)
def test_vmalloc(size: int, taken: int) -> None:
    assert vmalloc(size, POOL) == taken


@given(SIZES)
def test_vmalloc_is_pages_and_pointers_to_them(size: int) -> None:
    """Tables of page pointers, each in pages of its own until one fits into a kmalloc of a page."""
    expected, rest = 0, size
    while expected == 0 or rest > PAGE:
        expected += (rest + PAGE - 1) // PAGE * PAGE
        rest = (rest + PAGE - 1) // PAGE * 8
    expected += min(bucket for bucket in BUCKETS if bucket >= rest)
    assert vmalloc(size, POOL) == expected


@pytest.mark.parametrize(
    ("size", "low", "high"),
    [
        (0, 0, 0),
        (320, 512, 512),
        (8192, 8192, 8192),
        (8193, 3 * PAGE + 32, 4 * PAGE),  # contiguous takes the fourth page too
        (32768, 32768, 32768 + 64),  # the page hash
        (5 * PAGE, 5 * PAGE + 64, 8 * PAGE),
    ],
)
def test_kvmalloc(size: int, low: int, high: int) -> None:
    assert kvmalloc(size, POOL) == (low, high)


@given(SIZES)
def test_kvmalloc_holds_both_ways(size: int) -> None:
    low, high = kvmalloc(size, POOL)
    ways = {kmalloc(size, POOL), vmalloc(size, POOL)}
    if size <= BUCKETS[-1]:
        ways = {kmalloc(size, POOL)}
    elif size > MOST:
        ways = {vmalloc(size, POOL)}
    assert {low, high} == ways
    assert size <= low <= high


def test_kvmalloc_above_the_largest_order_is_exact() -> None:
    """slub-versions.md 6: above 4 MiB (order 10) it always ends in vmalloc."""
    over = 1025 * PAGE + 3 * PAGE + 32  # 8200 bytes of page pointers, and 24 of pointers to their pages
    assert kvmalloc(MOST + 1, POOL) == (over, over)
    assert kvmalloc(MOST, POOL) == (MOST, MOST + 2 * PAGE + 16)
    assert kvmalloc(MOST // 2 + 1, POOL) == (513 * PAGE + 2 * PAGE + 16, MOST)


@given(st.integers(0, 1 << 30))
def test_pages_of(size: int) -> None:
    count = pages_of(size, PAGE)
    assert count * PAGE >= size > (count - 1) * PAGE
