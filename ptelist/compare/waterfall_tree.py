"""A difference of one figure as a tree of lines: the largest part first, down to the inputs that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.engine.interval import Change, Interval
from ptelist.engine.waterfall import Step, waterfall
from ptelist.output import numbers
from ptelist.output.branches import Branch, draw
from ptelist.output.page import MAIL_WIDTH, Document
from ptelist.output.sheet import Reasons

if TYPE_CHECKING:
    from ptelist.compare.comparison import Comparison
    from ptelist.engine.ledger import Term

OLD, NEW = 0, 1
"""The columns whose figures are held against each other."""


def of(comparison: Comparison, figure: str) -> Step:
    """Return what the difference of a figure in the first two columns comes of."""
    return waterfall(comparison.ledgers[OLD][figure], comparison.ledgers[NEW][figure])


def document(comparison: Comparison, figure: str, width: int | None, depth: str | None) -> Document:
    """Return what the difference comes of; a step that was shown before is not unfolded again."""
    lines = draw(branch(of(comparison, figure)), width or MAIL_WIDTH, depth)
    return Document((), comparison.assumptions, comparison.command, lines)


def reasons(comparison: Comparison, figure: str) -> Reasons:
    """Return the same for a format that folds it."""
    root = branch(of(comparison, figure))
    return Reasons(f"What the difference of {figure} comes of", (root,), root.depth)


def between(old: Term, new: Term) -> Branch:
    """Return the difference of two figures as a tree of text."""
    return branch(waterfall(old, new))


def branch(step: Step) -> Branch:
    """Return a difference as a tree of text."""
    return _branch(step, "", alone=True, shown=set())


def _branch(step: Step, group: str, *, alone: bool, shown: set[tuple[Term | None, Term | None]]) -> Branch:
    """Return a step; `alone` if the whole difference above comes of it, so that its amount goes without saying."""
    text = f"{_short(step.name, group)}: {_said(step, alone=alone)}"
    key = step.old, step.new
    if step.parts and key in shown:
        return Branch(f"{text} (see above)", (), ())
    shown.add(key)
    parts = below(step)
    branches = [_branch(part, step.name, alone=len(parts) == 1, shown=shown) for part in parts]
    return Branch(text, () if parts else _sources(step), tuple(branches))


def below(step: Step) -> tuple[Step, ...]:
    """Return the parts of a step; instead of one that only gives the same numbers another name, its own parts."""
    while len(step.parts) == 1 and step.parts[0].parts and _ends(step.parts[0]) == _ends(step):
        (step,) = step.parts
    return step.parts


def _ends(step: Step) -> tuple[Interval | None, Interval | None]:
    old, new = (Interval.of(term) if term else None for term in (step.old, step.new))
    return old, new


def _short(name: str, above: str) -> str:
    """Return a name without the cache that the figure above it is of as well."""
    cache = f"{above.partition('.')[0]}."
    return name.removeprefix(cache)


def _said(step: Step, *, alone: bool) -> str:
    """Return the change with what it was and is, and what that makes of the difference above."""
    unit = "" if step.unit in numbers.UNITLESS else f" {step.unit.value}"
    text = f"{_signed(step.change)}{unit} ({_value(step.old)} -> {_value(step.new)})"
    if step.factor and step.factor != (1, 1):
        text += f", x {numbers.interval(*step.factor)} = {_signed(step.amount)}"
    elif step.amount and step.amount != step.change and not alone:
        text += f", which makes {_signed(step.amount)}"
    return text


def _signed(ends: Interval | None) -> str:
    return numbers.change(Change(*ends, None)) if ends else "?"


def _value(term: Term | None) -> str:
    return numbers.term(term) if term else "none"


def _sources(step: Step) -> tuple[str, ...]:
    """Return who says what a value was and what it is, once if both are the same."""
    sides = [(when, term.note) for when, term in (("was", step.old), ("is", step.new)) if term and term.note]
    notes = {note for _, note in sides}
    return tuple(notes) if len(notes) < len(sides) else tuple(f"{when}: {note}" for when, note in sides)


def body(comparison: Comparison, figure: str) -> dict[str, Any]:
    """Return the whole tree for programs."""
    return {
        "configs": [column.name for column in comparison.columns],
        "difference": _plain(of(comparison, figure)),
    }


def _plain(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "unit": step.unit.value,
        "old": _side(step.old),
        "new": _side(step.new),
        "change": step.change,
        "factor": step.factor,
        "amount": step.amount,
        "parts": [_plain(part) for part in step.parts],
    }


def _side(term: Term | None) -> dict[str, Any] | None:
    return {"low": term.low, "high": term.high, "note": term.note} if term else None
