"""A comparison as a result: what every command that makes one returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.compare.comparison import pick
from ptelist.compare.ledgers import Numbers
from ptelist.compare.sentence import headline
from ptelist.output.result import Result
from ptelist.settings.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ptelist.compare.comparison import Comparison
    from ptelist.output.page import Document
    from ptelist.output.sheet import Block

ROW_HEAD = ("config", "baseline", "figure", "low", "high", "unit", "change_low", "change_high")
"""Of the rows for CSV."""

SHOWN = Work("columns in a table", 2_000, "--format csv or json has them one after the other, or give fewer values")
"""Each takes 40 KiB and some 2 ms, for a text has all of them at once."""


def result(
    comparison: Comparison,
    page: Callable[[int | None], Document],
    figures: tuple[str, ...] = (),
    said: Callable[[], str] | None = None,
    sheet: Callable[[Document], Sequence[Block]] | None = None,
    **more: Any,
) -> Result:
    """Return it with a page of text, and for programs all figures or those named; `more` goes into JSON.

    `said` is the answer in a sentence, where it is not the usual one of a comparison; `sheet` what can be drawn.
    """

    def shown(width: int | None) -> Document:
        SHOWN.bound(len(comparison.columns))
        return page(width)

    return Result(
        comparison.command,
        comparison.assumptions,
        shown,
        lambda: _body(comparison.passing(), figures) | more,
        lambda: _rows(comparison.passing(), figures),
        headline=said or (lambda: headline(comparison.passing(), figures)),
        sheet=sheet,
    )


def _body(comparison: Comparison, wanted: tuple[str, ...]) -> dict[str, Any]:
    """Return every column, one at a time, with its scenario and its figures, all of them unless some are wanted."""
    return {
        "baseline": comparison.baseline,
        "configs": (
            {
                "name": column.name,
                "axes": column.axes,
                "baseline": comparison.columns[column.baseline].name,
                "scenario": column.scenario.values(),
                "figures": {
                    each.figure: {"low": each.low, "high": each.high, "unit": each.unit.value}
                    for each in _picked(comparison, number, wanted)
                },
            }
            for number, column in enumerate(comparison.columns)
        ),
    }


def _rows(comparison: Comparison, wanted: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
    """Yield a row for every figure of every column, columns in their order and figures sorted; no change is empty."""
    yield ROW_HEAD
    for number, column in enumerate(comparison.columns):
        against = comparison.columns[column.baseline].name
        found = _picked(comparison, number, wanted)
        for figure, unit, low, high, *change in found if wanted else sorted(found):
            yield column.name, against, figure, low, high, unit.value, *("" if end is None else end for end in change)


def _picked(comparison: Comparison, number: int, wanted: tuple[str, ...]) -> list[Numbers]:
    """Return the figures of a column that are wanted, in their order, or all of them."""
    found = {each.figure: each for each in comparison.numbers(number)}
    return [found.get(figure) or _of_term(comparison, number, figure) for figure in pick(found, wanted) or found]


def _of_term(comparison: Comparison, number: int, figure: str) -> Numbers:
    """Return a figure that a ledger has only if it is asked for: what is simulated, of a fresh host."""
    term, delta = comparison.ledgers[number][figure], comparison.change(figure, number)
    return Numbers(figure, term.unit, term.low, term.high, *(delta[:2] if delta else ()))
