"""A chart in characters: every value at its place, what is open filled, marks told."""

from __future__ import annotations

import re

import pytest

from ptelist.engine.ledger import Unit
from ptelist.output import textchart
from ptelist.output.chart import Below, Chart, Series


def chart(
    *series: Series, marks: tuple[tuple[float, str], ...] = (), holds: tuple[float, float] | None = None
) -> Chart:
    labels = [label for each in series for label in each.points]
    places = {label: float(number) for number, label in enumerate(dict.fromkeys(labels))}
    ticks = {place: label for label, place in places.items()}
    return Chart(
        "x", "y", Unit.OBJECTS, change=False, below=Below("axis", places, ticks, holds), series=series, marks=marks
    )


def _signs(drawn: textchart.Drawn) -> list[tuple[int, int]]:
    return [(row, at) for row, (_, cells) in enumerate(drawn.rows) for at, (sign, _) in enumerate(cells) if sign == "*"]


@pytest.mark.parametrize("height", [6, 14, 30])
@pytest.mark.parametrize("width", [20, 60])
def test_signs_are_where_values_are(width: int, height: int) -> None:
    values = {"a": (3, 3), "b": (0, 0), "c": (9, 9), "d": (6, 6)}
    drawn = textchart.draw(chart(Series("", values)), width, height)
    signs = _signs(drawn)
    assert len(signs) == 4
    by_column = [row for row, _ in sorted(signs, key=lambda place: place[1])]
    order = sorted(range(4), key=lambda number: by_column[number])
    assert [tuple(values.values())[number][0] for number in order] == [9, 6, 3, 0]
    assert max(map(len, str(drawn).splitlines())) <= max(width, 20)


def test_what_is_open_is_filled_between_its_ends() -> None:
    drawn = textchart.draw(chart(Series("", {"a": (0, 8), "b": (0, 8)})), 30, 14)
    at_a_value, between = ("".join(cells[at][0] for _, cells in drawn.rows) for at in (0, 5))
    assert re.fullmatch(r"\*\.+\*", at_a_value)
    assert re.fullmatch(r"-\.+-", between)


def test_steps_hold_their_values() -> None:
    drawn = textchart.draw(chart(Series("", {"a": (1, 1), "b": (4, 4)}), holds=(0.5, 0.5)), 30, 12)
    rows = {row for row, _ in _signs(drawn)}
    assert len(rows) == 2
    assert len(_signs(drawn)) >= len(drawn.rows[0][1])


def test_marks_and_names_are_told_below() -> None:
    both = Series("ext=2", {"1": (1, 1), "2": (2, 2)}), Series("ext=14", {"1": (3, 3), "2": (3, 3)})
    drawn = textchart.draw(chart(*both, marks=((1.0, "saves from 2 on"),)), 40, 16)
    assert [text for text, _ in drawn.told] == [": saves from 2 on", "* ext=2", "o ext=14"]
    assert [number for _, number in drawn.told] == [None, 0, 1]
    assert all(cells[-1][0] in {":", "*", "o"} for _, cells in drawn.rows)


def test_nothing_but_zero_has_a_scale_too() -> None:
    drawn = textchart.draw(chart(Series("", {"a": (0, 0), "b": (0, 0)})), 30, 10)
    assert len(_signs(drawn)) == 2
