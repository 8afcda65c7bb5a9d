"""A comparison as a result: what every command that makes one returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.compare.comparison import pick
from ptelist.compare.sentence import headline
from ptelist.output.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ptelist.compare.comparison import Comparison
    from ptelist.output.page import Document

ROW_HEAD = ("config", "baseline", "figure", "low", "high", "unit", "change_low", "change_high")
"""Of the rows for CSV."""


def result(
    comparison: Comparison,
    page: Callable[[int | None], Document],
    figures: tuple[str, ...] = (),
    said: Callable[[], str] | None = None,
    **more: Any,
) -> Result:
    """Return it with a page of text, and for programs all figures or those named; `more` goes into JSON.

    `said` is the answer in a sentence, where it is not the usual one of a comparison.
    """
    return Result(
        comparison.command,
        comparison.assumptions,
        page,
        lambda: _body(comparison.passing(), figures) | more,
        lambda: _rows(comparison.passing(), figures),
        headline=said or (lambda: headline(comparison.passing(), figures)),
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
                    name: {"low": ledger[name].low, "high": ledger[name].high, "unit": ledger[name].unit.value}
                    for name in pick(ledger, wanted) or ledger
                },
            }
            for column, ledger in zip(comparison.columns, comparison.ledgers, strict=True)
        ),
    }


def _rows(comparison: Comparison, wanted: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
    """Yield a row for every figure of every column, columns in their order and figures sorted; no change is empty."""
    yield ROW_HEAD
    for number, (column, ledger) in enumerate(zip(comparison.columns, comparison.ledgers, strict=True)):
        against = comparison.columns[column.baseline].name
        for figure in pick(ledger, wanted) or sorted(ledger):
            term = ledger[figure]
            delta = comparison.change(figure, number)
            change = (delta.low, delta.high) if delta else ("", "")
            yield column.name, against, figure, term.low, term.high, term.unit.value, *change
