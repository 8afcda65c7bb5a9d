"""The tables of the screen: their numbers are those of `where`, and amounts add up."""

from __future__ import annotations

import re

import pytest

from ptelist.compare.where_command import run as where
from ptelist.engine.difference import difference
from ptelist.engine.figure_kinds import TOTAL
from ptelist.explore import figures
from ptelist.explore.explorer import Explorer
from ptelist.output import bars, numbers
from ptelist.output.signed import Less, More


def explorer(*moves: tuple[str, str], options: tuple[tuple[str, str], ...] = (("vcpus", "256"),)) -> Explorer:
    found = Explorer(None, options)
    for name, text in moves:
        assert found.put(name, text)
    return found


@pytest.mark.parametrize("width", [20, 40, 51, 80, 120])
@pytest.mark.parametrize("rows", [4, 9, 18, 40])
def test_the_total_is_taken_apart_in_the_room_that_there_is(rows: int, width: int) -> None:
    here = explorer().here
    shown = figures.where(here, rows, width)
    assert len(shown.table.rows) == len(shown.figures) <= rows
    assert shown.figures[0] == TOTAL
    for name, cells in zip(shown.figures, shown.table.rows, strict=True):
        if name:
            term = here.ledger[name]
            said = (
                numbers.term,
                lambda term: numbers.human(*term[1:3]),
                lambda term: numbers.human_shortly(*term[1:3]),
            )
            assert any(how(term) in cells for how in said)
    assert width < 40 or shown.table.width() <= width
    sizes = [here.ledger[name].high for name in shown.figures if name.count(".bytes") and name in here.ledger]
    assert sizes[0] == max(sizes)


def test_the_numbers_are_those_that_where_prints() -> None:
    here = explorer().here
    printed = {cell for row in where([("vcpus", "256")], None, whole=True).page(None).tables[0].rows for cell in row}
    shown = figures.where(here, 18, 120).table
    assert all(
        {cell for cell in row[:-1] if "smaller" not in row[0]} <= {*printed, row[0], *row[1:3]} for row in shown.rows
    )


def test_shares_and_bars_are_there_at_80_columns() -> None:
    table = figures.where(explorer().here, 18, 51).table
    assert table.bars
    assert table.rows[0][1:3] == ("43.8 MiB", "100.0%")
    assert len(table.rows[0][3]) == bars.LEAST


@pytest.mark.parametrize("rows", [8, 16])
@pytest.mark.parametrize(
    ("options", "bar"),
    [
        ("vcpus=256 memory=64GiB", bars.LEAST),
        ("memory=64GiB leaf=4K", figures.LEAST_BAR),
        ("nested=on vcpus=64 memory=64GiB l2-memory=16GiB", figures.LEAST_BAR),
        ("host=server-256 history=any vcpus=256 memory=1TiB vms=100", figures.LEAST_BAR),
    ],
)
def test_open_figures_keep_name_value_share_and_bar_at_80_columns(rows: int, options: str, bar: int) -> None:
    given = tuple((name, value) for name, _, value in (each.partition("=") for each in options.split()))
    here = explorer(options=given).here
    shown = figures.where(here, rows, 51)
    table = shown.table
    assert table.width() <= 51
    assert table.bars
    assert table.rows[0][:3] == ("mmu", numbers.human_shortly(*here.ledger[TOTAL][1:3]), "100%")
    assert len(table.rows[0][3]) >= bar
    for figure, (name, value, share, drawn) in zip(shown.figures, table.rows, strict=True):
        assert re.fullmatch(r"\s*[\w.]+\u2026?|\s*\(\d+ smaller\)", name)
        assert re.fullmatch(r"[\d,.]+ [KMGT]?i?B", value)
        assert bool(re.fullmatch(r"<1%|\d+(\.\.\d+)?%", share)) is bool(figure)
        assert drawn


@pytest.mark.parametrize("width", [20, 51, 100])
@pytest.mark.parametrize("moves", [(("ext", "2"),), (("ext", "2"), ("capacity", "20")), (("nested", "on"),)])
def test_what_a_difference_comes_of_adds_up(moves: tuple[tuple[str, str], ...], width: int) -> None:
    found = explorer(*moves)
    shown = figures.difference(found.pinned, found.here, width)
    assert len(shown.table.rows) == len(shown.figures) == len(shown.steps)
    whole, *_ = shown.steps
    assert whole.change == difference(found.pinned.ledger[TOTAL], found.here.ledger[TOTAL])
    of_the_whole = [step for step, row in zip(shown.steps, shown.table.rows, strict=True) if _depth(row[0]) == 1]
    if whole.change.low == whole.change.high:
        assert sum(step.amount.low for step in of_the_whole if step.amount) == whole.change.low
    for step, row in zip(shown.steps, shown.table.rows, strict=True):
        assert step.amount
        assert isinstance(row[1], Less if step.amount.high < 0 else More if step.amount.low > 0 else str)


def _depth(label: str) -> int:
    return (len(label) - len(label.lstrip())) // 2


def test_wide_enough_it_tells_what_was_and_what_is() -> None:
    found = explorer(("ext", "2"))
    table = figures.difference(found.pinned, found.here, 100).table
    assert table.rows[-1][2:4] == ("320 slabs", "80 slabs")
    assert table.bars
