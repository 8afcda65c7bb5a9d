"""The figures of which a fleet has a sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.comparison import pick
from ptelist.engine.account import account
from ptelist.engine.figure_kinds import DESC, DESC_TOTAL, HEADER, TOTAL
from ptelist.engine.ledger import TYPICAL
from ptelist.errors import PtelistError
from ptelist.settings.space import Space

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ptelist.engine.ledger import Unit

PER_OBJECT = frozenset(
    f"{cache}.{name}"
    for cache in (DESC, HEADER)
    for name in ("ext", "size", "stride", "slab_order", "objects_per_slab")
)
"""Figures of which hosts have no sum."""

SUMMED = (
    *(f"{DESC}.{name}" for name in ("objects", "slabs", "pages", "bytes.used", "bytes.slab", "bytes.memcg")),
    DESC_TOTAL,
    TOTAL,
)
"""What is summed unless told otherwise."""


def figures(names: Sequence[str]) -> dict[str, Unit]:
    """Return the figures asked for, or the usual ones, with their units; raises PtelistError for one of no sum."""
    space = Space((), ())
    ledger = account(space.scenario({}))
    for name in names:
        if name.endswith(TYPICAL):
            raise PtelistError(f"--figure: {name} is simulated for one host: use compare --filling aged --peak-vms")
        if name in PER_OBJECT:
            raise PtelistError(f"--figure: {name} is the same for each object, hosts have no sum of it")
    picked = [name for name in pick(ledger, names) if name not in PER_OBJECT] or SUMMED
    return {name: ledger[name].unit for name in picked}


def counting(figures: Iterable[str]) -> str:
    """Return the figure that hosts are told apart by: all that the MMU takes, or the first that was asked for."""
    names = list(figures)
    return TOTAL if TOTAL in names else names[0]
