"""Between the points of a sweep: where a figure breaks even, and where slabs change their layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.moved import steps
from ptelist.engine.account import layouts
from ptelist.engine.interval import Interval
from ptelist.engine.ledger import Unit
from ptelist.engine.repeated import Repeated
from ptelist.settings.kinds import Choice
from ptelist.sweep.search import first, last

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.compare.moved import Moved
    from ptelist.scenario.models import Scenario
    from ptelist.settings.axes import Axis
    from ptelist.settings.kinds import Chosen
    from ptelist.settings.space import Space
    from ptelist.sweep.measure import Measure

MOST_TRIED = 20_000
"""Values that the searches of a sweep may try together, before they give up and say so."""

GROWING = frozenset(("vm.vcpus", "vm.vcpus_run", "vm.count"))
"""Fields of which more never takes less, of any figure but waste."""


class SearchRange(NamedTuple):
    """The whole numbers of an axis that are searched: first to last in steps."""

    axis: Axis
    low: int
    high: int
    step: int

    @property
    def last(self) -> int:
        """Return the greatest number of steps from `low`."""
        return (self.high - self.low) // self.step

    def at(self, number: int) -> int:
        """Return the value after so many steps from `low`."""
        return self.low + number * self.step

    def label(self, value: int) -> str:
        """Return how a value reads."""
        return self.axis.kind.show(value)


def search_range(axis: Axis, values: Sequence[int]) -> SearchRange:
    """Return the range of an axis's values: whole numbers, or sizes in the largest unit that they share."""
    return SearchRange(axis, min(values), max(values), axis.kind.step(values))


class Curve:
    """The scenarios along an axis, the other axes fixed."""

    def __init__(self, space: Space, chosen: Chosen, over: SearchRange) -> None:
        """Take a point of the space, and the range that runs through it."""
        self._space, self._chosen, self.over = space, chosen, over

    def scenario(self, number: int) -> Scenario:
        """Return the one after so many steps."""
        value = self.over.at(number)
        here = {self.over.axis.name: Choice(self.over.label(value), value)}
        return self._space.scenario(self._chosen | here)


class BreakEven(NamedTuple):
    """Where a figure of one column is less than that of another, over every value of a range.

    Values are None where there is none such.
    """

    column: str
    baseline: str
    over: SearchRange
    tried: bool
    """False if the search was given up."""
    maybe_first: int | None = None
    """The first value at which it may be less."""
    less_first: int | None = None
    """The first value at which it is less, whatever is open."""
    less_from: int | None = None
    """From here to the end it always is."""
    page_first: int | None = None
    """The first value at which a page is saved, whatever is open; for bytes."""
    more_last: int | None = None
    """The last value at which it may be more."""


Known = dict[int, tuple[Interval, Interval, Interval]]
"""By steps along an axis: the ends of a change, of the old figure and of the new one."""

LOW, HIGH = 0, 1


class _TooManyError(Exception):
    """The searches have tried as many values as they may."""


class Tries:
    """How many values the searches of a sweep may still try."""

    def __init__(self) -> None:
        """Start with all of them."""
        self.left = MOST_TRIED

    def take(self, count: int) -> bool:
        """Return whether so many are left; they are taken."""
        enough = count <= self.left
        self.left -= count if enough else 0
        return enough


class _Gap:
    """The change from one curve to another, by steps along their axis.

    The search need not try every step of a figure that only grows along the axis. From step p to step q
    the old figure lies between its values at p and q, and so does the new one. The change, new less old,
    is then never below new(p) - old(q), and never above new(q) - old(p). With old 8..12 and new 5..6, it
    is between 5 - 12 = -7 and 6 - 8 = -2: a search for a change of 0 or more skips all these steps.
    """

    def __init__(self, curves: tuple[Curve, Curve], measure: Measure, known: Known, tries: Tries) -> None:
        over = curves[0].over
        self._curves, self._measure, self._last = curves, measure, over.last
        self._growing = over.axis.path in GROWING and ".waste" not in measure.figure
        self._known, self._tries = known, tries

    def _at(self, number: int) -> tuple[Interval, Interval, Interval]:
        """Return the ends of the change, of the old figure and of the new one."""
        ends = self._known.get(number)
        if ends is None:
            if not self._tries.take(1):
                raise _TooManyError
            old, new = (curve.scenario(number) for curve in self._curves)
            found = self._measure.against(old, new)
            ends = self._known[number] = Interval.of(found.change), found.old, found.new
        return ends

    def first_below(self, limit: int, end: int) -> int | None:
        """Return the first step at which the change's low (0) or high (1) end is below a limit."""

        def possible(start: int, stop: int) -> bool:
            return not self._growing or self._at(start)[2][LOW] - self._at(stop)[1][HIGH] < limit

        return first(0, self._last, lambda n: self._at(n)[0][end] < limit, possible)

    def last_reaching(self, limit: int) -> int | None:
        """Return the last step at which the change's high end is a limit or more."""

        def possible(start: int, stop: int) -> bool:
            return not self._growing or self._at(stop)[2][HIGH] - self._at(start)[1][LOW] >= limit

        return last(0, self._last, lambda n: self._at(n)[0][HIGH] >= limit, possible)


def break_even(  # noqa: PLR0913, PLR0917 -- two curves, their names, and what is known of them
    names: tuple[str, str],
    curves: tuple[Curve, Curve],
    measure: Measure,
    unit: Unit,
    page: int,
    known: Known,
    tries: Tries,
) -> BreakEven:
    """Return where a figure of the second curve is below that of the first; `names` are those of both.

    `page` is a page's bytes, `known` what needs not be worked out again, `tries` what may be beside it.

    Every value of the range counts: where more never takes less, whole stretches are ruled out by
    their ends; else each value is tried.
    """
    gap, over = _Gap(curves, measure, known, tries), curves[0].over
    try:
        reaching = gap.last_reaching(0)
        less_from = 0 if reaching is None else reaching + 1
        steps_ = (
            gap.first_below(0, LOW),
            gap.first_below(0, HIGH),
            less_from if less_from <= over.last else None,
            gap.first_below(1 - page, HIGH) if unit is Unit.BYTES else None,
            gap.last_reaching(1),
        )
    except _TooManyError:
        return BreakEven(names[1], names[0], over, tried=False)
    places = (None if step is None else over.at(step) for step in steps_)
    return BreakEven(names[1], names[0], over, True, *places)


class LayoutStep(NamedTuple):
    """A value of an axis from which on slabs are laid out anew, with the figures that moved, causes first."""

    column: str
    over: SearchRange
    at: int
    moved: tuple[Moved, ...]


def layout_steps(column: str, curve: Curve, names: Sequence[str]) -> Iterator[LayoutStep]:
    """Yield where the slab order of a cache, of which these are the names, changes; every value of the range tried."""
    over = curve.over
    orders = Repeated(lambda scenario: ([layouts(scenario)[name].low for name in names], None))
    scenario = curve.scenario(0)
    before, _ = orders(scenario)
    for number in range(1, over.last + 1):
        scenario, last = curve.scenario(number), scenario
        after, _ = orders(scenario)
        for name, old, new in zip(names, before, after, strict=True):
            if old != new:
                known = {term.name: Interval.of(term) for term in layouts(last)[name].walk()}
                moved = steps(layouts(scenario)[name], known)
                yield LayoutStep(column, over, over.at(number), tuple(moved))
        before = after
