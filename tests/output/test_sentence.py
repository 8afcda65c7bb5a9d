"""Numbers in words: exact or open, in either direction, of bytes or of things."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptelist.engine.interval import Change, Interval, Ratio
from ptelist.engine.ledger import Unit
from ptelist.output import sentence

ENDS = st.tuples(st.integers(0, 1 << 45), st.integers(0, 1 << 45)).map(sorted)
SIGNED = st.tuples(st.integers(-(1 << 45), 1 << 45), st.integers(-(1 << 45), 1 << 45)).map(sorted)


def integers(text: str) -> list[int]:
    """Return the whole numbers of a text, those in its brackets left out."""
    outside = "".join(part.partition(")")[2] if n else part for n, part in enumerate(text.split("(")))
    return [int(word.replace(",", "")) for word in outside.split() if word[0].isdecimal()]


@pytest.mark.parametrize(
    ("ends", "unit", "words"),
    [
        ((983_040, 983_040), Unit.BYTES, "983,040 bytes (960.0 KiB)"),
        ((2_816, 7_168), Unit.BYTES, "between 2,816 and 7,168 bytes (2.8..7.0 KiB)"),
        ((0, 7_168), Unit.BYTES, "up to 7,168 bytes (7.0 KiB)"),
        ((100, 5 << 30), Unit.BYTES, "between 100 and 5,368,709,120 bytes (100 B to 5.0 GiB)"),
        ((128, 128), Unit.BYTES, "128 bytes"),
        ((1, 1), Unit.BYTES, "1 byte"),
        ((0, 0), Unit.BYTES, "0 bytes"),
        ((3, 5), Unit.SLABS, "between 3 and 5 slabs"),
        ((1, 1), Unit.SLABS, "1 slab"),
        ((1, 1), Unit.ENTRIES, "1 entry"),
        ((2_000, 2_000), Unit.OBJECTS, "2,000 objects"),
        ((3, 3), Unit.ORDER, "3"),
    ],
)
def test_amounts(ends: tuple[int, int], unit: Unit, words: str) -> None:
    assert sentence.amount(Interval(*ends), unit) == words


@pytest.mark.parametrize(
    ("ends", "unit", "words"),
    [
        ((-983_040, -983_040), Unit.BYTES, "983,040 bytes (960.0 KiB, beside) less"),
        ((8, 8), Unit.BYTES, "8 bytes (beside) more"),
        ((-7_168, -2_816), Unit.BYTES, "between 2,816 and 7,168 bytes (2.8..7.0 KiB, beside) less"),
        ((-3_584, 0), Unit.BYTES, "up to 3,584 bytes (3.5 KiB, beside) less"),
        ((0, 3_584), Unit.BYTES, "up to 3,584 bytes (3.5 KiB, beside) more"),
        ((-3_584, 768), Unit.BYTES, "up to 768 bytes more or 3,584 bytes (3.5 KiB) less"),
        ((-240, -240), Unit.SLABS, "240 fewer slabs (beside)"),
        ((1, 1), Unit.PAGES, "1 more page (beside)"),
        ((-1, -1), Unit.ORDER, "1 less (beside)"),
    ],
)
def test_differences(ends: tuple[int, int], unit: Unit, words: str) -> None:
    assert sentence.difference(Change(*ends, None), unit, "beside") == words


@given(ENDS)
def test_an_amount_says_its_ends(ends: list[int]) -> None:
    low, high = ends
    said = integers(sentence.amount(Interval(low, high), Unit.BYTES))
    assert said == ([high] if low in {0, high} else [low, high])


@given(SIGNED)
def test_a_difference_says_its_ends_and_which_way_they_go(ends: list[int]) -> None:
    low, high = ends
    words = sentence.difference(Change(low, high, None), Unit.BYTES)
    assert ("more" in words) is (high > 0)
    assert ("less" in words) is (low < 0 or high == 0)
    wanted = {abs(low), abs(high)} - {0} or {0}
    assert set(integers(words)) == wanted
    assert ("may" in sentence.changes(Change(low, high, None), Unit.BYTES)) is (low <= 0 <= high and low < high)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change(-240, -240, (Ratio(-3, 4), Ratio(-3, 4))), "75.0%"),
        (Change(-240, -200, (Ratio(-3, 4), Ratio(-1, 2))), "50.0..75.0%"),
        (Change(-240, 0, (Ratio(-3, 4), Ratio(0, 1))), "up to 75.0%"),
        (Change(-240, 80, (Ratio(-3, 4), Ratio(1, 4))), "-75.0..+25.0%"),
        (Change(1, 1, (Ratio(1, 5000), Ratio(1, 5000))), "<0.1%"),
        (Change(1, 1, None), ""),
        (Change(0, 0, (Ratio(0, 1), Ratio(0, 1))), ""),
    ],
)
def test_parts(change: Change, words: str) -> None:
    assert sentence.part(change) == words


def test_names() -> None:
    assert sentence.named(["a"]) == "a"
    assert sentence.named(["a", "b"]) == "a and b"
    assert sentence.named(["a", "b", "c"]) == "a, b and c"
    assert sentence.named(["a", "b", "c", "d"]) == "a and 3 others"
    assert sentence.plural(1, "host") == "1 host"
    assert sentence.plural(2_000, "host") == "2,000 hosts"
    assert sentence.several(Interval(0, 6), "slab") == "0..6 slabs"


def test_best_and_worst_and_no_winner() -> None:
    changes = [(Change(-8, 4, None), "b"), (Change(-9, -9, None), "a"), (Change(0, 0, None), "c")]
    said = sentence.best_and_worst("x.bytes", Unit.BYTES, "z", changes)
    assert (
        said == "Against z, x.bytes is at best 9 bytes less with a; at worst up to 4 bytes more or 8 bytes less with b."
    )
    assert "at worst the same with c." in sentence.best_and_worst("x.bytes", Unit.BYTES, "z", changes[1:])
    unsure = "No clear winner: a has the lowest upper bound, 9 bytes, but "
    assert sentence.no_winner("a", Interval(3, 9), Unit.BYTES, ["b"]) == f"{unsure}b may be smaller."
    assert sentence.no_winner("a", Interval(3, 9), Unit.BYTES, ["b", "c"]) == f"{unsure}any of 2 others may be smaller."
