"""A comparison for programs: the body of its JSON document, and its rows of CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.compare.comparison import pick

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.compare.comparison import Comparison
    from ptelist.engine.ledger import Term

HEAD = ("config", "baseline", "figure", "low", "high", "unit", "change_low", "change_high")


def body(comparison: Comparison, wanted: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return every column with its scenario and its figures, all of them unless some are wanted."""
    return {
        "baseline": comparison.baseline,
        "configs": [
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
        ],
    }


def rows(comparison: Comparison, wanted: tuple[str, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Yield a row for every figure of every column, columns in their order and figures sorted; no change is empty."""
    yield HEAD
    for number, (column, ledger) in enumerate(zip(comparison.columns, comparison.ledgers, strict=True)):
        against = comparison.columns[column.baseline].name
        for figure in pick(ledger, wanted) or sorted(ledger):
            term = ledger[figure]
            delta = comparison.change(figure, number)
            change = (delta.low, delta.high) if delta else ("", "")
            yield column.name, against, figure, term.low, term.high, term.unit.value, *change


def tree(comparison: Comparison, figure: str) -> dict[str, Any]:
    """Return one figure of the first column with all that it rests on."""
    return {"config": comparison.columns[0].name, "figure": _tree(comparison.ledgers[0][figure])}


def _tree(term: Term) -> dict[str, Any]:
    return {
        "name": term.name,
        "low": term.low,
        "high": term.high,
        "unit": term.unit.value,
        "op": term.op.value,
        "note": term.note,
        "parts": [_tree(part) for part in term.parts],
    }
