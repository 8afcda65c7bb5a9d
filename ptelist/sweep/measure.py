"""One figure of many scenarios, in plain integers: its ends, and how it changes from one scenario to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.clause import touched
from ptelist.compare.comparison import change
from ptelist.engine.account import account, descriptors
from ptelist.engine.figure_kinds import DESC, is_aside
from ptelist.engine.interval import Change, Interval, Ratio
from ptelist.engine.repeated import Repeated

if TYPE_CHECKING:
    from ptelist.engine.ledger import Term
    from ptelist.scenario.models import Scenario

Words = frozenset[str]
"""Those in the derivation of a figure."""


class Compared(NamedTuple):
    """A figure of two scenarios."""

    old: Interval
    new: Interval
    change: Change
    words: Words
    """Those of the new one."""


class Measure:
    """What measures a figure, and accounts for no more than it needs."""

    def __init__(self, figure: str) -> None:
        """Take a figure's name."""
        self.figure = figure
        self._work = descriptors if figure.startswith(f"{DESC}.") else account
        self._aside = is_aside(figure)
        self._alone, self._against = Repeated(self._of_one), Repeated(self._of_two)

    def term(self, scenario: Scenario) -> Term:
        """Return the figure with its derivation."""
        return self._work(scenario, aside=self._aside)[self.figure]

    def alone(self, scenario: Scenario) -> tuple[Interval, Words]:
        """Return the ends of the figure."""
        (low, high), words = self._alone(scenario)
        return Interval(low, high), words

    def against(self, old: Scenario, new: Scenario) -> Compared:
        """Return the figure of two scenarios, and how it changes."""
        (old_low, old_high, low, high, least, most, *ends), words = self._against(old, new)
        ratio = (Ratio(*ends[:2]), Ratio(*ends[2:])) if ends else None
        return Compared(Interval(old_low, old_high), Interval(low, high), Change(least, most, ratio), words)

    def _of_one(self, scenario: Scenario) -> tuple[tuple[int, ...], Words]:
        term = self.term(scenario)
        return (term.low, term.high), touched((term,))

    def _of_two(self, old: Scenario, new: Scenario) -> tuple[tuple[int, ...], Words]:
        """Return the ends of both figures and of the change, and those of its ratio if it has one."""
        before, after = self.term(old), self.term(new)
        found = change(before, after)
        ratio = [number for each in found.ratio or () for number in each]
        ends = before.low, before.high, after.low, after.high, found.low, found.high, *ratio
        return ends, touched((after,))
