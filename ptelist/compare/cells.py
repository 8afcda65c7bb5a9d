"""Rows and cells of a comparison: values, and how they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.breakdown import label
from ptelist.compare.parts import parts
from ptelist.compare.usual import NO_COST, OFTEN_NOTHING, SHARE
from ptelist.engine.figure_kinds import BESIDE, DESC, DESC_TOTAL, TOTAL
from ptelist.output import numbers
from ptelist.output.signed import signed, uncoloured

if TYPE_CHECKING:
    from ptelist.compare.comparison import Comparison
    from ptelist.compare.usual import Figures
    from ptelist.engine.interval import Change

MOST_BESIDE = 12
"""More columns than this are easier to read as rows."""

STRONG = frozenset((DESC_TOTAL, TOTAL))
"""Figures that the eye is to meet first."""


class Row(NamedTuple):
    """A row of figures: its label, and the figure; a heading has none."""

    label: str
    figure: str = ""


def plain_rows(figures: Figures) -> list[Row]:
    """Return a row for each figure, by its name."""
    return [Row(figure, figure) for figure in figures]


def usual_rows(comparison: Comparison, figures: Figures) -> list[Row]:
    """Return the usual figures below headings, the parts of the total below it, then what stands beside it."""
    rows = [Row(DESC)]
    for figure in figures:
        if figure in OFTEN_NOTHING and not any(ledger[figure].high for ledger in comparison.ledgers):
            continue
        rows.append(Row(figure if figure == TOTAL else f"  {figure.removeprefix(f'{DESC}.')}", figure))
    if TOTAL in figures and len(comparison.columns) <= MOST_BESIDE:
        rows += [Row(f"  {label(figure)}", figure) for figure in parts(comparison)]
    beside = differing(comparison) if TOTAL in figures else ()
    return [*rows, *(Row(label(figure), figure) for figure in beside)]


def differing(comparison: Comparison) -> Figures:
    """Return the figures beside the total that are not the same in all columns."""
    first, *others = comparison.ledgers
    names = [name for name in first if name.startswith(BESIDE)] if others else []
    return tuple(
        name
        for name in names
        if any((each[name].low, each[name].high) != (first[name].low, first[name].high) for each in others)
    )


def value(comparison: Comparison, figure: str, number: int) -> str:
    """Return a figure of a column; nothing for a heading."""
    if figure == SHARE:
        return numbers.share(comparison.share(number))
    return numbers.term(comparison.ledgers[number][figure]) if figure else ""


def change(comparison: Comparison, figure: str, number: int) -> Change | None:
    """Return the change of a column's figure, if it has one that is shown."""
    return None if figure in {"", SHARE} or figure.startswith(BESIDE) else comparison.change(figure, number)


def change_cells(comparison: Comparison, figure: str, number: int) -> tuple[str, str]:
    """Return the change of a column's figure and its percent, in a colour only where more costs more."""
    delta = change(comparison, figure, number)
    cells = numbers.change(delta), numbers.percent(delta)
    return (uncoloured(cells[0]), uncoloured(cells[1])) if figure in NO_COST else cells


def joined(comparison: Comparison, figure: str, number: int) -> str:
    """Return the change of a column's figure with its percent behind it."""
    delta = change(comparison, figure, number)
    text = " ".join(filter(None, change_cells(comparison, figure, number)))
    return text if delta is None or figure in NO_COST else signed(text, delta.low, delta.high)


def changes(comparison: Comparison, figure: str) -> bool:
    """Tell whether a figure is, or may be, another than its baseline's in some column."""
    deltas = (change(comparison, figure, number) for number in range(len(comparison.columns)))
    return any(delta and (delta.low or delta.high) for delta in deltas)
