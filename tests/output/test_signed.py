"""Colours: less is green, more is red, and neither where the sign of a change is open; totals are bold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptelist.engine.interval import Change, Ratio
from ptelist.output import bars, numbers
from ptelist.output.signed import Less, More, Number

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

GREEN, RED, BOLD = "\x1b[32m", "\x1b[31m", "\x1b[1m"


def kind(low: int, high: int) -> type[str]:
    return Less if high < 0 else More if low > 0 else Number


@given(st.tuples(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9)).map(sorted))
def test_a_change_its_percent_and_its_bar_say_the_same(ends: list[int]) -> None:
    low, high = ends
    change = Change(low, high, (Ratio(low, 10**9), Ratio(high, 10**9)))
    for text in (numbers.change(change), numbers.percent(change), *bars.changes([(low, high)], 20)):
        assert type(text) is kind(low, high) or not text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(-4, -2, "<0.1%"), (-4, 4, "<0.1%"), (0, 4, "<0.1%"), (0, 0, ""), (-4, 6, "0.0..+0.1%"), (5, 5, "+0.1%")],
)
def test_nothing_is_said_to_change_by_0_percent(low: int, high: int, text: str) -> None:
    assert numbers.percent(Change(low, high, (Ratio(low, 10**4), Ratio(high, 10**4)))) == text


@pytest.fixture
def coloured(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return lambda line: run(*line.split(), "--format", "terminal", columns=100).stdout.splitlines()


def row(lines: list[str], label: str) -> str:
    (found,) = (each for each in lines if re.sub("\x1b[^m]*m", "", each).strip().startswith(f"{label} "))
    return found


def test_the_total_is_bold_and_a_saving_green(coloured: Callable[[str], list[str]]) -> None:
    lines = coloured("compare --vcpus 256 --ext 2,14")
    total = row(lines, "mmu.bytes.total")
    assert BOLD in total
    assert "\x1b[1;32m-983,040" in total
    assert BOLD not in row(lines, "slabs")
    assert not {GREEN, RED} & set(re.findall("\x1b[^m]*m", row(lines, "objects_per_slab"))), "no cost: no colour"


def test_what_is_open_has_no_colour(coloured: Callable[[str], list[str]]) -> None:
    lines = coloured("sweep --vcpus 3,2000 --ext 14,13 --host server-256 --delta")
    open_, saved = row(lines, "3"), row(lines, "2000")
    assert re.search(r"-[\d,]+\.\.\+[\d,]+", open_)
    assert not {GREEN, RED} & set(re.findall("\x1b[^m]*m", open_))
    assert GREEN in saved


def test_bars_have_the_colour_of_their_numbers(coloured: Callable[[str], list[str]]) -> None:
    lines = coloured("sweep --vcpus 1..3 --ext 2,14,28 --delta --baseline ext=14")
    assert lines
    for line in coloured("sweep --ext 2,14,28 --delta"):
        if "-----" in line and "─" not in line:
            assert RED not in line
        if "+++++" in line:
            assert GREEN not in line
            assert RED in line


def test_no_cell_is_cropped(coloured: Callable[[str], list[str]]) -> None:
    assert not any("…" in line for line in coloured("where --memory 64GiB --vcpus 32 --leaf 4K"))
