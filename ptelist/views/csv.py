"""CSV: a row for every figure of every column, plain integers."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from ptelist.comparison import pick

if TYPE_CHECKING:
    from ptelist.comparison import Comparison

HEAD = ("config", "baseline", "figure", "low", "high", "unit", "change_low", "change_high")


def render(comparison: Comparison, wanted: tuple[str, ...]) -> str:
    """Return the rows, columns in their order and figures sorted; no change is empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEAD)
    for number, (column, ledger) in enumerate(zip(comparison.columns, comparison.ledgers, strict=True)):
        against = comparison.columns[column.baseline].name
        for figure in pick(ledger, wanted) or sorted(ledger):
            term = ledger[figure]
            delta = comparison.change(figure, number)
            change = (delta.low, delta.high) if delta else ("", "")
            writer.writerow((column.name, against, figure, term.low, term.high, term.unit.value, *change))
    return out.getvalue()
