"""What a difference of two figures comes of, step by step, down to the inputs that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from ptelist.engine.difference import SAME, difference, factors, paired, product_of, times
from ptelist.engine.ledger import Op, ceil_div, floor_div

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.engine.difference import Pair
    from ptelist.engine.interval import Interval
    from ptelist.engine.ledger import Term, Unit

    Share = tuple[Pair, Interval | None, Interval | None]
    """A part in both figures, its amount, and its factor, as a `Step` has them."""


class Step(NamedTuple):
    """One figure of which a difference comes."""

    old: Term | None
    """The figure before; None if there was none."""
    new: Term | None
    change: Interval
    """New less old, in the unit of this figure."""
    amount: Interval | None
    """How much of the difference above comes of it, in the unit of that; None where a rule cannot be taken apart.

    The amounts of a step's parts add up to its change, where that is one number.
    """
    factor: Interval | None
    """What the change is multiplied by to give the amount; None where the difference above is no product's."""
    parts: tuple[Step, ...]
    """What changed of its parts, the largest amount first."""

    @property
    def name(self) -> str:
        """Return the figure's name."""
        return self._either.name

    @property
    def unit(self) -> Unit:
        """Return what the figure counts."""
        return self._either.unit

    @property
    def _either(self) -> Term:
        return cast("Term", self.new or self.old)


def waterfall(old: Term, new: Term) -> Step:
    """Return what the difference of two figures comes of."""
    return _step(((old, new), difference(old, new), None))


def _step(share: Share) -> Step:
    (old, new), amount, factor = share
    parts = [_step(each) for each in _shares(old, new)] if old and new and old.op is new.op else []
    parts.sort(key=lambda step: -max(map(abs, step.amount or SAME)))
    return Step(old, new, difference(old, new), amount, factor, tuple(parts))


def _shares(old: Term, new: Term) -> Iterator[Share]:
    """Yield the parts that changed, each with what comes of it."""
    if old.op is Op.PRODUCT:
        yield from _factors(old, new)
    elif old.op in DIVIDE:
        yield from _quotient(old, new)
    else:
        pairs = [(pair, difference(*pair)) for pair in paired(old, new)]
        changed = [(pair, change) for pair, change in pairs if change != SAME]
        whole = difference(old, new) if len(changed) == 1 else None
        for pair, change in changed:
            yield pair, change if old.op is Op.SUM else whole, None


def _factors(old: Term, new: Term) -> Iterator[Share]:
    """Yield factors: one changes after the other, the first one while all others are as they were."""
    common, own, others = factors(old, new)
    if len(own) != len(others):
        return
    for n, pair in enumerate(zip(own, others, strict=True)):
        factor = product_of([*common, *others[:n], *own[n + 1 :]])
        yield pair, times(difference(*pair), factor), factor


def _quotient(old: Term, new: Term) -> Iterator[Share]:
    """Yield the dividend, which changes first, and the divisor."""
    (dividend, divisor), (above, below) = old.parts, new.parts
    between = DIVIDE[old.op](old.name, old.unit, above, divisor)
    for pair, amount in (
        ((dividend, above), difference(old, between)),
        ((divisor, below), difference(between, new)),
    ):
        if difference(*pair) != SAME:
            yield pair, amount, None


DIVIDE = {Op.CEIL_DIV: ceil_div, Op.FLOOR_DIV: floor_div}
