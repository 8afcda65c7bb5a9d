"""All figures of one scenario, one below the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.comparison import pick
from ptelist.output import numbers
from ptelist.output.page import Document, Table

if TYPE_CHECKING:
    from ptelist.compare.comparison import Comparison


def document(comparison: Comparison, wanted: tuple[str, ...], width: int | None) -> Document:
    """Return all figures of the first column, one a row, or two rows where it is narrow."""
    figures = comparison.ledgers[0]
    picked = pick(figures, wanted)
    rows = []
    heading = ""
    for name in picked or sorted(figures):
        label = name
        if not picked:
            owner, _, rest = name.partition(".")
            if owner != heading:
                rows.append((owner, "", ""))
                heading = owner
            label = f"  {rest}"
        rows.append((label, numbers.term(figures[name]), figures[name].unit.value))
    table = Table(("figure", "value", "unit"), tuple(rows))
    if width is not None and table.width() > width:
        table = Table(("figure", "value"), tuple((name, f"{value} {unit}") for name, value, unit in rows)).stacked()
    return Document((table,), comparison.assumptions, comparison.command)
