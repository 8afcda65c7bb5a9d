"""A signed waterfall: from what was, step by step, to what is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.output.web import reasons
from ptelist.output.web.elements import Markup, element

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.output.sheet import Step, Waterfall

MARGIN = 0.15
"""Of what changes, that is left before it where the axis does not begin at 0."""
SEEN = 0.01
"""Of the axis, from which on it is drawn how far an end is open."""
BROKEN = "Bars with a gap are cut: they do not begin at 0, so their lengths cannot be compared."


class Bar(NamedTuple):
    """A step, from where to where its bar goes, and how far its end is open."""

    step: Step
    look: str
    start: float
    end: float
    low: float
    high: float


def draw(waterfall: Waterfall) -> tuple[str, list[Markup]]:
    """Return the title of a difference and the bars of its steps, each with what it comes of."""
    bars = list(_bars(waterfall))
    ends = [end for bar in bars for end in (bar.end, bar.low, bar.high)]
    low, high = min(ends), max(ends)
    broken = low > high - low
    base = low - MARGIN * (high - low or 1) if broken else min(low, 0.0)
    room = high - base or 1
    items = [element("li", _row(bar, base, room)) for bar in bars]
    note = [element("p", BROKEN, class_="fine")] if broken else []
    look = "waterfall broken" if broken else "waterfall"
    return waterfall.title, [element("ol", *items, class_=look), *note]


def _bars(waterfall: Waterfall) -> Iterator[Bar]:
    old, new = waterfall.old, waterfall.new
    at = (old.low + old.high) / 2
    yield Bar(old, "total", float("-inf"), at, old.low, old.high)
    for step in waterfall.steps:
        end = at + (step.low + step.high) / 2
        look = "less" if step.high <= 0 else "more" if step.low >= 0 else "either"
        yield Bar(step, look, at, end, at + step.low, at + step.high)
        at = end
    yield Bar(new, "total", float("-inf"), (new.low + new.high) / 2, new.low, new.high)


def _row(bar: Bar, base: float, room: float) -> Markup:
    """Return a step's name, its bar, how much it is, and folded below what it comes of."""

    def place(end: float) -> float:
        return max((end - base) / room, 0)

    start, end = sorted((place(bar.start), place(bar.end)))
    drawn = [element("i", class_=f"bar {bar.look}", style=f"--a:{start:.5g};--s:{end - start:.5g}")]
    low, high = place(bar.low), place(bar.high)
    if high - low >= SEEN:
        drawn.append(element("i", class_="open", style=f"--a:{low:.5g};--s:{high - low:.5g}"))
    first, *others = bar.step.cells
    amount = element("b", first, class_=f"amount {bar.look}")
    more = [element("span", " ", ", ".join(others), class_="fine")] if others else []
    row = (
        element("span", bar.step.name, class_="name"),
        element("span", *drawn, class_="track", aria_hidden="true"),
        element("span", amount, *more, class_="said"),
    )
    if not (bar.step.why.parts or bar.step.why.details):
        return element("div", *row, class_="row")
    folded = element("div", reasons.branch(bar.step.why, 9), class_="below")
    return element("details", element("summary", *row, class_="row"), folded)
