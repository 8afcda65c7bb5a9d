"""A search over integers finds what trying each of them finds, and tries no more than its bounds leave open."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ptelist.sweep.search import first, last


@given(st.integers(-20, 20), st.lists(st.booleans(), min_size=1, max_size=60))
def test_searches_find_what_trying_every_integer_finds(low: int, values: list[bool]) -> None:
    high = low + len(values) - 1
    where = [low + number for number, value in enumerate(values) if value]
    for possible in (lambda _p, _q: True, lambda p, q: any(p <= n <= q for n in where)):
        assert first(low, high, lambda n: values[n - low], possible) == (where[0] if where else None)
        assert last(low, high, lambda n: values[n - low], possible) == (where[-1] if where else None)


@given(st.integers(0, 1_000_000))
def test_bounds_spare_the_rest(threshold: int) -> None:
    tried = []

    def holds(number: int) -> bool:
        tried.append(number)
        return number >= threshold

    assert first(0, 1_000_000, holds, lambda _, q: q >= threshold) == threshold
    assert len(tried) <= 21
