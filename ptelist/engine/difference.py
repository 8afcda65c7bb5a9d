"""The difference of two figures: what both have in common cancels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.ledger import Op

if TYPE_CHECKING:
    from ptelist.engine.ledger import Term


def difference(old: Term, new: Term) -> tuple[int, int]:
    """Return the least and the most of new - old, in their unit.

    Equal derivations differ by 0: what they leave open is open once. Sums of the same
    parts differ by what their parts do. All else is taken as independent.
    """
    if old is new or old == new:
        return 0, 0
    low, high = new.low - old.high, new.high - old.low
    if low == high:
        return low, high
    if old.op is Op.SUM is new.op and [part.name for part in old.parts] == [part.name for part in new.parts]:
        parts = [difference(*pair) for pair in zip(old.parts, new.parts, strict=True)]
        low, high = max(low, sum(part[0] for part in parts)), min(high, sum(part[1] for part in parts))
    return low, high
