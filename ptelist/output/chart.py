"""A line chart: a line a series, a band where a figure is open, marks at places of the axis below."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.ledger import Unit
from ptelist.errors import PtelistError
from ptelist.output import svg
from ptelist.output.svg import FAINT, GREY, Picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ptelist.output.note import Note

WIDTH, HEIGHT = 860, 500
LEFT, TOP, BOTTOM = 100, 60, 64
MOST_LINES = 40
MOST_MARKS = 64
KEY = 44
"""Pixels of a legend's line, with the gaps beside it."""

Places = list[tuple[float, float]]


class Series(NamedTuple):
    """One line."""

    name: str
    points: dict[str, tuple[int, int]]
    """Low and high by the label on the axis below."""


class Below(NamedTuple):
    """The axis below."""

    title: str
    places: dict[str, float]
    """Where each label is on it."""
    ticks: dict[float, str]
    holds: tuple[float, float] | None
    """How far before and behind its place a value holds: lines are steps then; None where it is open between points."""


class Chart(NamedTuple):
    """What is drawn, and what is written around it."""

    title: str
    meaning: str
    """What the figure is."""
    unit: Unit
    change: bool
    """Whether the values are changes of the figure."""
    below: Below
    series: Sequence[Series]
    marks: Sequence[tuple[float, str]] = ()
    """Words at places of the axis below."""


def draw(chart: Chart, notes: Sequence[Note], command: str) -> Picture:
    """Return the chart as a picture; raises PtelistError for more lines than can be told apart."""
    below, series = chart.below, chart.series
    if len(series) > MOST_LINES:
        raise PtelistError(f"a chart has at most {MOST_LINES} lines, this would have {len(series)}: take fewer values")
    names = [each.name for each in series if each.name]
    legend = max((len(name) for name in names), default=0) * svg.CHARACTER + (KEY + svg.MARGIN if names else 0)
    width = int(WIDTH + legend + svg.MARGIN)
    height = max(HEIGHT, TOP + svg.LINE * len(names) + BOTTOM)
    ends = [0, *(end for each in series for point in each.points.values() for end in point)]
    binary = chart.unit is Unit.BYTES
    step = svg.tick_step(min(ends), max(ends), binary=binary)
    bottom, top = min(ends) // step * step, -(-max(ends) // step) * step
    up = svg.Scale(bottom, top, height - BOTTOM, TOP)
    before, behind = below.holds or (0, 0)
    across = svg.Scale(min(below.places.values()) - before, max(below.places.values()) + behind, LEFT, WIDTH)
    parts = list(_frame(below, range(bottom, top + 1, step), up, across, binary=binary))
    unit = f"{'change in ' if chart.change else ''}{chart.unit.value}"
    middle = (TOP + height - BOTTOM) / 2
    parts.append(svg.text(20, middle, unit, "middle", f' transform="rotate(-90 20 {middle:.1f})"'))
    parts += _marks(chart.marks, up, across)
    for number, each in enumerate(series):
        parts += _drawn(number, each, below, up, across)
    open_ = any(low < high for each in series for low, high in each.points.values())
    titles = chart.title, f"{chart.meaning}{'; bands as far as it is open' if open_ else ''}"
    return Picture((width, height), titles, parts, notes, command)


def _frame(below: Below, marks: range, up: svg.Scale, across: svg.Scale, *, binary: bool) -> Iterator[str]:
    """Yield the axes, with their ticks and titles."""
    for mark in marks:
        y = up.at(mark)
        yield svg.line((LEFT, y), (WIDTH, y), GREY if mark == 0 else FAINT)
        yield svg.text(LEFT - 8, y + 4, svg.amount(mark, binary=binary), "end")
    yield svg.line((LEFT, up.start), (WIDTH, up.start), GREY)
    yield svg.line((LEFT, up.start), (LEFT, up.end), GREY)
    gap = 0.0
    for place, label in sorted(below.ticks.items()):
        x = across.at(place)
        half = len(label) * svg.CHARACTER / 2
        if x - half < gap:
            continue
        gap = x + half + svg.CHARACTER
        yield svg.line((x, up.start), (x, up.start + 5), GREY)
        yield svg.text(x, up.start + 20, label, "middle")
    yield svg.text((LEFT + WIDTH) / 2, up.start + 44, below.title, "middle", ' font-weight="bold"')


def _marks(marks: Iterable[tuple[float, str]], up: svg.Scale, across: svg.Scale) -> Iterator[str]:
    """Yield a line up at each place, with its words."""
    texts: list[str] = []
    for place, words in marks:
        x = across.at(place)
        yield svg.line((x, up.start), (x, up.end), GREY, ' class="break-even" stroke-dasharray="4 3"')
        y = up.end + 12 + svg.LINE * len(texts)
        left = x + len(words) * svg.CHARACTER > WIDTH
        texts.append(svg.text(x - 6 if left else x + 6, y, words, "end" if left else "start", svg.HALO))
    yield from texts


def _drawn(number: int, series: Series, below: Below, up: svg.Scale, across: svg.Scale) -> Iterator[str]:
    """Yield a series' line, its band where it is open, and its place in the legend."""
    colour = svg.COLOURS[number % len(svg.COLOURS)]
    dash = svg.DASHES[number // len(svg.COLOURS) % len(svg.DASHES)]
    look = f' stroke="{colour}" stroke-width="2" fill="none"' + (f' stroke-dasharray="{dash}"' if dash else "")
    ordered = sorted(series.points, key=lambda label: below.places[label])
    high, low = (
        _line([(below.places[label], up.at(series.points[label][end])) for label in ordered], below, across)
        for end in (1, 0)
    )
    name = f"data-name={svg.quoted(series.name or 'figure')}"
    if high != low:
        yield f'<polygon points="{_pairs(high + low[::-1])}" fill="{colour}" fill-opacity="0.2"/>'
        yield f'<polyline class="low" {name} points="{_pairs(low)}"{look}/>'
    yield f'<polyline class="high" {name} points="{_pairs(high)}"{look}/>'
    if below.holds is None and len(ordered) <= MOST_MARKS:
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in high)
    if series.name:
        y = TOP + svg.LINE * number + 8
        yield f'<line x1="{WIDTH + 12}" y1="{y}" x2="{WIDTH + KEY - 6}" y2="{y}"{look}/>'
        yield svg.text(WIDTH + KEY, y + 4, series.name)


def _line(points: Places, below: Below, across: svg.Scale) -> Places:
    """Return a line through points, or one that holds each value as far as it does, and steps there."""
    if below.holds is None:
        return [(across.at(place), y) for place, y in points]
    before, behind = below.holds
    return [(across.at(x), y) for place, y in points for x in (place - before, place + behind)]


def _pairs(points: Places) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
