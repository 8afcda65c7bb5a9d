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
        alone = "" if replayed.caches else " These are the lists alone, without what vCPU caches hold."
        return f"{compared.headline(comparison)}{alone}"
    ledger = comparison.ledgers[0]
    who = "lists and vCPU caches" if replayed.caches else "the lists"
    total, slabs, held = (ledger[name] for name in (DESC_TOTAL, f"{DESC}.slabs", f"{DESC}.objects"))
    counts = f"{sentence.several(held, 'descriptor')} in {sentence.several(slabs, 'slab')}"
    return f"At their peak {who} took {sentence.amount(total, total.unit)}: {counts}."
