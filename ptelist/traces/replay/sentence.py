"""What the lists of a trace took, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare import sentence as compared
from ptelist.engine.figure_kinds import DESC, DESC_TOTAL
from ptelist.output import sentence

if TYPE_CHECKING:
    from ptelist.traces.replay.replay import Replayed


def headline(replayed: Replayed) -> str:
    """Return what one column took when it took the most, or how columns differ in that."""
    comparison = replayed.comparison
    if len(comparison.columns) > 1:
        return compared.headline(comparison)
    ledger = comparison.ledgers[0]
    who, peak = ("lists and vCPU caches", "replay.held_peak") if replayed.stages else ("the lists", "replay.peak")
    total, slabs, held = (ledger[name] for name in (DESC_TOTAL, f"{DESC}.slabs", peak))
    counts = f"{sentence.several(held, 'descriptor')} in {sentence.several(slabs, 'slab')}"
    return f"At their peak {who} took {sentence.amount(total, total.unit)}: {counts}."
