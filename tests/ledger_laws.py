"""What holds for every term of every ledger, worked out again from its parts."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from ptelist.engine.ledger import FILLERS, LEFT, Op, Term, Unit

if TYPE_CHECKING:
    from ptelist.engine.ledger import Ledger


def terms(figures: Ledger) -> list[Term]:
    """Return every term that any figure rests on, once."""
    seen: dict[int, Term] = {}
    todo = list(figures.values())
    while todo:
        term = todo.pop()
        if id(term) not in seen:
            seen[id(term)] = term
            todo += term.parts
    return list(seen.values())


def evaluated(term: Term) -> tuple[int, int]:
    """Work a term out from the ends of its parts, whatever it says itself."""
    lows, highs = [part.low for part in term.parts], [part.high for part in term.parts]
    if term.op == Op.SUM:
        return sum(lows), sum(highs)
    if term.op == Op.PRODUCT:
        return prod(lows), prod(highs)
    if term.op in {Op.CEIL_DIV, Op.FLOOR_DIV}:
        dividend, divisor = term.parts
        pairs = [(a, b) for a in (dividend.low, dividend.high) for b in (divisor.low, divisor.high)]
        up = term.op == Op.CEIL_DIV
        results = [a // b + (up and a % b > 0) for a, b in pairs]
        return min(results), max(results)
    if term.op == Op.PACKED:
        objects, room, *more = term.parts
        beside = {part.name: part.high for part in more}
        taken, fillers = objects.high + beside.get(LEFT, 0), beside.get(FILLERS, 1)
        apart = max(sum(-(-share // room.low) for share in (taken - n, *[1] * n)) for n in range(min(fillers, taken)))
        return -(-objects.low // room.low), min(apart, objects.high)
    return term.low, term.high


def follows_from_parts(figures: Ledger) -> None:
    """L9: every figure equals its operation on its parts, recursively; units are never mixed."""
    for term in terms(figures):
        assert (term.low, term.high) == evaluated(term), term.name
        units = [part.unit for part in term.parts]
        if term.op == Op.SUM:
            assert set(units) <= {term.unit}, f"{term.name} adds other units"
        if term.op == Op.PRODUCT:
            assert units.count(term.unit) == 1, f"{term.name} in {term.unit}"


def says_why(figures: Ledger) -> None:
    """No float; low <= high, low >= 0; a given value has its source, a rule its reason, an open figure an open part."""
    for term in terms(figures):
        assert type(term.low) is int
        assert type(term.high) is int
        assert 0 <= term.low <= term.high, term.name
        assert isinstance(term.unit, Unit)
        assert isinstance(term.op, Op)
        assert isinstance(term.name, str)
        assert term.name
        assert isinstance(term.note, str)
        assert term.exact is (term.low == term.high)
        if term.op in {Op.GIVEN, Op.RULE, Op.PACKED}:
            assert term.note, f"{term.name} has no source or reason"
        elif not term.exact:
            assert not all(part.exact for part in term.parts), f"{term.name} is open for no reason"
        if term.op == Op.GIVEN:
            assert not term.parts
