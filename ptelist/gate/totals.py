"""All MMU metadata of each scenario, before and now: what a report tells whatever its budgets are of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.engine.difference import difference
from ptelist.engine.figure_kinds import TOTAL
from ptelist.engine.interval import Change, Interval, Ratio
from ptelist.engine.ledger import Unit
from ptelist.output import numbers, sentence
from ptelist.output.command_line import line
from ptelist.output.page import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.engine.ledger import Ledger, Term
    from ptelist.gate.causes import Causes


class Total(NamedTuple):
    """What a scenario takes in all."""

    scenario: str
    term: Term
    before: Interval
    growth: Interval | None
    causes: tuple[str, ...]
    words: tuple[str, ...]
    """Arguments and options that make the scenario."""

    @property
    def change(self) -> Change:
        """Return how it differs from what it was."""
        return change(self.term, self.before, self.growth)

    @property
    def moved(self) -> bool:
        """Return whether it may differ at all."""
        return self.change[:2] != (0, 0)

    def json(self) -> dict[str, Any]:
        """Return all of it for programs."""
        ends = {"before": self.before, "after": Interval.of(self.term), "change": Interval(*self.change[:2])}
        said = {name: {"low": low, "high": high} for name, (low, high) in ends.items()}
        return {"scenario": self.scenario, "figure": TOTAL, **said, "why": self.causes, "reproduce": self.reproduce()}

    def reproduce(self) -> str:
        """Return the command that shows how it follows."""
        return line(["explain", TOTAL, *self.words])


def change(term: Term, before: Interval, growth: Interval | None) -> Change:
    """Return how a figure differs from the baseline's, or where only ends are known how its high end does."""
    old, more = before.high, term.high - before.high
    low, high = growth or (more, more)
    if not old or term.unit is Unit.ORDER:
        return Change(low, high, None)
    return Change(low, high, (Ratio(low, old), Ratio(high, old)))


def total(  # noqa: PLR0913, PLR0917 -- what a total rests on
    name: str, term: Term, words: tuple[str, ...], before: Interval, derivation: Ledger | None, why: Causes | None
) -> Total:
    """Return the total of a scenario that both sides have; `derivation` is the ledger of the one before."""
    growth = Interval(*difference(derivation[TOTAL], term)) if derivation else None
    found = Total(name, term, before, growth, (), words)
    return found._replace(causes=tuple(why.of(term))) if why and found.moved else found


def table(found: Sequence[Total]) -> Table:
    """Return the totals with their signed changes."""
    rows = []
    for each in found:
        percent = numbers.percent(each.change)
        change = f"{numbers.change(each.change)}{f' ({percent})' if percent else ''}"
        rows.append((each.scenario, numbers.integer(each.before.high), numbers.integer(each.term.high), change))
    return Table(("scenario", "before", "now", "change"), tuple(rows), f"{TOTAL}, in bytes")


def most_moved(found: Sequence[Total]) -> Total | None:
    """Return the total that moved most, None if none did."""
    return max((each for each in found if each.moved), key=lambda each: max(map(abs, each.change[:2])), default=None)


def said(found: Sequence[Total], *, figures: int) -> str:
    """Return what became of the totals in a few words; `figures` is how many of those with a budget moved."""
    most = most_moved(found)
    if most is None:
        count = sentence.plural(figures, "figure")
        return f"{count} moved, no total did" if figures else "no figure moved"
    part = sentence.part(most.change)
    return f"{TOTAL} of {most.scenario} is {sentence.difference(most.change, most.term.unit, part)} than before"
