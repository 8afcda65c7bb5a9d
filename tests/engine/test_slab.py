"""SLUB's layout: stride, alignment, order, packing and what stays (law L3).

The order of a slab is compared with a second implementation of calculate_order(),
written from its description, not from ptelist's.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations_with_replacement

import pytest
from exploring import examples
from hypothesis import example, given
from hypothesis import strategies as st

from ptelist.engine import slab_layout
from ptelist.engine.slab_layout import OrderRule

PAGE = 4096
MOST_OBJECTS = 32767
OLD, NEW = (16, 8, 4), (16, 8, 4, 2)


def rule(form: str, cpus: int = 1, **changes: int) -> OrderRule:
    fractions = OLD if form == "loop" else NEW
    plain = OrderRule(form, fractions, slab_layout.min_objects(cpus), 0, 3, PAGE, MOST_OBJECTS)
    return plain._replace(**changes)


# a second calculate_order()


def holding(size: int) -> int:
    """get_order(): the least order whose pages hold size bytes."""
    order = 0
    while PAGE * 2**order < size:
        order += 1
    return order


def first_that_fits(size: int, start: int, top: int, fraction: int) -> int | None:
    for order in range(start, top + 1):
        whole = PAGE * 2**order
        if (whole - whole // size * size) * fraction <= whole:
            return order
    return None


def older_order(size: int, objects: int, min_order: int, max_order: int, most: int) -> int:
    """5.10 to 6.6: lower min_objects step by step before giving up on waste."""
    objects = min(objects, PAGE * 2**max_order // size)
    if PAGE * 2**min_order // size > most:
        return holding(size * most) - 1
    while objects > 1:
        for fraction in OLD:
            found = first_that_fits(size, max(min_order, holding(objects * size)), max_order, fraction)
            if found is not None:
                return found
        objects -= 1
    return max(min_order, holding(size))


def newer_order(size: int, objects: int, min_order: int, max_order: int, most: int) -> int:
    """6.7 and later: min_objects fixed, the waste allowed up to a half."""
    objects = min(objects, max(PAGE * 2**max_order // size, 1))
    start = max(min_order, holding(objects * size))
    if PAGE * 2**start // size > most:
        return holding(size * most) - 1
    for fraction in NEW:
        found = first_that_fits(size, start, max_order, fraction)
        if found is not None:
            return found
    return holding(size)


MODELS = {"loop": older_order, "fixed": newer_order}
STRIDES = st.one_of(
    st.integers(1, 4096).map(lambda n: 8 * n), st.integers(1, 16384).map(lambda n: 8 * n), st.integers(1340, 1540)
)


@examples(400)
@given(
    size=STRIDES,
    form=st.sampled_from(["loop", "fixed"]),
    objects=st.sampled_from([8, 12, 16, 20, 32, 36, 56]) | st.integers(1, 40000),
    orders=st.lists(st.integers(0, 10), min_size=2, max_size=2).map(sorted) | st.just([0, 3]),
    most=st.sampled_from([MOST_OBJECTS, MOST_OBJECTS, MOST_OBJECTS, 7, 40]),
)
@example(8, "loop", 8, [7, 10], MOST_OBJECTS)
@example(8, "fixed", 40000, [0, 10], MOST_OBJECTS)
@example(32768, "loop", 8, [0, 3], MOST_OBJECTS)
@example(32776, "loop", 8, [0, 3], MOST_OBJECTS)
@example(32776, "fixed", 8, [0, 3], MOST_OBJECTS)
def test_order_is_that_of_a_second_implementation(
    size: int, form: str, objects: int, orders: list[int], most: int
) -> None:
    low, high = orders
    expected = MODELS[form](size, objects, low, high, most)
    if expected < 0:  # a limit far below the kernel's, for huge objects
        return
    order_rule = rule(form, min_objects=objects, min_order=low, max_order=high, max_objects=most)
    assert slab_layout.slab_order(size, order_rule) == expected
    layout = slab_layout.layout(size, order_rule)
    assert layout == (size, expected, PAGE * 2**expected // size, PAGE * 2**expected)


@pytest.mark.parametrize("form", ["loop", "fixed"])
@pytest.mark.parametrize(("low", "high"), [(0, 0), (0, 1), (1, 1), (0, 3), (2, 3), (1, 5)])
def test_order_over_a_sweep(low: int, high: int, form: str) -> None:
    """Each form by itself, for boot options that make them differ, against the second implementation."""
    for objects in (1, 2, 3, 5, 8, 36):
        order_rule = rule(form, min_objects=objects, min_order=low, max_order=high)
        for size in range(8, 36000, 232):
            expected = MODELS[form](size, objects, low, high, MOST_OBJECTS)
            assert slab_layout.slab_order(size, order_rule) == expected, (size, objects)


@pytest.mark.parametrize("cpus", [1, 4, 64, 256])
def test_forms_differ_only_between_10928_and_12280(cpus: int) -> None:
    """slub-versions.md 1.4, over every stride from 8 to 65 536."""
    older, newer = rule("loop", cpus), rule("fixed", cpus)
    differ = [
        size
        for size in range(8, 65536 + 1, 8)
        if slab_layout.slab_order(size, older) != slab_layout.slab_order(size, newer)
    ]
    assert differ == list(range(10928, 12280 + 1, 8))
    assert {slab_layout.slab_order(size, older) for size in differ} == {2}
    assert {slab_layout.slab_order(size, newer) for size in differ} == {3}


@pytest.mark.parametrize(("max_order", "first", "last"), [(1, 2736, 3064), (4, 21848, 24568), (5, 43696, 49144)])
def test_where_forms_differ_scales_with_the_largest_order(max_order: int, first: int, last: int) -> None:
    older, newer = rule("loop", max_order=max_order), rule("fixed", max_order=max_order)
    differ = [
        size
        for size in range(8, 49145, 8)
        if slab_layout.slab_order(size, older) != slab_layout.slab_order(size, newer)
    ]
    assert differ == list(range(first, last + 1, 8))


@pytest.mark.parametrize("form", ["loop", "fixed"])
@pytest.mark.parametrize(
    ("size", "cpus", "order", "objects"),
    [
        *[(32, cpus, 0, 128) for cpus in (1, 15, 16, 127, 128, 4096)],
        *[(128, cpus, 0, 32) for cpus in (1, 8, 16, 64, 127)],
        *[(128, cpus, 1, 64) for cpus in (128, 256, 8192)],
        *[(168, cpus, 0, 24) for cpus in (1, 15, 16, 31)],
        *[(168, cpus, 1, 48) for cpus in (32, 127, 128)],
        *[(184, cpus, 0, 22) for cpus in (1, 8, 15)],
        *[(184, cpus, 1, 44) for cpus in (16, 64, 128)],
    ],
)
def test_orders_of_the_kvm_caches(form: str, size: int, cpus: int, order: int, objects: int) -> None:
    """The table of kvm-facts.md section 7; fls buckets, so 15 counts like 8."""
    assert slab_layout.layout(size, rule(form, cpus))[1:3] == (order, objects)


@pytest.mark.parametrize(
    ("cpus", "objects"),
    [(1, 8), (2, 12), (3, 12), (4, 16), (8, 20), (15, 20), (16, 24), (127, 32), (128, 36), (8192, 60)],
)
def test_min_objects(cpus: int, objects: int) -> None:
    assert slab_layout.min_objects(cpus) == objects


@pytest.mark.parametrize(
    ("size", "order"), [(1, 0), (4096, 0), (4097, 1), (8192, 1), (8193, 2), (16384, 2), (16385, 3), (1 << 22, 10)]
)
def test_get_order(size: int, order: int) -> None:
    assert slab_layout.get_order(size, PAGE) == order


def test_get_order_is_the_least() -> None:
    for size in range(1, 70000, 13):
        assert slab_layout.get_order(size, PAGE) == holding(size)


# stride


@pytest.mark.parametrize(
    ("debug", "old", "new"),
    [
        ("", (32, 168, 128, 184), (128, 184)),
        ("F", (32, 168, 128, 184), (128, 184)),
        ("TA", (32, 168, 128, 184), (128, 184)),
        ("Z", (56, 192, 152, 208), (152, 208)),
        ("P", (40, 176, 136, 192), (136, 192)),
        ("ZP", (64, 200, 160, 216), (160, 216)),
        ("U", (336, 472, 432, 488), (192, 248)),
        ("FZPU", (368, 504, 464, 520), (224, 280)),
    ],
)
def test_debug_strides(debug: str, old: tuple[int, ...], new: tuple[int, ...]) -> None:
    """The table of slub-versions.md 4.8: struct track has 152 bytes up to 5.18, 32 from 5.19."""
    assert tuple(slab_layout.stride(size, debug=debug, track_bytes=152) for size in (32, 168, 128, 184)) == old
    assert tuple(slab_layout.stride(size, debug=debug, track_bytes=32) for size in (128, 184)) == new


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"object_size": 1}, 8),
        ({"object_size": 8}, 8),
        ({"object_size": 9}, 16),
        ({"object_size": 100}, 104),
        ({"object_size": 100, "align": 64}, 128),
        ({"object_size": 128, "align": 64}, 128),
        ({"object_size": 100, "pointer_outside": True}, 112),
        ({"object_size": 128, "pointer_outside": True, "align": 64}, 192),
        # poison puts the pointer outside as well, once
        ({"object_size": 128, "pointer_outside": True, "debug": "P"}, 136),
        # padding of the object is red zone enough on its right
        ({"object_size": 124, "debug": "Z"}, 128 + 8 + 8),
        ({"object_size": 128, "debug": "Z", "align": 64}, 256),  # 128 + 8, then 8 + 64, up to 64
        ({"object_size": 64, "debug": "Z", "align": 16}, 96),  # 64 + 8, then 8 + 16
        ({"object_size": 64, "debug": "U"}, 64),  # nothing to track
        ({"object_size": 64, "debug": "U", "track_bytes": 32, "request_bytes": 4}, 136),  # 64 + 64 + 4 up to 8
        ({"object_size": 64, "debug": "U", "track_bytes": 32, "request_bytes": 8}, 136),
    ],
)
def test_stride_by_hand(options: dict[str, object], expected: int) -> None:
    assert slab_layout.stride(**options) == expected


@given(size=st.integers(1, 8192), align=st.sampled_from([8, 16, 64]), outside=st.booleans())
def test_stride_without_debugging(size: int, align: int, outside: bool) -> None:
    """slub.md item 1: size up to 8, plus a pointer if it is outside, up to the alignment."""
    got = slab_layout.stride(size, align=align, pointer_outside=outside)
    needed = (size + 7) // 8 * 8 + 8 * outside
    assert got % align == 0
    assert needed <= got < needed + align


@pytest.mark.parametrize(("value", "step", "up"), [(0, 8, 0), (1, 8, 8), (8, 8, 8), (9, 8, 16), (100, 64, 128)])
def test_round_up(value: int, step: int, up: int) -> None:
    assert slab_layout.round_up(value, step) == up


# packing


@cache
def most_by_brute_force(objects: int, per_slab: int, nodes: int) -> int:
    """Split the objects over the nodes in every way; each node packs its own."""
    if nodes == 1:
        return -(-objects // per_slab)
    return max(
        -(-here // per_slab) + most_by_brute_force(objects - here, per_slab, nodes - 1) for here in range(objects + 1)
    )


@pytest.mark.parametrize("nodes", [1, 2, 3, 5])
@pytest.mark.parametrize("per_slab", [1, 2, 3, 7])
def test_most_slabs_against_every_split(per_slab: int, nodes: int) -> None:
    for objects in range(30):
        assert slab_layout.most_slabs(objects, per_slab, nodes) == most_by_brute_force(objects, per_slab, nodes)


def test_most_slabs_against_splits_written_out() -> None:
    """The recursion above, checked once against plain enumeration."""
    splits = [c for c in combinations_with_replacement(range(11), 3) if sum(c) == 10]
    assert slab_layout.most_slabs(10, 4, 3) == max(sum(-(-here // 4) for here in c) for c in splits) == 4


@given(objects=st.integers(0, 10**6), per_slab=st.integers(1, 512))
def test_one_node_packs(objects: int, per_slab: int) -> None:
    """L3: slabs(o) = ceil(o / objects per slab)."""
    assert slab_layout.most_slabs(objects, per_slab, 1) == -(-objects // per_slab)


# what stays


@pytest.mark.parametrize(
    ("stride", "slabs"),
    [
        (8, 5),
        (184, 5),
        (2048, 5),
        (4095, 5),
        (4096, 6),
        (16383, 6),
        (16384, 7),
        (1 << 18, 9),
        (1 << 20, 10),
        (1 << 24, 10),
    ],
)
def test_min_partial(stride: int, slabs: int) -> None:
    """floor(log2(stride)) / 2, held between 5 and 10."""
    assert slab_layout.min_partial(stride, 5, 10) == slabs


@pytest.mark.parametrize(
    ("free", "per_slab", "unit", "slabs"),
    [
        (120, 32, "slabs", 8),
        (120, 64, "slabs", 4),
        (120, 22, "slabs", 11),
        (120, 44, "slabs", 6),
        (120, 60, "slabs", 4),
        (30, 128, "objects", 31),
        (30, 24, "objects", 31),
        (0, 32, "slabs", 0),
        (0, 32, "objects", 0),
    ],
)
def test_cpu_partial_slabs(free: int, per_slab: int, unit: str, slabs: int) -> None:
    """The examples of slub-versions.md section 3."""
    assert slab_layout.cpu_partial_slabs(free, per_slab, unit) == slabs


@pytest.mark.parametrize(
    ("size", "value"),
    [(8, 120), (255, 120), (256, 52), (1023, 52), (1024, 24), (4095, 24), (4096, 6), (1 << 20, 6)],
)
def test_by_size(size: int, value: int) -> None:
    """A bound is the first size that the row is not for; bound 0 is open."""
    assert slab_layout.by_size(size, ((256, 120), (1024, 52), (4096, 24), (0, 6))) == value


def test_by_size_beyond_the_table() -> None:
    assert slab_layout.by_size(8, ()) == 0
    assert slab_layout.by_size(256, ((256, 120),)) == 0
