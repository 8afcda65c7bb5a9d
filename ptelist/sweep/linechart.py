"""A sweep as a line chart: a line a column, a band where a figure is open, a mark where it breaks even."""

from __future__ import annotations

from itertools import pairwise
from math import log2
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.ledger import Unit
from ptelist.errors import PtelistError
from ptelist.output import svg
from ptelist.output.note import Note
from ptelist.output.svg import FAINT, GREY
from ptelist.settings.catalog.meanings import MEANINGS
from ptelist.sweep.breakeven_page import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.sweep.sweep import Sweep

WIDTH, HEIGHT = 860, 500
LEFT, TOP, BOTTOM = 100, 60, 64
MOST_LINES = 40
MOST_MARKS = 64
KEY = 44
"""Pixels of a legend's line, with the gaps beside it."""

Places = list[tuple[float, float]]


class _Series(NamedTuple):
    name: str
    points: dict[str, tuple[int, int]]
    """Low and high by the label on the axis below."""


class _Below(NamedTuple):
    """The axis below."""

    name: str
    title: str
    places: dict[str, float]
    """Where each label is on it."""
    ticks: dict[float, str]
    holds: tuple[float, float] | None
    """How far before and behind its place a value holds: lines are steps then; None where it is open between points."""


def render(sweep: Sweep, delta: bool, log: bool) -> str:
    """Return the chart of the sweep's values, or with `delta` of its changes; `log`: the axis below by factors."""
    below, series = _arranged(sweep, delta, log)
    if len(series) > MOST_LINES:
        raise PtelistError(f"a chart has at most {MOST_LINES} lines, this would have {len(series)}: take fewer values")
    names = [each.name for each in series if each.name]
    legend = max((len(name) for name in names), default=0) * svg.CHARACTER + (KEY + svg.MARGIN if names else 0)
    width = int(WIDTH + legend + svg.MARGIN)
    height = max(HEIGHT, TOP + svg.LINE * len(names) + BOTTOM)
    ends = [0, *(end for each in series for point in each.points.values() for end in point)]
    binary = sweep.unit is Unit.BYTES
    step = svg.tick_step(min(ends), max(ends), binary=binary)
    bottom, top = min(ends) // step * step, -(-max(ends) // step) * step
    up = svg.Scale(bottom, top, height - BOTTOM, TOP)
    before, behind = below.holds or (0, 0)
    across = svg.Scale(min(below.places.values()) - before, max(below.places.values()) + behind, LEFT, WIDTH)
    parts = list(_frame(below, range(bottom, top + 1, step), up, across, binary=binary))
    unit = f"{'change in ' if delta else ''}{sweep.unit.value}"
    middle = (TOP + height - BOTTOM) / 2
    parts.append(svg.text(20, middle, unit, "middle", f' transform="rotate(-90 20 {middle:.1f})"'))
    parts += _break_evens(sweep, below, up, across)
    for number, each in enumerate(series):
        parts += _drawn(number, each, below, up, across)
    said = [Note("break-even", sentence(each, each.column)) for each in sweep.break_evens[:MOST_SAID]]
    open_ = any(low < high for each in series for low, high in each.points.values())
    titles = sweep.figure, f"{MEANINGS[sweep.figure]}{'; bands as far as it is open' if open_ else ''}"
    return svg.picture((width, height), titles, parts, [*said, *sweep.assumptions], sweep.command)


MOST_SAID = 3
"""So many break-evens are told below."""


def _arranged(sweep: Sweep, delta: bool, log: bool) -> tuple[_Below, list[_Series]]:
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
    return _below(axis, values, numeric, log), named


def _numeric(sweep: Sweep, name: str) -> bool:
    return all(type(point.values[name]) is int for point in sweep.points)


def _below(name: str, values: dict[str, int], numeric: bool, log: bool) -> _Below:
    """Return the axis below: by size, with round ticks; by factors, if that is asked for; words evenly."""
    ordered = sorted(values.values())
    if log and numeric and ordered[0] > 0:
        places = {label: log2(value) for label, value in values.items()}
        return _Below(name, f"{name} (logarithmic)", places, {place: label for label, place in places.items()}, None)
    places = {label: float(value) for label, value in values.items()}
    if not numeric:
        return _Below(name, name, places, {place: label for label, place in places.items()}, (0.5, 0.5))
    sizes = not all(label.isdigit() for label in values)
    ticks = [ordered[0], *svg.ticks(ordered[0], ordered[-1], binary=sizes)]
    whole = all(after - before == 1 for before, after in pairwise(ordered))
    return _Below(
        name, name, places, {tick: svg.amount(tick, binary=sizes) for tick in ticks}, (0, 1) if whole else None
    )


def _frame(below: _Below, marks: range, up: svg.Scale, across: svg.Scale, *, binary: bool) -> Iterator[str]:
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


def _break_evens(sweep: Sweep, below: _Below, up: svg.Scale, across: svg.Scale) -> Iterator[str]:
    """Yield a mark where a column begins to save for good, if that is not from the first value on."""
    texts: list[str] = []
    for each in sweep.break_evens:
        start = each.less_from
        if each.over.axis.name != below.name or start is None or start == each.over.low:
            continue
        x = across.at(log2(start) if below.title != below.name else start)
        yield svg.line((x, up.start), (x, up.end), GREY, ' class="break-even" stroke-dasharray="4 3"')
        words = f"{each.column} saves from {each.over.label(start)} on"
        y = up.end + 12 + svg.LINE * len(texts)
        place = (x - 6, y, words, "end") if x + len(words) * svg.CHARACTER > WIDTH else (x + 6, y, words, "start")
        texts.append(svg.text(*place, svg.HALO))
    yield from texts


def _drawn(number: int, series: _Series, below: _Below, up: svg.Scale, across: svg.Scale) -> Iterator[str]:
    """Yield a series' line, its band where it is open, and its place in the legend."""
    colour = svg.COLOURS[number % len(svg.COLOURS)]
    dash = svg.DASHES[number // len(svg.COLOURS) % len(svg.DASHES)]
    look = f' stroke="{colour}" stroke-width="2" fill="none"' + (f' stroke-dasharray="{dash}"' if dash else "")
    ordered = sorted(series.points, key=lambda label: below.places[label])
    high, low = (
        _line([(below.places[label], up.at(series.points[label][end])) for label in ordered], below, across)
        for end in (1, 0)
    )
    name = f'data-name="{series.name or "figure"}"'
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


def _line(points: Places, below: _Below, across: svg.Scale) -> Places:
    """Return a line through points, or one that holds each value as far as it does, and steps there."""
    if below.holds is None:
        return [(across.at(place), y) for place, y in points]
    before, behind = below.holds
    return [(across.at(x), y) for place, y in points for x in (place - before, place + behind)]


def _pairs(points: Places) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
