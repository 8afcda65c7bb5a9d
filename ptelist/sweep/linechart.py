"""A sweep as a line chart: a line a column, a band where a figure is open."""

from __future__ import annotations

from itertools import pairwise
from math import log2
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.ledger import Unit
from ptelist.errors import PtelistError
from ptelist.output import svg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.sweep.sweep import Sweep

WIDTH, HEIGHT = 860, 500
LEFT, TOP, BOTTOM = 110, 44, 64
MOST_LINES = 40
MOST_MARKS = 64
DOUBLING = 32
"""From this ratio of the ends on, an axis that grows by factors is drawn by them."""

GREY, FAINT = "#444444", "#dddddd"


class _Series(NamedTuple):
    name: str
    points: dict[str, tuple[int, int]]
    """Low and high by the label on the axis below."""


class _Below(NamedTuple):
    """The axis below: its title, and where each label is on it."""

    title: str
    places: dict[str, float]


def render(sweep: Sweep, delta: bool) -> str:
    """Return the chart of the sweep's values, or with `delta` of its changes."""
    below, series = _arranged(sweep, delta)
    if len(series) > MOST_LINES:
        raise PtelistError(f"a chart has at most {MOST_LINES} lines, this would have {len(series)}: take fewer values")
    names = [each.name for each in series if each.name]
    legend = max((len(name) for name in names), default=0) * svg.CHARACTER + (60 if names else 20)
    width = int(WIDTH + legend)
    height = max(HEIGHT, TOP + svg.LINE * len(names) + BOTTOM)
    ends = [end for each in series for point in each.points.values() for end in point]
    binary = sweep.unit is Unit.BYTES
    marks = svg.ticks(min(0, *ends), max(0, *ends), binary=binary)
    up = svg.Scale(min(0, *ends), max(0, *ends), height - BOTTOM, TOP)
    across = svg.Scale(min(below.places.values()), max(below.places.values()), LEFT, WIDTH)
    parts = [*_frame(below, marks, up, across, binary=binary)]
    middle = (TOP + height - BOTTOM) / 2
    unit = f"{'change in ' if delta else ''}{sweep.unit.value}"
    parts.append(svg.text(20, middle, unit, "middle", f' transform="rotate(-90 20 {middle:.1f})"'))
    for number, each in enumerate(series):
        parts += _drawn(number, each, below, up, across)
    return svg.picture((width, height), f"{sweep.figure}, {unit}", parts, sweep.assumptions, sweep.command)


def _arranged(sweep: Sweep, delta: bool) -> tuple[_Below, list[_Series]]:
    """Return the axis below, one with numbers if there is one, and a series for each value of the other."""
    swap = bool(sweep.columns) and not _numeric(sweep, sweep.rows) and _numeric(sweep, sweep.columns)
    axis, other = (sweep.columns, sweep.rows) if swap else (sweep.rows, sweep.columns)
    numeric = _numeric(sweep, axis)
    values: dict[str, int] = {}
    series: dict[str, dict[str, tuple[int, int]]] = {}
    for point in sweep.points:
        label, name = (point.column, point.row) if swap else (point.row, point.column)
        values.setdefault(label, point.values[axis] if numeric else len(values))
        ends = point.ends(delta)
        if ends:
            series.setdefault(name, {})[label] = ends
    named = [_Series(f"{other}={name}" if other else "", points) for name, points in series.items()]
    return _Below(axis, _places(values)), named


def _numeric(sweep: Sweep, name: str) -> bool:
    return all(type(point.values[name]) is int for point in sweep.points)


def _places(values: dict[str, int]) -> dict[str, float]:
    """Return where values are: evenly if they grow by factors, else by their size."""
    ordered = sorted(values.values())
    steps = [after / before for before, after in pairwise(ordered) if before > 0]
    if len(steps) == len(ordered) - 1 and ordered[0] > 0 and min(steps, default=0) > 1:
        grows = ordered[-1] / ordered[0] >= DOUBLING and max(steps) - min(steps) < 1
        if grows and len(ordered) > len(svg.DASHES):
            return {label: log2(value) for label, value in values.items()}
    return {label: float(value) for label, value in values.items()}


def _frame(below: _Below, marks: list[int], up: svg.Scale, across: svg.Scale, *, binary: bool) -> Iterator[str]:
    """Yield the axes, with their ticks and titles."""
    for mark in marks:
        y = up.at(mark)
        yield svg.line((LEFT, y), (WIDTH, y), GREY if mark == 0 else FAINT)
        yield svg.text(LEFT - 8, y + 4, svg.amount(mark, binary=binary), "end")
    yield svg.line((LEFT, up.start), (WIDTH, up.start), GREY)
    yield svg.line((LEFT, up.start), (LEFT, up.end), GREY)
    gap = 0.0
    for label, place in sorted(below.places.items(), key=lambda item: item[1]):
        x = across.at(place)
        half = len(label) * svg.CHARACTER / 2
        if x - half < gap:
            continue
        gap = x + half + svg.CHARACTER
        yield svg.line((x, up.start), (x, up.start + 5), GREY)
        yield svg.text(x, up.start + 20, label, "middle")
    yield svg.text((LEFT + WIDTH) / 2, up.start + 44, below.title, "middle", ' font-weight="bold"')


def _drawn(number: int, series: _Series, below: _Below, up: svg.Scale, across: svg.Scale) -> Iterator[str]:
    """Yield a series' line, its band where it is open, and its place in the legend."""
    colour = svg.COLOURS[number % len(svg.COLOURS)]
    dash = svg.DASHES[number // len(svg.COLOURS) % len(svg.DASHES)]
    look = f' stroke="{colour}" stroke-width="2" fill="none"' + (f' stroke-dasharray="{dash}"' if dash else "")
    ordered = sorted(series.points, key=lambda label: below.places[label])
    high, low = (
        [(across.at(below.places[label]), up.at(series.points[label][end])) for label in ordered] for end in (1, 0)
    )
    name = series.name or "figure"
    if high != low:
        yield f'<polygon points="{_pairs(high + low[::-1])}" fill="{colour}" fill-opacity="0.2"/>'
        yield f'<polyline class="low" data-name="{name}" points="{_pairs(low)}"{look}/>'
    yield f'<polyline class="high" data-name="{name}" points="{_pairs(high)}"{look}/>'
    if len(ordered) <= MOST_MARKS:
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in high)
    if series.name:
        y = TOP + svg.LINE * number + 8
        yield f'<line x1="{WIDTH + 16}" y1="{y}" x2="{WIDTH + 44}" y2="{y}"{look}/>'
        yield svg.text(WIDTH + 50, y + 4, series.name)


def _pairs(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
