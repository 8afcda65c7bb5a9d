"""Numbers told shortly: rounded by half of their last digit at most, and no part of a range left out."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptelist.engine.interval import Ratio
from ptelist.output import numbers
from ptelist.scenario.units import UNITS

LONGEST = len("1,023..1,024 MiB")
ENDS = st.integers(0, 1 << 49).flatmap(lambda high: st.tuples(st.integers(0, high), st.just(high)))


def ends(text: str) -> list[tuple[Fraction, Fraction]]:
    """Return each number of a text, and half of its last digit."""
    told = [each.replace(",", "") for each in re.findall(r"\d[\d,]*(?:\.\d)?", text)]
    return [(Fraction(each), Fraction(1, 20 if "." in each else 2)) for each in told]


@given(ENDS)
def test_bytes_are_off_by_half_of_the_last_digit_at_most(both: tuple[int, int]) -> None:
    text = numbers.human_shortly(*both)
    if text.endswith(" B"):
        assert text == numbers.human(*both)
        return
    found = ends(text)
    assert len(text) <= LONGEST
    for end, (told, most) in zip(both, (found[0], found[-1]), strict=True):
        assert abs(Fraction(end, UNITS[text.split()[-1]]) - told) <= most
        assert most == Fraction(1, 20 if told < 10 else 2)


@pytest.mark.parametrize(
    ("both", "text"),
    [
        ((1023, 1023), "1,023 B"),
        ((1 << 20, 1 << 20), "1.0 MiB"),
        ((44 << 20, (44 << 20) + (200 << 10)), "44 MiB"),
        ((9 << 20, 12 << 20), "9.0..12 MiB"),
        ((0, 700 << 10), "0.0..700 KiB"),
        ((0, 0), "0 B"),
    ],
)
def test_bytes_shortly(both: tuple[int, int], text: str) -> None:
    assert numbers.human_shortly(*both) == text


@given(st.integers(1, 1 << 49), ENDS)
def test_shares_are_off_by_half_a_percent_at_most(rest: int, both: tuple[int, int]) -> None:
    shares = [Ratio(end, end + rest) for end in both]
    text = numbers.share_shortly((shares[0], shares[1]))
    if text == "<1%":
        assert both[1] > 0
        assert 100 * Fraction(*shares[1]) < 1
        return
    found = ends(text)
    for share, (told, half) in zip(shares, (found[0], found[-1]), strict=True):
        assert abs(100 * Fraction(*share) - told) <= half


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0, 0, "0%"), (0, 1, "<1%"), (907, 908, "91%"), (4, 400, "0..40%"), (1000, 1000, "100%")],
)
def test_shares_shortly(low: int, high: int, text: str) -> None:
    assert numbers.share_shortly((Ratio(low, 1000), Ratio(high, 1000))) == text
