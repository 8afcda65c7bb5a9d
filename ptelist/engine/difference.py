"""The difference of two figures, derived as they are: what both have in common cancels.

Derivations that are the same stand for one number, whatever it is: what is open in both columns for the same
reason is open once. Each step below is sound for any two figures, so that all that are possible hold together.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from ptelist.engine.interval import Interval
from ptelist.engine.ledger import FILLERS, LEFT, Op, Term
from ptelist.engine.paid import ROUNDED_UP, of_lists, paid, scaled
from ptelist.engine.splits import narrowed, whole_slabs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ptelist.engine.paid import Paid

Pair = tuple[Term | None, Term | None]
"""A part of the old figure and the one of the new figure that it is compared with; None where there is none."""
SAME = Interval(0, 0)
"""The difference of what is one number."""


def difference(old: Term | None, new: Term | None) -> Interval:
    """Return the least and the most of new - old, in their unit; a figure that is not there is 0."""
    if old is None:
        return Interval.of(new) if new else SAME
    if new is None:
        return Interval(-old.high, -old.low)
    if same(old, new):
        return SAME
    subtracted = Interval(new.low - old.high, new.high - old.low)
    if subtracted.low < subtracted.high and old.op is new.op and old.op in STEPS:
        return _both(subtracted, STEPS[old.op](old, new))
    return subtracted


def same(old: Term, new: Term) -> bool:
    """Return whether both are one number: what they are is known and equal, or they follow in the same way.

    Where a value was said does not matter, as long as it is known.
    """
    if old is new or (old.low == old.high == new.low == new.high):
        return True
    if old[:5] != new[:5] or old[6:] != new[6:] or len(old.parts) != len(new.parts):
        return False
    return all(map(same, old.parts, new.parts))


def paired(old: Term, new: Term) -> list[Pair]:
    """Return the parts of two sums by name, the first of a name with the first, those without a partner alone."""
    others: dict[str, list[Term]] = {}
    for part in new.parts:
        others.setdefault(part.name, []).append(part)
    pairs: list[Pair] = []
    for part in old.parts:
        partners = others.get(part.name)
        pairs.append((part, partners.pop(0) if partners else None))
    return pairs + [(None, part) for partners in others.values() for part in partners]


def factors(old: Term, new: Term) -> tuple[list[Term], list[Term], list[Term]]:
    """Return the factors that two products have in common, and the others of each, in the order of their names."""
    common, own, others = [], [], list(new.parts)
    for part in old.parts:
        partner = next((other for other in others if same(part, other)), None)
        if partner is None:
            own.append(part)
        else:
            common.append(part)
            others.remove(partner)
    return common, sorted(own, key=_name), sorted(others, key=_name)


def _name(term: Term) -> str:
    return term.name


def _sum(old: Term, new: Term) -> Interval:
    """Add up what parts change by; those that are paid for the same slabs change together."""
    found = _held(old, new)
    return _both(found, _rest(old, new)) if found.low < found.high else found


def _held(old: Term, new: Term) -> Interval:
    """Add up what was drawn, the same in both or not, and what is left."""
    return _added(difference(*pair) for pair in paired(old, new))


def _rest(old: Term, new: Term) -> Interval:
    """Change slabs times what each has, and what is beside them."""
    own, others = paid(old), paid(new)
    return _of_slabs(own, others) if own and others else Interval(new.low - old.high, new.high - old.low)


def _of_slabs(old: Paid, new: Paid) -> Interval:
    low, high = _weighed(old.slabs, new.slabs, old.each, new.each)
    beside = new.beside - old.beside
    return Interval(low + beside, high + beside)


def _product(old: Term, new: Term) -> Interval:
    """Keep the factors that both have; of what is left, change one after the other, from either end."""
    common, own, others = factors(old, new)
    (least, most), (fewest, greatest) = product_of(own), product_of(others)
    found = Interval(fewest - most, greatest - least)
    if len(own) == len(others):
        changes = [difference(*pair) for pair in zip(own, others, strict=True)]
        for first, last in ((others, own), (own, others)):
            steps = (times(change, product_of([*first[:n], *last[n + 1 :]])) for n, change in enumerate(changes))
            found = _both(found, _added(steps))
    if found.low < found.high and (before := scaled(own)) and (after := scaled(others)):
        found = _both(found, _of_slabs(before, after))
    return times(found, product_of(common))


def _quotient(old: Term, new: Term) -> Interval:
    """Change the dividend, then the divisor, or the other way round."""
    (x, d), (y, e) = old.parts, new.parts
    change, up = difference(x, y), old.op is Op.CEIL_DIV
    return _both(
        _added((_of_dividends(change, d), _of_divisors(y, d, e, up=up))),
        _added((_of_divisors(x, d, e, up=up), _of_dividends(change, e))),
    )


def _of_dividends(change: Interval, divisor: Term) -> Interval:
    """Return the change of x / d, rounded, when x changes by so much: that of x by d, rounded one way or the other."""
    low, high = change
    ends = divisor.low, divisor.high
    return Interval(min(low // end for end in ends), max(-(-high // end) for end in ends))


def _of_divisors(dividend: Term, old: Term, new: Term, *, up: bool) -> Interval:
    """Return the change of x / d, rounded, when d changes to e: x (1/e - 1/d), and less than 1 of rounding each way."""
    if same(old, new):
        return SAME
    least = _off(dividend.low, old.low, new.high, up=up), _off(dividend.high, old.low, new.high, up=up)
    most = _off(dividend.low, old.high, new.low, up=up), _off(dividend.high, old.high, new.low, up=up)
    return Interval(min(low for low, _ in least), max(high for _, high in most))


def _off(x: int, d: int, e: int, *, up: bool) -> Interval:
    """Return the bounds of x / e - x / d, each rounded; `up` if both are rounded up."""
    fewer, more = ((d - 1) * e, (e - 1) * d) if up else ((e - 1) * d, (d - 1) * e)
    change = x * (d - e)
    return Interval(-((fewer - change) // (d * e)), (change + more) // (d * e))


def _rounded_up(old: Term, new: Term) -> Interval:
    """Change a quotient; where the dividend is the same in both, look at all that it may be."""
    return _both(_quotient(old, new), _weighed(old, new, 1, 1))


def _packed(old: Term, new: Term) -> Interval:
    """Change what fills slabs, and the room in each.

    How objects are split among the fillers is open. Of the same objects it is the same in both, so that slabs with
    more room are no more. Where some are left among them, that holds only of slabs that lie whole in larger ones.
    """
    low, high = found = _weighed(old, new, 1, 1)
    (x, room, *more), (y, other, *_) = old.parts, new.parts
    d, e = room.low, other.low
    if difference(x, y) != SAME or not _alike(old, new) or (_left(more) and d % e and e % d):
        return found
    return Interval(low if e > d else max(low, 0), high if e < d else min(high, 0))


def _lists(old: Term, new: Term) -> Interval:
    return _weighed(old, new, 1, 1)


def _weighed(old: Term, new: Term, before: int, after: int) -> Interval:
    """Return how much more `after` times a new number is than `before` times an old one, neither less than 0.

    So slabs of other sizes are held against each other, in bytes, and so are lists of the same lengths in descriptors
    of other sizes: both are nearly in proportion to what is open.
    """
    if old.op is not new.op:
        return _apart(old, new, before, after)
    if old.op in ROUNDED_UP:
        return _filled(old, new, before, after)
    if old.op is Op.SUM and of_lists(old):
        return _added(_weighed_pair(*pair, before, after) for pair in paired(old, new))
    if old.lists and new.lists:
        if old.lists.level != new.lists.level:
            return _apart(old, new, before, after)
        from ptelist.engine.lists.histogram import change  # noqa: PLC0415 -- of what is measured only

        return Interval(*change(old.lists, new.lists, before, after))
    low, high = difference(old, new)
    ends = old.low, old.high
    return Interval(
        min((n + low) * after - n * before for n in ends), max((n + high) * after - n * before for n in ends)
    )


def _weighed_pair(old: Term | None, new: Term | None, before: int, after: int) -> Interval:
    if old and new:
        return _weighed(old, new, before, after)
    return times(difference(old, new), Interval(before, before) if old else Interval(after, after))


def _apart(old: Term, new: Term, before: int, after: int) -> Interval:
    """Return it of numbers that have nothing in common."""
    return Interval(new.low * after - old.high * before, new.high * after - old.low * before)


def _filled(old: Term, new: Term, before: int, after: int) -> Interval:
    """Return it of x / d and y / e, if each filler's share is rounded up once."""
    (x, room, *more), (y, other, *_) = old.parts, new.parts
    if not _alike(old, new):
        return _apart(old, new, before, after)
    fillers = next((part.high for part in more if part.name == FILLERS), 1)
    d, e, left = room.low, other.low, _left(more)
    low, high = _weighed(x, y, before * e, after * d)
    least = -(-(low - (left + fillers * (d - 1)) * before * e) // (d * e))
    most = (high + (left + fillers * (e - 1)) * after * d) // (d * e)
    if difference(x, y) == SAME:
        return Interval(*narrowed(least, most, x.low, x.high, left, fillers, d, e, before, after))
    return Interval(*whole_slabs(least, most, before, after))


def _left(parts: Iterable[Term]) -> int:
    """Return the most objects that are left of sheaves, of the parts of slabs that objects fill."""
    return next((part.high for part in parts if part.name == LEFT), 0)


def _alike(old: Term, new: Term) -> bool:
    """Return whether two quotients have exact divisors, and what else fills slabs is the same."""
    (_, room, *own), (_, other, *others) = old.parts, new.parts
    return room.exact and other.exact and len(own) == len(others) and all(map(same, own, others))


def _both(one: Interval, other: Interval) -> Interval:
    """Return what two intervals that hold have in common."""
    return Interval(max(one.low, other.low), min(one.high, other.high))


def _added(changes: Iterable[Interval]) -> Interval:
    low = high = 0
    for least, most in changes:
        low += least
        high += most
    return Interval(low, high)


def times(change: Interval, factor: Interval) -> Interval:
    """Return a change times a factor of 0 or more."""
    (low, high), (least, most) = change, factor
    return Interval(low * (most if low < 0 else least), high * (least if high < 0 else most))


def product_of(parts: Sequence[Term]) -> Interval:
    """Return the product of terms."""
    return Interval(prod(part.low for part in parts), prod(part.high for part in parts))


STEPS = {
    Op.SUM: _sum,
    Op.PRODUCT: _product,
    Op.CEIL_DIV: _rounded_up,
    Op.FLOOR_DIV: _quotient,
    Op.PACKED: _packed,
    Op.REST: _rest,
    Op.HELD: _held,
    Op.LISTS: _lists,
}
"""How the difference of two figures that follow by the same operation follows from their parts."""
