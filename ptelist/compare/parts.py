"""Which parts of the total stand below it: the largest ones, and all that moved, or its change would not add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.breakdown import breakdown
from ptelist.engine.figure_kinds import DESC_TOTAL

if TYPE_CHECKING:
    from ptelist.compare.comparison import Comparison

MOST_LARGE = 3
"""So many parts stand there though they did not move."""


def parts(comparison: Comparison) -> tuple[str, ...]:
    """Return the largest parts of the total and those that moved, the largest first.

    pte_list_desc is not among them: it has its own rows.
    """
    sizes = _sizes(comparison)
    shown = {*sorted(sizes, key=sizes.__getitem__)[-MOST_LARGE:], *moved(comparison)}
    return tuple(sorted(shown, key=sizes.__getitem__, reverse=True))


def moved(comparison: Comparison) -> list[str]:
    """Return the parts of the total that changed in some column, most first."""
    most = {figure: _most(comparison, figure) for figure in _sizes(comparison)}
    return sorted(filter(most.__getitem__, most), key=most.__getitem__, reverse=True)


def _sizes(comparison: Comparison) -> dict[str, int]:
    """Return the parts of the total in any column, each with the most that it is."""
    sizes: dict[str, int] = {}
    for ledger in comparison.ledgers:
        for node in breakdown(ledger).parts:
            sizes[node.figure] = max(node.term.high, sizes.get(node.figure, 0))
    sizes.pop(DESC_TOTAL, None)
    return sizes


def _most(comparison: Comparison, figure: str) -> int:
    """Return how much a figure may have changed in the column where it may have changed most."""
    changes = [comparison.change(figure, number) for number in range(len(comparison.columns))]
    return max((max(abs(change.low), abs(change.high)) for change in changes if change), default=0)
