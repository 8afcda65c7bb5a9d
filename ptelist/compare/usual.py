"""What compare shows unless told otherwise, by how much room there is."""

from __future__ import annotations

from ptelist.engine.figure_kinds import DESC, DESC_TOTAL, TOTAL
from ptelist.engine.ledger import TYPICAL

Figures = tuple[str, ...]

SHARE = "share of mmu"
"""Not a figure: the part of pte_list_desc in all MMU metadata."""

SLABS, TYPICAL_SLABS, TYPICAL_BYTES = f"{DESC}.slabs", f"{DESC}.slabs{TYPICAL}", f"{DESC}.bytes{TYPICAL}"

PAIR_FIGURES = (
    f"{DESC}.ext",
    f"{DESC}.size",
    f"{DESC}.objects",
    f"{DESC}.objects_per_slab",
    f"{DESC}.slab_order",
    SLABS,
    f"{DESC}.bytes.used",
    f"{DESC}.bytes.waste",
    f"{DESC}.bytes.slab",
    f"{DESC}.bytes.memcg",
    DESC_TOTAL,
    SHARE,
    TOTAL,
)
"""Of one column, or of two beside each other."""

SEVERAL_FIGURES = (f"{DESC}.size", f"{DESC}.objects", SLABS, DESC_TOTAL, SHARE, TOTAL)
"""Of more columns beside each other, whose changes take rows of their own."""

BRIEFS = (
    (SLABS, f"{DESC}.bytes.used", f"{DESC}.bytes.slab", f"{DESC}.bytes.memcg", DESC_TOTAL),
    (SLABS, DESC_TOTAL),
    (DESC_TOTAL,),
)
"""With one row a column, richest first; the total comes with each."""

AGED_BRIEFS = (
    (SLABS, TYPICAL_SLABS, TYPICAL_BYTES, DESC_TOTAL),
    (TYPICAL_SLABS, TYPICAL_BYTES, DESC_TOTAL),
    *BRIEFS[1:],
)
"""The same for hosts with a history."""

SIMULATED = {SLABS: TYPICAL_SLABS, DESC_TOTAL: TYPICAL_BYTES}
"""Figures that for such hosts are simulated as well."""

OFTEN_NOTHING = frozenset(f"{DESC}.{name}" for name in ("slab_order", "bytes.waste", "bytes.memcg"))
"""Figures that are worth a row only where they are not 0."""

NO_COST = frozenset(f"{DESC}.{name}" for name in ("ext", "objects_per_slab", "slab_order"))
"""Figures of which more is neither better nor worse."""


def with_simulated(figures: Figures) -> Figures:
    """Return figures, those that are simulated as well behind each of which they are so."""
    return tuple(
        name for figure in figures for name in ((figure, SIMULATED[figure]) if figure in SIMULATED else (figure,))
    )
