"""The accuracy table adds up, and its figures can be off."""

from __future__ import annotations

from fractions import Fraction

import accuracy
import pytest
from accuracy import Observation, error, percentile, rows, shown
from exploring import all_boots
from kernel import recording

VALUES = tuple(Fraction(number, 7) for number in range(1, 41))


@pytest.mark.parametrize(("percent", "place"), [(50, 20), (95, 38), (100, 40), (1, 1)])
def test_percentiles_are_values_that_there_are(percent: int, place: int) -> None:
    assert percentile(VALUES, percent) == VALUES[place - 1]


def test_no_value_has_no_percentile() -> None:
    assert percentile((), 50) is None
    assert shown(None) == "-"


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (Fraction(0), "0.0%"),
        (Fraction(1, 3), "33.3%"),
        (Fraction(2, 3), "66.7%"),
        (Fraction(1, 2000), "0.1%"),
        (Fraction(362, 1), "36,200.0%"),
    ],
)
def test_parts_in_percent(part: Fraction, text: str) -> None:
    assert shown(part) == text


def test_what_agrees_and_how_wide_it_is() -> None:
    assert Observation("", 40, 30, 50).width == Fraction(1, 2)
    assert Observation("", 0, 0, 3).width == 3
    assert [Observation("", 40, low, high).agrees for low, high in ((40, 40), (41, 50), (30, 39), (30, None))] == [
        True, False, False, True,
    ]  # fmt: skip
    assert error(30, 40) == error(50, 40) == Fraction(1, 4)


@all_boots()
def test_the_table_adds_up() -> None:
    """Every number that was recorded is in it, and those of ground truth; nothing differs, little is wide open."""
    found = rows()
    recorded = sum(len(pairs) for path in recording.recorded() for _, pairs in recording.compared(path))
    ground = sum(1 for _ in accuracy.ground_truth())
    assert sum(row.observations for row in found) == recorded + ground
    assert ground > 4_000
    assert [row.kind for row in found if row.differing] == []
    assert {row.kind for row in found if row.below_only} <= {
        accuracy.MERGED_OBJECTS, accuracy.MERGED_SLABS, accuracy.RAW_OBJECTS, accuracy.RAW_SLABS,
    }  # fmt: skip
    for row in found:
        assert len(row.widths) == row.observations - row.below_only
        assert row.as_one <= sum(width == 0 for width in row.widths)
    by_kind = {row.kind: row for row in found}
    for kind in (accuracy.LAYOUT, accuracy.OBJECTS, accuracy.STATISTICS):
        assert by_kind[kind].as_one == by_kind[kind].observations
    assert accuracy.table().count("\n") == len(found) + 2


@all_boots()
def test_estimates_are_worse_where_slabs_count() -> None:
    """On the rows of slabs, what ptelist leaves open is less than what objects x size is off, at the median."""
    (slabs,) = (row for row in rows() if row.kind == accuracy.SLABS)
    off = percentile(slabs.by_objects, 50)
    assert off is not None
    assert (percentile(slabs.widths, 50), len(slabs.by_objects) > 10_000) == (0, True)
    assert off > 0
