"""What an open figure is of slabs, or of lists: so many for each, and what is beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.ledger import Op, Term

if TYPE_CHECKING:
    from collections.abc import Iterable

ROUNDED_UP = frozenset((Op.CEIL_DIV, Op.PACKED))


def of_lists(term: Term) -> bool:
    """Return whether lists of open lengths are what a figure is, or among what it adds up."""
    return term.op is Op.LISTS or (term.op is Op.SUM and any(map(of_lists, term.parts)))


class Paid(NamedTuple):
    """A number of slabs, or another that is rounded up, times what there is for each, and what is beside.

    Or a number of descriptors in lists, times what there is for each.
    """

    slabs: Term
    each: int
    beside: int


def paid(term: Term) -> Paid | None:
    """Return what an open figure is of slabs; None if anything else in it is open, or other slabs are."""
    if term.op in ROUNDED_UP or of_lists(term):
        return Paid(term, 1, 0)
    if term.op is Op.PRODUCT:
        return scaled(term.parts)
    if term.op is Op.SUM:
        return _added(term.parts)
    if term.op is Op.REST and term.parts[2].exact and (found := scaled(term.parts[:2])):
        return found._replace(beside=found.beside - term.parts[2].low)
    return None


def scaled(factors: Iterable[Term]) -> Paid | None:
    """Return what a product is of slabs."""
    number = 1
    found: Paid | None = None
    for each in factors:
        if each.exact:
            number *= each.low
        elif found is None and (of_it := paid(each)):
            found = of_it
        else:
            return None
    return Paid(found.slabs, found.each * number, found.beside * number) if found else None


def _added(parts: Iterable[Term]) -> Paid | None:
    slabs: Term | None = None
    number = beside = 0
    for part in parts:
        if part.exact:
            beside += part.low
            continue
        found = paid(part)
        if found is None or not (slabs is None or slabs is found.slabs):
            return None
        slabs, number, beside = found.slabs, number + found.each, beside + found.beside
    return Paid(slabs, number, beside) if slabs else None
