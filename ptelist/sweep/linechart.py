"""A sweep as a line chart: a line a column, a mark where it breaks even."""

from __future__ import annotations

from itertools import pairwise
from math import log2
from typing import TYPE_CHECKING

from ptelist.output import chart, svg
from ptelist.output.chart import Below, Chart, Series
from ptelist.output.note import Note
from ptelist.settings.catalog.meanings import MEANINGS
from ptelist.sweep.breakeven_page import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.output.svg import Picture
    from ptelist.sweep.sweep import Sweep

MOST_SAID = 3
"""So many break-evens are told below."""


def draw(sweep: Sweep, delta: bool, log: bool) -> Picture:
    """Return the picture of the sweep's values, or with `delta` of its changes; `log`: the axis below by factors."""
    said = [Note("break-even", sentence(each, each.column)) for each in sweep.break_evens[:MOST_SAID]]
    return chart.draw(charted(sweep, delta, log), [*said, *sweep.assumptions], sweep.command)


def charted(sweep: Sweep, delta: bool, log: bool, along: str = "") -> Chart:
    """Return what is drawn: a line a column, and where it breaks even; `along`: the axis that stands below."""
    name, below, series = _arranged(sweep, delta, log, along)
    marks = list(_break_evens(sweep, name, logarithmic=below.title != name))
    return Chart(sweep.figure, MEANINGS[sweep.figure], sweep.unit, delta, below, series, marks)


def _arranged(sweep: Sweep, delta: bool, log: bool, along: str) -> tuple[str, Below, list[Series]]:
    """Return the axis below, else one with numbers if there is one, and a series for each value of the other."""
    numbers_across = bool(sweep.columns) and not _numeric(sweep, sweep.rows) and _numeric(sweep, sweep.columns)
    swap = along == sweep.columns if along else numbers_across
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
    named = [Series(f"{other}={name}" if other else "", points) for name, points in series.items()]
    return axis, _below(axis, values, numeric, log), named


def _numeric(sweep: Sweep, name: str) -> bool:
    return all(type(point.values[name]) is int for point in sweep.points)


def _below(name: str, values: dict[str, int], numeric: bool, log: bool) -> Below:
    """Return the axis below: by size, with round ticks; by factors, if that is asked for; words evenly."""
    ordered = sorted(values.values())
    if log and numeric and ordered[0] > 0:
        places = {label: log2(value) for label, value in values.items()}
        return Below(f"{name} (logarithmic)", places, {place: label for label, place in places.items()}, None)
    places = {label: float(value) for label, value in values.items()}
    if not numeric:
        return Below(name, places, {place: label for label, place in places.items()}, (0.5, 0.5))
    sizes = not all(label.isdigit() for label in values)
    ticks = [ordered[0], *svg.ticks(ordered[0], ordered[-1], binary=sizes)]
    whole = all(after - before == 1 for before, after in pairwise(ordered))
    return Below(name, places, {tick: svg.amount(tick, binary=sizes) for tick in ticks}, (0, 1) if whole else None)


def _break_evens(sweep: Sweep, name: str, *, logarithmic: bool) -> Iterator[tuple[float, str]]:
    """Yield where a column begins to save for good, if that is not from the first value on."""
    for each in sweep.break_evens:
        start = each.less_from
        if each.over.axis.name == name and start is not None and start != each.over.low:
            yield log2(start) if logarithmic else start, f"{each.column} saves from {each.over.label(start)} on"
