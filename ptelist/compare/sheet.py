"""A comparison as a page that draws and folds: how it comes about, the usual figures, each column's parts, all else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare import waterfall_sheet
from ptelist.compare.cells import MOST_BESIDE
from ptelist.compare.comparison import pick
from ptelist.compare.ledger_sheet import baseline_first, every_figure, whole
from ptelist.engine.figure_kinds import TOTAL
from ptelist.output.sentence import PAIR
from ptelist.output.sheet import Folded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.compare.comparison import Comparison
    from ptelist.output.page import Document
    from ptelist.output.sheet import Block

MOST_STEPPED, MOST_WHOLE = 8, 4
"""Columns whose differences are drawn, and whose parts are: of more, a table says more than a page of pictures."""


def blocks(comparison: Comparison, wanted: tuple[str, ...], page: Document) -> tuple[Block, ...]:
    """Return what such a page shows of a comparison; the endless page of text has its tables."""
    return (*_waterfalls(comparison, wanted), *page.tables, *_beside(comparison, wanted))


def of_one(comparison: Comparison, wanted: tuple[str, ...], page: Document) -> tuple[Block, ...]:
    """Return what it shows of a single column."""
    if wanted:
        return page.tables
    ledger = comparison.ledgers[0]
    every = every_figure(comparison, sorted(ledger))
    return whole(ledger, f"{TOTAL}, part by part"), *page.tables, Folded(every)


def shown(comparison: Comparison, wanted: tuple[str, ...]) -> tuple[Block, ...]:
    """Return what it shows of a single column's figures, all or those that are wanted."""
    ledger = comparison.ledgers[0]
    every = every_figure(comparison, pick(ledger, wanted) or sorted(ledger))
    return (every,) if wanted else (whole(ledger, f"{TOTAL}, part by part", folded=True), every)


def _waterfalls(comparison: Comparison, wanted: tuple[str, ...]) -> Iterator[Block]:
    """Yield for each column but the baseline what its difference comes of, and the others folded behind the first."""
    if len(comparison.columns) > MOST_STEPPED:
        return
    figure = pick(comparison.ledgers[0], wanted)[0] if wanted else TOTAL
    drawn = [
        each
        for number, column in enumerate(comparison.columns)
        if column.baseline != number and (each := waterfall_sheet.drawn(comparison, figure, column.baseline, number))
    ]
    yield from drawn[:1]
    yield from map(Folded, drawn[1:])


def _beside(comparison: Comparison, wanted: tuple[str, ...]) -> Iterator[Block]:
    if wanted or len(comparison.columns) > MOST_BESIDE:
        return
    if len(comparison.columns) <= MOST_WHOLE:
        for number in baseline_first(comparison):
            title = f"{TOTAL} of {comparison.columns[number].name}, part by part"
            drawn = whole(comparison.ledgers[number], title, folded=True)
            yield drawn if len(comparison.columns) <= PAIR else Folded(drawn)
    figures = sorted(set().union(*comparison.ledgers))
    yield Folded(every_figure(comparison, figures))
