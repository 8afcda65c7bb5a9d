"""A difference as steps from what was to what is, each with what it comes of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.breakdown import label
from ptelist.compare.comparison import change
from ptelist.compare.waterfall_tree import below, branch
from ptelist.engine.interval import Change, Interval
from ptelist.engine.ledger import Unit
from ptelist.engine.waterfall import waterfall
from ptelist.output import numbers
from ptelist.output.branches import Branch
from ptelist.output.sheet import Step, Waterfall

if TYPE_CHECKING:
    from ptelist.compare.comparison import Comparison
    from ptelist.engine.ledger import Term
    from ptelist.engine.waterfall import Step as Cause


def drawn(comparison: Comparison, figure: str, old: int, new: int) -> Waterfall | None:
    """Return what the difference of two columns, by their numbers, comes of; None where there is none."""
    names = comparison.columns[old].name, comparison.columns[new].name
    return of(names, comparison.ledgers[old][figure], comparison.ledgers[new][figure])


def of(names: tuple[str, str], old: Term, new: Term) -> Waterfall | None:
    """Return what the difference of two figures comes of, by what holds each."""
    cause = waterfall(old, new)
    if cause.change == (0, 0):
        return None
    parts = below(cause)
    told = parts if parts and all(part.amount is not None for part in parts) else (cause,)
    title = f"{new.name}, from {names[0]} to {names[1]}"
    steps = tuple(_step(part, old.unit) for part in told)
    return Waterfall(title, _total(names[0], old), steps, _total(names[1], new, change(old, new)))


def _step(cause: Cause, unit: Unit) -> Step:
    amount = cause.amount or cause.change
    name = label(cause.name) if cause.unit is Unit.BYTES else cause.name
    why = branch(cause)
    if cause.unit is not unit:
        name = f"{name} ({cause.unit.value})"
    return Step(name, *amount, (numbers.change(Change(*amount, None)),), why)


def _total(name: str, term: Term, against: Change | None = None) -> Step:
    cells = numbers.with_unit(term), numbers.percent(against)
    return Step(name, *Interval.of(term), tuple(filter(None, cells)), Branch(term.name, (), ()))
