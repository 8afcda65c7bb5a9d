"""Rows in lanes are added up as numbers are."""

from __future__ import annotations

from exploring import examples
from hypothesis import given
from hypothesis import strategies as st

from ptelist.fleet.lanes import BITS, Lanes

MOST = (1 << BITS - 1) // 100 - 1
ROWS = st.integers(1, 6).flatmap(
    lambda width: st.lists(st.tuples(*[st.integers(-MOST, MOST) | st.integers(-2, 2)] * width), min_size=1, max_size=9)
)


@examples(200)
@given(ROWS, st.integers(1, 10))
def test_a_sum_of_rows_is_the_row_of_sums(rows: list[tuple[int, ...]], times: int) -> None:
    packed = sum(times * Lanes.packed(row) for row in rows)
    assert Lanes(len(rows[0])).row(packed) == [times * sum(column) for column in zip(*rows, strict=True)]
