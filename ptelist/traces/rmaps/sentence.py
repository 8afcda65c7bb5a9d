"""What the lists of a histogram take, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.comparison import change
from ptelist.compare.leaders import leaders
from ptelist.engine.figure_kinds import DESC, DESC_TOTAL
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
    found = leaders([each.ledger[DESC_TOTAL] for each in columns])
    names, best = [each.column.name for each in columns], columns[found.ties[0]]
    total = best.ledger[DESC_TOTAL]
    who, count = sentence.named([names[number] for number in found.ties]), len(found.ties)
    if found.rivals:
        return sentence.no_winner(who, total, total.unit, [names[number] for number in found.rivals], count)
    said = f"{who} {sentence.takes(total.unit, count)} the least whatever the lengths are"
    return f"{said}, {sentence.amount(total, total.unit)} of {DESC_TOTAL}{_against(columns, best)}."


def _against(columns: Sequence[Measured], best: Measured) -> str:
    """Return how much that is less than the baseline takes, if it is less."""
    base = columns[best.column.baseline]
    delta = change(base.ledger[DESC_TOTAL], best.ledger[DESC_TOTAL])
    if delta[:2] == (0, 0):
        return ""
    words = sentence.difference(delta, best.ledger[DESC_TOTAL].unit, sentence.part(delta))
    return f": {words} than {base.column.name}"
