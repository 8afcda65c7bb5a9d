"""What a series changes and costs, in a sentence or two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.interval import Interval
from ptelist.engine.ledger import Unit
from ptelist.output import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.engine.interval import Change
    from ptelist.patch.costs import Cost
    from ptelist.patch.reply import Reply


def headline(reply: Reply) -> str:
    """Return which structs grow or shrink, and what that costs in each place."""
    sizes = [_size(*each) for each in reply.sizes()]
    text = f"{sentence.named(sizes)}. " if sizes else ""
    if not any(step.structs() or step.counts for step in reply.steps):
        return f"{_subject(reply)} changes no struct that ptelist knows, and what KVM's MMU takes stays the same."
    if all(not (cost.whole.low or cost.whole.high) for cost in reply.costs):
        return f"{text}What KVM's MMU takes stays the same."
    return f"{text}{_subject(reply)} {_costs(reply.costs)}."


def _subject(reply: Reply) -> str:
    return "The patch" if len(reply.steps) == 1 else "The series"


def _size(name: str, old: int, new: int) -> str:
    return f"{name} {'grows' if new > old else 'shrinks'} from {old:,} to {new:,} bytes"


def _costs(costs: Sequence[Cost]) -> str:
    """Return how much more or less each place takes; the verb is that of the first."""
    told = [f"{_difference(cost.whole)} on {cost.who}" for cost in costs]
    return f"{sentence.changes(costs[0].whole, Unit.BYTES)} {', '.join(told[:-1])} and {told[-1]}"


def _difference(change: Change) -> str:
    """Return how much more or less, as people say it: the table below tells it to the byte."""
    if change.low < 0 < change.high:
        return sentence.difference(change, Unit.BYTES)
    less = change.high <= 0
    ends = Interval(-change.high, -change.low) if less else Interval.of(change)
    words = sentence.brief(ends, Unit.BYTES), sentence.LESS if less else sentence.MORE, sentence.part(change)
    return "{} {} ({})".format(*words) if words[-1] else "{} {}".format(*words[:-1])
