"""What the lists of a histogram take, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.comparison import change
from ptelist.engine.figure_kinds import DESC, DESC_TOTAL
from ptelist.engine.lists import histogram
from ptelist.output import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.traces.rmaps.rmaps import Measured


def headline(columns: Sequence[Measured]) -> str:
    """Return how much the lists take; of several columns which one takes the least, and how sure that is."""
    if len(columns) == 1:
        ledger = columns[0].ledger
        objects, slabs, total = (ledger[name] for name in (f"{DESC}.objects", f"{DESC}.slabs", DESC_TOTAL))
        counts = f"{sentence.several(objects, 'descriptor')} in {sentence.several(slabs, 'slab')}"
        return f"These lists take {sentence.amount(total, total.unit)}: {counts}."
    best = min(columns, key=_ends)
    total = best.ledger[DESC_TOTAL]
    rivals = [each.column.name for each in columns if _ends(each) != _ends(best) and not never_more(best, each)]
    if rivals:
        return sentence.no_winner(best.column.name, total, total.unit, rivals)
    ties = [each.column.name for each in columns if _ends(each) == _ends(best)]
    said = f"{sentence.named(ties)} {sentence.takes(total.unit, len(ties))} the least whatever the lengths are"
    return f"{said}, {sentence.amount(total, total.unit)} of {DESC_TOTAL}{_against(columns, best)}."


def _against(columns: Sequence[Measured], best: Measured) -> str:
    """Return how much that is less than the baseline takes, if it is less."""
    base = columns[best.column.baseline]
    delta = change(base.ledger[DESC_TOTAL], best.ledger[DESC_TOTAL])
    if delta[:2] == (0, 0):
        return ""
    words = sentence.difference(delta, best.ledger[DESC_TOTAL].unit, sentence.part(delta))
    return f": {words} than {base.column.name}"


def never_more(one: Measured, other: Measured) -> bool:
    """Return whether one column takes at most what another one does, whatever the lengths are."""
    if one.ledger[DESC_TOTAL].high <= other.ledger[DESC_TOTAL].low:
        return True
    if one.levels != other.levels or one.longest != other.longest:
        return False
    return histogram.never_more(one.levels, one.choice, other.choice, one.longest)


def _ends(each: Measured) -> tuple[int, int]:
    return each.ledger[DESC_TOTAL].high, each.ledger[DESC_TOTAL].low
