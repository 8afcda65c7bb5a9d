"""The difference of two figures: sound for every resolution of what is open, exact where the cause is one number."""

from __future__ import annotations

from itertools import combinations_with_replacement
from itertools import product as pairs
from math import prod
from typing import TYPE_CHECKING

import pytest
from builders import ledger as built
from exploring import examples
from helpers import ledger, scenario
from hypothesis import assume, given
from hypothesis import strategies as st

from ptelist.engine.account import account, slabs_of
from ptelist.engine.difference import difference, same
from ptelist.engine.ledger import (
    FILLERS,
    LEFT,
    Op,
    Term,
    Unit,
    ceil_div,
    floor_div,
    held,
    of_lists,
    packed,
    product,
    rest,
    rule,
    total,
)
from ptelist.engine.ledger import given as known
from ptelist.engine.lists.descriptors import bounds
from ptelist.engine.lists.histogram import Class, Level, Lists, descriptors
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ptelist.engine.ledger import Ledger

B = Unit.BYTES
ENDS = st.tuples(st.integers(0, 5), st.integers(0, 3))
Values = dict[str, int]
"""What each open term is in truth, by its name."""


def opened(name: str, low: int, width: int) -> Term:
    return rule(name, low, low + width, B, "open")


UNKNOWNS = [opened(f"x{low}{width}", low, width) for low in (0, 1, 4) for width in (0, 1, 3, 9)]
LEAVES = st.sampled_from(UNKNOWNS) | st.integers(0, 6).map(lambda n: known("n", n, B, "said"))
DIVISORS = st.integers(1, 7).map(lambda n: known("d", n, B, "said")) | st.sampled_from(
    [term for term in UNKNOWNS if term.low]
)
GROWN: dict[str, Callable[[int], int]] = {"double": lambda n: 2 * n, "at most 3": lambda n: min(n, 3)}


def grown(name: str, term: Term) -> Term:
    """Return what a rule gives that only grows with its part."""
    return rule(name, GROWN[name](term.low), GROWN[name](term.high), B, name, term)


def filled(objects: Term, room: int, fillers: int, left: int) -> Term:
    """Return the slabs of objects, from all in one filler's slabs to each filler's share, and what is left, apart."""
    parts = [objects, known("room", room, B, "said")]
    parts += [known(FILLERS, fillers, B, "said")] if fillers > 1 else []
    parts += [known(LEFT, left, B, "said")] if left else []
    taken = objects.high + left
    apart = taken if taken <= fillers else fillers + (taken - fillers) // room
    return packed("packed", (-(-objects.low // room), min(apart, objects.high)), "open", *parts)


def spare(objects: Term, room: int, fillers: int, left: int) -> Term:
    """Return the objects for which such slabs have room beside."""
    of = filled(objects, room, fillers, left)
    ends = max(of.low * room - objects.high, 0), of.high * room - objects.low
    return rest("rest", ends, B, "open", of, known("room", room, B, "said"), objects)


def kept(*parts: Term) -> Term:
    """Return what was drawn and what is left."""
    return held("held", (sum(part.low for part in parts), sum(part.high for part in parts)), "open", *parts)


def slabs(objects: int, room: int, fillers: int, left: int, values: Mapping[str, int]) -> int:
    """Return how many slabs have an object in use; each number of objects is split in a way of its own."""
    found, rest = 0, objects
    for number in range(fillers):
        cut = (values["cut"] + 37 * objects * (number + 1)) % 101
        share = rest if number + 1 == fillers else rest * cut // 100
        own = left if number == values["last"] % fillers else 0
        found += min(share, -(-(share + own) // room))
        rest -= share
    return found


FILLED = st.integers(1, 7), st.integers(1, 3), st.sampled_from((0, 0, 2, 5))


def derivations(parts: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
    """Return sums, products, quotients and rules of derivations."""
    some = st.lists(parts, min_size=1, max_size=3)
    return st.one_of(
        some.map(lambda terms: total("sum", B, terms)),
        some.map(lambda terms: product("product", B, *terms)),
        some.map(lambda terms: kept(*terms)),
        st.builds(lambda a, b: ceil_div("up", B, a, b), parts, DIVISORS),
        st.builds(lambda a, b: floor_div("down", B, a, b), parts, DIVISORS),
        st.builds(filled, parts, *FILLED),
        st.builds(spare, parts, *FILLED),
        st.builds(grown, st.sampled_from(list(GROWN)), parts),
    )


TERMS = st.recursive(LEAVES, derivations, max_leaves=6)


ARITHMETIC: dict[Op, Callable[[list[int]], int]] = {
    Op.SUM: sum,
    Op.PRODUCT: prod,
    Op.CEIL_DIV: lambda parts: -(-parts[0] // parts[1]),
    Op.FLOOR_DIV: lambda parts: parts[0] // parts[1],
    Op.HELD: sum,
    Op.REST: lambda parts: parts[0] * parts[1] - parts[2],
}


def value(term: Term, values: Mapping[str, int]) -> int:
    """Return what a term is when each open one is what `values` says."""
    parts = [value(part, values) for part in term.parts]
    if term.op in ARITHMETIC:
        return ARITHMETIC[term.op](parts)
    if term.op is Op.PACKED:
        more = {part.name: part.low for part in term.parts[2:]}
        left = min(more.get(LEFT, 0), values["left"])
        return slabs(parts[0], parts[1], more.get(FILLERS, 1), left, values)
    return GROWN[term.name](*parts) if parts else values.get(term.name, term.low)


@examples(400)
@given(TERMS, TERMS, st.data())
def test_the_truth_lies_within(old: Term, new: Term, data: st.DataObject) -> None:
    """Whatever the open terms are, as long as one that both have is the same in both."""
    values = {
        term.name: data.draw(st.sampled_from((term.low, term.high, (term.low + term.high) // 2))) for term in UNKNOWNS
    }
    values |= {name: data.draw(st.integers(0, 100), name) for name in ("cut", "left", "last")}
    low, high = difference(old, new)
    assert low <= value(new, values) - value(old, values) <= high
    assert new.low - old.high <= low <= high <= new.high - old.low


@given(TERMS, TERMS)
def test_the_difference_the_other_way_is_its_negative(old: Term, new: Term) -> None:
    low, high = difference(old, new)
    assert difference(new, old) == (-high, -low)


@given(TERMS)
def test_nothing_changes_where_nothing_does(term: Term) -> None:
    assert difference(term, term) == (0, 0)
    assert same(term, term._replace())


@given(st.lists(st.tuples(ENDS, ENDS, st.booleans()), min_size=1, max_size=3))
def test_a_sum_changes_by_no_more_than_its_parts_do(parts: list[tuple[tuple[int, int], tuple[int, int], bool]]) -> None:
    """A part that is the same in both is one number in both, whichever; the others are any."""
    olds = [opened(f"part{n}", *old) for n, (old, _, _) in enumerate(parts)]
    news = [old if alike else opened(old.name, *new) for old, (_, new, alike) in zip(olds, parts, strict=True)]
    changes = []
    for old, new in zip(olds, news, strict=True):
        ends = pairs(range(old.low, old.high + 1), range(new.low, new.high + 1))
        changes.append({0} if old == new else {b - a for a, b in ends})
    possible = {sum(each) for each in pairs(*changes)}
    assert difference(total("sum", B, olds), total("sum", B, news)) == (min(possible), max(possible))


X = opened("x", 3, 400)


def _sum_of(source: str) -> Term:
    return total("s", B, [X, known("n", 4, B, source)])


def _eighths(more: int) -> Term:
    return floor_div("q", B, total("s", B, [X, known("n", more, B, "")]), opened("d", 2, 2))


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (total("s", B, [X, opened("a", 1, 0)]), total("s", B, [opened("b", 7, 0), X]), (6, 6)),
        (total("s", B, [X, X]), total("s", B, [X]), (-403, -3)),
        (product("p", B, X, known("n", 4, B, "")), product("p", B, known("n", 5, B, ""), X), (3, 403)),
        (product("p", B, X, known("n", 4, B, "")), product("p", B, X), (-3 * 403, -3 * 3)),
        (total("s", B, [opened("a", 0, 5)]), total("s", B, [opened("b", 0, 5)]), (-5, 5)),
        (known("x", 3, B, "said"), known("x", 7, B, "said"), (4, 4)),
        (
            ceil_div("q", B, total("s", B, [X, known("n", 1, B, "")]), known("d", 8, B, "")),
            ceil_div("q", B, total("s", B, [X, known("n", 33, B, "")]), known("d", 8, B, "")),
            (4, 4),
        ),
        (grown("double", _sum_of("said")), grown("double", _sum_of("read")), (0, 0)),
        (rule("r", 0, 5, B, "a reason", X), rule("r", 0, 5, B, "another", X), (-5, 5)),
        (_eighths(0), _eighths(8), (2, 4)),
        (kept(X, opened("left", 0, 40)), kept(X, opened("left", 5, 15)), (-35, 20)),
        (_eighths(8), _eighths(0), (-4, -2)),
    ],
)
def test_what_both_have_in_common_cancels(old: Term, new: Term, change: tuple[int, int]) -> None:
    assert difference(old, new) == change


@given(
    st.integers(0, 300),
    st.integers(0, 300),
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from((ceil_div, floor_div)),
)
def test_another_divisor(
    low: int, width: int, old: int, new: int, divide: Callable[[str, Unit, Term, Term], Term]
) -> None:
    """Against every value that the dividend may have: exact where it is rounded up, else off by one at most."""
    x = opened("x", low, width)
    quotients = [divide("q", B, x, known("d", d, B, "")) for d in (old, new)]
    changes = [
        b.low - a.low
        for n in range(low, low + width + 1)
        for a, b in [[divide("q", B, known("n", n, B, ""), known("d", d, B, "")) for d in (old, new)]]
    ]
    found = difference(*quotients)
    off = int(divide is floor_div)
    assert found[0] <= min(changes) <= found[0] + off
    assert found[1] - off <= max(changes) <= found[1]


def test_a_struct_that_shrinks_takes_no_more_slabs_whatever_is_open() -> None:
    """Tables of 256 vCPUs on two nodes: how many headers are left in caches is open, and how they are split."""
    places = [("host", "server-256"), ("vcpus", "256"), ("memory", "1TiB")]
    sizes = [("set", f"kernel.kvm_mmu_page_bytes={size}") for size in (184, 168)]
    old, new = (account(expand([], [*places, size]).columns[0].scenario) for size in sizes)
    slabs, objects, whole = (f"kvm_mmu_page_header.{what}" for what in ("slabs", "objects", "bytes.total"))
    assert new[slabs].high > old[slabs].low, "subtracted, it might be more"
    least, most = (end * 4 // (44 * 48) for end in (old[objects].low, old[objects].high))
    low, high = difference(old[slabs], new[slabs])
    assert -most - 2 <= low <= -most
    assert -least <= high <= -least + 2
    assert difference(old[whole], new[whole])[1] < 0


@pytest.mark.parametrize("room", [60, 64, 30])
def test_slabs_of_other_sizes_are_held_against_each_other_in_bytes(room: int) -> None:
    """32 objects in slabs of a page, and more or fewer in slabs of two: what is open cancels but for a slab or two."""
    x = opened("x", 2000, 900)
    old, new = (
        product("bytes", B, ceil_div("slabs", Unit.SLABS, x, known("room", n, B, "")), known("slab", size, B, ""))
        for n, size in ((room, 8192), (32, 4096))
    )
    low, high = difference(old, new)
    changes = [-(-n // 32) * 4096 - -(-n // room) * 8192 for n in range(2000, 2901)]
    assert low <= min(changes) < low + 8192
    assert high - 8192 < max(changes) <= high


def test_slabs_of_an_open_size_are_not_in_proportion() -> None:
    """What is open beside them is any of its values in either figure."""
    x = opened("x", 20, 9)
    old, new = (
        product("bytes", B, ceil_div("slabs", Unit.SLABS, x, known("room", room, B, "")), opened(name, low, 2))
        for room, name, low in ((8, "a", 1), (4, "b", 2))
    )
    low, high = difference(old, new)
    changes = [-(-n // 4) * b - -(-n // 8) * a for n in range(20, 30) for a in (1, 2, 3) for b in (2, 3, 4)]
    assert new.low - old.high <= low <= min(changes)
    assert max(changes) <= high <= new.high - old.low


def test_the_total_changes_by_what_pte_list_desc_does() -> None:
    """Open tables and caches do not depend on PTE_LIST_EXT: they are open once."""
    for more in ({"dirty_log": True}, {"history": "any"}, {"memory": "64GiB"}):
        old, new = (ledger(vcpus=8, ext=ext, **more) for ext in (14, 2))
        name, part = "mmu.bytes.total", "pte_list_desc.bytes.total"
        assert not old[name].exact
        assert difference(old[name], new[name]) == difference(old[part], new[part])
        assert difference(old[part], new[part])[1] < 0


def test_what_a_figure_does_not_depend_on_changes_nothing() -> None:
    old, new = built(vm={"history": "any", "vcpus": 3}), built(vm={"history": "any", "vcpus": 3}, on_host={"cpus": 2})
    assert not old["vcpu_caches.bytes.pages"].exact
    assert difference(old["vcpu_caches.bytes.pages"], new["vcpu_caches.bytes.pages"]) == (0, 0)


OPTIONS: dict[str, tuple[str, ...]] = {
    "kernel": ("5.10", "6.1", "6.18", "7.3"),
    "ext": ("2", "3", "14"),
    "vcpus": ("1", "3"),
    "memory": ("1GiB", "3GiB"),
    "leaf": ("4K", "2M"),
    "vms": ("1", "2"),
    "cpus": ("1", "9"),
    "filling": ("packed", "spread"),
}
"""What two columns may differ in, or not."""


@st.composite
def columns(draw: st.DrawFn) -> list[tuple[str, str]]:
    return [(name, draw(st.sampled_from(values))) for name, values in OPTIONS.items()]


@examples(40)
@given(columns(), columns(), st.integers(1, 12), st.integers(0, 40), st.data())
def test_every_length_of_a_list_lies_within(
    old: list[tuple[str, str]], new: list[tuple[str, str]], low: int, more: int, data: st.DataObject
) -> None:
    """Lists whose length is open in both columns have the same length in both, whichever it is."""
    length = low + data.draw(st.integers(0, more))

    def ledgers(rmaps: str) -> list[Ledger]:
        shadow = [("vm", "shadow"), ("rmaps", rmaps)]
        return [account(expand([], [*shadow, *column]).columns[0].scenario) for column in (old, new)]

    opened_, told = ledgers(f"7x{low}-{low + more}" if more else f"7x{low}"), ledgers(f"7x{length}")
    for figure in told[0].keys() & told[1].keys():
        least, most = difference(opened_[0][figure], opened_[1][figure])
        fewest, greatest = difference(told[0][figure], told[1][figure])
        assert least <= greatest, figure
        assert fewest <= most, figure
        if fewest == greatest:
            assert least <= fewest <= most, figure


def test_more_room_never_takes_more_descriptors_whatever_the_lists() -> None:
    """Lists of 1 to 1001 entries: ext=14 takes no more than ext=3, and the change says so."""
    old, new = (
        account(expand([], [("vm", "shadow"), ("rmaps", "1000x1-1001"), ("ext", ext)]).columns[0].scenario)
        for ext in ("3", "14")
    )
    low, high = difference(old["pte_list_desc.objects.rmaps"], new["pte_list_desc.objects.rmaps"])
    assert (low, high) == (1000 * (-(-1001 // 14) + -1001 // 3), 0)


OPEN = {
    "nested": "--",
    "shadow": "rmaps=10x2-40+5x3 vcpus=3",
    "tdp": "vcpus=8 filling=spread history=any",
    "tdp+nested": "kernel=6.1 filling=aged peak-vms=3",
}
"""VMs of which much is open."""
TABLES = (
    "shadow_pages",
    "vcpu_caches.bytes.pages",
    "page_tables",
    "kvm_mmu_page_header.objects.",
    "split_caches.bytes.pages",
)
ELSEWHERE = ("memslots", "page_hash", "dirty_rings", "memory_attributes", "track_srcu", "embedded")
UNRELATED = {
    "ext=2": (*TABLES, *ELSEWHERE, "kvm_mmu_page_header"),
    "memcg=off": (*TABLES, *ELSEWHERE, "pte_list_desc.objects", "pte_list_desc.slabs", "pte_list_desc.bytes.slab"),
    "slub-debug=FZ": (*TABLES, *ELSEWHERE, "pte_list_desc.objects.", "pte_list_desc.bytes.used"),
    "slub-min-order=2": (*TABLES, *ELSEWHERE, "pte_list_desc.objects.", "pte_list_desc.bytes.used"),
    "slab-merge=off": ("mmu", *TABLES, *ELSEWHERE, "pte_list_desc", "kvm_mmu_page_header"),
    "nodes=2": (*ELSEWHERE, "pte_list_desc.objects.", "pte_list_desc.bytes.used", "page_tables"),
}
"""By what changes: the figures that have nothing to do with it."""


@pytest.mark.parametrize("change", UNRELATED)
@pytest.mark.parametrize("vm", OPEN)
def test_a_figure_that_has_nothing_to_do_with_a_parameter_does_not_change(vm: str, change: str) -> None:
    options = [("vm", vm), *(tuple(each.split("=")) for each in OPEN[vm].split() if "=" in each)]
    old, new = (account(expand([], [*options, *more]).columns[0].scenario) for more in ([], [tuple(change.split("="))]))
    figures = [name for name in old if name.startswith(UNRELATED[change]) and not name.endswith((".raw", ".typical"))]
    assert figures
    assert {name: difference(old[name], new[name]) for name in figures} == dict.fromkeys(figures, (0, 0))


@pytest.mark.parametrize("room", [17, 1000, 65_521])
def test_what_is_paid_for_each_slab_changes_by_whole_slabs(room: int) -> None:
    """Slabs of 4,096 and 8,192 bytes, of so many fillers or of such room that a bound is all there is."""
    slabs = [filled(opened("x", 300, 900), each, 64, 0) for each in (room, room + 9)]
    old, new = (product("p", B, of, known("b", each, B, "")) for of, each in zip(slabs, (4096, 8192), strict=True))
    change = difference(old, new)
    assert change.low % 4096 == change.high % 4096 == 0


def in_lists(level: Level, ext: int, policy: str, history: str) -> Term:
    """Return the descriptors of lists of open lengths."""
    found = Lists(level, ext, policy, history, 9)
    return of_lists("rmaps", descriptors([level], *found[1:]), "open", found)


def chosen(level: Level) -> list[list[int]]:
    """Return every choice of lengths for all lists."""
    each = [combinations_with_replacement(lists.lengths, lists.lists) for lists in level.classes]
    return [[length for part in parts for length in part] for parts in pairs(*each)]


@examples(150)
@given(
    st.lists(
        st.builds(Class, st.integers(1, 2), st.sampled_from((range(1, 2), range(2, 4), range(4, 8)))),
        min_size=1,
        max_size=2,
    ),
    st.tuples(st.integers(2, 4), st.integers(2, 4)),
    st.tuples(st.sampled_from(("walk", "head")), st.sampled_from(("grown", "any"))),
    st.tuples(st.integers(2, 5), st.integers(2, 9)),
    st.integers(1, 2),
    st.tuples(st.sampled_from((0, 2, 5)), st.sampled_from((0, 2, 5))),
    st.integers(0, 4),
)
def test_slabs_of_lists_of_open_lengths(  # noqa: PLR0913, PLR0917 -- all that may differ
    classes: list[Class],
    exts: tuple[int, int],
    rules: tuple[str, str],
    rooms: tuple[int, int],
    fillers: int,
    lefts: tuple[int, int],
    cached: int,
) -> None:
    """Lists are the same in both figures; of other objects others are left of sheaves, and each lies where it will."""
    level = Level(tuple(classes), (0, 99))
    figures: list[dict[str, Term]] = []
    for ext, room, left in zip(exts, rooms, lefts, strict=True):
        objects = total(
            "objects", B, [known("caches", cached, B, "said"), total("all", B, [in_lists(level, ext, *rules)])]
        )
        of = filled(objects, room, fillers, left)
        size, slab, vector = (
            known(name, n, B, "") for name, n in (("size", 16 + 8 * ext), ("slab", 64), ("vector", 8 * room))
        )
        whole = total("total", B, [product("slabs", B, of, slab), product("memcg", B, of, vector)])
        figures.append({"objects": objects, "used": product("used", B, objects, size), "slabs": of, "total": whole})
    found = {name: difference(figures[0][name], figures[1][name]) for name in figures[0]}
    assume(found["objects"] != (0, 0))  # the same objects would lie in the same places
    for lengths in chosen(level):
        for split in pairs(*([(0, 1)] * len(lengths))):
            counts = []
            for ext in exts:
                ends = [bounds(n, ext, *rules, 9) for n in lengths]
                counts.append(cached + sum(end[at] for end, at in zip(ends, split, strict=True)))
            possible = [_possible(*each, fillers) for each in zip(counts, rooms, lefts, strict=True)]
            truths: dict[str, set[int]] = {
                "objects": {counts[1] - counts[0]},
                "used": {counts[1] * (16 + 8 * exts[1]) - counts[0] * (16 + 8 * exts[0])},
                "slabs": {t - s for s, t in pairs(*possible)},
                "total": {t * (64 + 8 * rooms[1]) - s * (64 + 8 * rooms[0]) for s, t in pairs(*possible)},
            }
            for name, truth in truths.items():
                assert found[name][0] <= min(truth), name
                assert max(truth) <= found[name][1], name


def _possible(objects: int, room: int, left: int, fillers: int) -> range:
    """Return all numbers of slabs of so many objects."""
    taken = objects + left
    apart = taken if taken <= fillers else fillers + (taken - fillers) // room
    return range(-(-objects // room), min(apart, objects) + 1)


def test_slabs_of_open_objects_are_not_taken_for_packed() -> None:
    """With a sheaf's other 59, 100 objects of 32 bytes may be in two slabs of 128; 190 are in two, whatever is left."""
    place = scenario(kernel="7.3", ext=2, cpus=1)
    slabs = slabs_of(place, rule("objects", 19, 190, Unit.OBJECTS, "open"))["pte_list_desc.slabs"]
    assert (slabs.low, slabs.high) == (1, 2)
    assert slabs.op is Op.PACKED
    assert slabs_of(place, known("objects", 190, Unit.OBJECTS, "said"))["pte_list_desc.slabs"].exact


def test_lists_that_are_not_the_same_are_subtracted() -> None:
    """One of 2 entries, and one of 4 or 5: their descriptors of 2 entries, 1 and 2 or 3, have nothing in common."""
    two, more = (Level((Class(1, lengths),), (0, 99)) for lengths in (range(2, 3), range(4, 6)))
    old, new = (in_lists(level, 2, "head", "grown") for level in (two, more))
    assert (old.low, old.high, new.low, new.high) == (1, 1, 2, 3)
    assert difference(old, new) == (1, 2)
    size = known("size", 32, B, "said")
    assert difference(product("p", B, old, size), product("p", B, new, known("size", 48, B, "said"))) == (64, 112)


def test_a_kind_of_lists_that_only_one_column_has_counts_whole() -> None:
    level = Level((Class(1, range(4, 6)),), (0, 99))
    lists, others = in_lists(level, 2, "head", "grown"), known("others", 5, B, "said")
    old, new = total("all", B, [lists]), total("all", B, [lists, others])
    sizes = [known("size", each, B, "said") for each in (32, 48)]
    changes = [
        difference(product("p", B, one, sizes[0]), product("p", B, other, sizes[1]))
        for one, other in ((old, new), (new, old))
    ]
    assert changes == [(2 * 16 + 5 * 48, 3 * 16 + 5 * 48), (2 * 16 - 5 * 32, 3 * 16 - 5 * 32)]
