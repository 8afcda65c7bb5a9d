"""The figures between an input and what it moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ptelist.engine.ledger import Term


class Moved(NamedTuple):
    """One figure that moved."""

    figure: str
    before: Interval
    after: Interval


def steps(term: Term, before: Mapping[str, Interval]) -> list[Moved]:
    """Return the figures that a term rests on and that moved, causes before consequences, itself last."""
    moved: dict[str, Moved] = {}
    for each in _upwards(term):
        old, new = before.get(each.name), Interval.of(each)
        if old is not None and old != new:
            moved.setdefault(each.name, Moved(each.name, old, new))
    return list(moved.values())


def _upwards(term: Term) -> Iterator[Term]:
    """Yield all that a term rests on, parts before what they make, then the term."""
    for part in term.parts:
        yield from _upwards(part)
    yield term
