"""A chart in characters, for a terminal: a sign a line, dots where a figure is open, marks up from the axis."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.ledger import Unit
from ptelist.output import svg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.output.chart import Below, Chart, Series

SIGNS = "*o+x#%@&"
"""Of the lines; of more they come again."""
LINE, OPEN, MARK, AXIS, CORNER = "-", ".", ":", "|", "+"
LEAST_WIDTH, LEAST_HEIGHT = 12, 4
"""Characters that the lines have at least."""

Grid = list[list[tuple[str, int | None]]]
"""Signs, each with the number of the line that it is of."""


class Drawn(NamedTuple):
    """A chart in characters."""

    rows: list[tuple[str, list[tuple[str, int | None]]]]
    """What stands before the axis, and what behind it."""
    below: list[str]
    """The axis, its labels and its title."""
    told: list[tuple[str, int | None]]
    """What marks and signs mean; a sign has the number of its line."""

    def __str__(self) -> str:
        """Return all lines."""
        rows = [f"{label} {AXIS}{''.join(sign for sign, _ in cells)}" for label, cells in self.rows]
        return "\n".join(line.rstrip() for line in (*rows, *self.below, *(text for text, _ in self.told)))


def draw(chart: Chart, width: int, height: int) -> Drawn:
    """Return a chart in lines of at most width, about so many."""
    told = list(_told(chart))
    ends = [0, *(end for each in chart.series for point in each.points.values() for end in point)]
    binary = chart.unit is Unit.BYTES
    step = svg.tick_step(min(ends), max(ends), binary=binary)
    bottom, top = min(ends) // step * step, max(-(-max(ends) // step) * step, min(ends) // step * step + step)
    ticks = {value: svg.amount(value, binary=binary) for value in range(bottom, top + 1, step)}
    margin = max(map(len, ticks.values()))
    rows = max(height - len(told) - 3, LEAST_HEIGHT)
    columns = max(width - margin - 2, LEAST_WIDTH)
    up = svg.Scale(bottom, top, rows - 1, 0)
    before, behind = chart.below.holds or (0, 0)
    places = chart.below.places.values()
    across = svg.Scale(min(places) - before, max(places) + behind, 0, columns - 1)
    grid: Grid = [[(" ", None)] * columns for _ in range(rows)]
    for place, _ in chart.marks:
        for row in grid:
            row[round(across.at(place))] = MARK, None
    for number, series in enumerate(chart.series):
        _series(grid, number, series, chart.below, (up, across))
    labels = {round(up.at(value)): label for value, label in ticks.items()}
    below = f"{CORNER}{LINE * columns}", f" {_below(chart.below, across, columns)}", f" {chart.below.title:^{columns}}"
    lines = [(f"{labels.get(number, ''):>{margin}}", row) for number, row in enumerate(grid)]
    return Drawn(lines, [f"{'':{margin}} {line}" for line in below], told)


def _series(grid: Grid, number: int, series: Series, below: Below, scales: tuple[svg.Scale, svg.Scale]) -> None:
    """Draw a line: its values with signs, what lies between them with dashes, what is open with dots."""
    up, across = scales
    sign = SIGNS[number % len(SIGNS)]
    points = sorted((below.places[label], *ends) for label, ends in series.points.items())
    if below.holds:
        before, behind = below.holds
        spans = [((place - before, low, high), (place + behind, low, high)) for place, low, high in points]
    else:
        spans = list(pairwise(points))
    for (left, *old), (right, *new) in spans:
        first, last = round(across.at(left)), round(across.at(right))
        for column in range(first, last + 1):
            part = (column - first) / max(last - first, 1)
            low, high = (round(up.at(a + part * (b - a))) for a, b in zip(old, new, strict=True))
            for row in range(high, low + 1):
                shown = OPEN if row not in {high, low} else sign if below.holds else LINE
                grid[row][column] = shown, number
    for place, low, high in () if below.holds else points:
        for value in (low, high):
            grid[round(up.at(value))][round(across.at(place))] = sign, number


def _below(below: Below, across: svg.Scale, columns: int) -> str:
    """Return the labels of the axis, as many as have room."""
    line = ""
    for place, label in sorted(below.ticks.items()):
        start = max(min(round(across.at(place)) - len(label) // 2, columns - len(label)), 0)
        if not line or start > len(line):
            line = f"{line:{start}}{label}"
    return line


def _told(chart: Chart) -> Iterator[tuple[str, int | None]]:
    """Yield what a mark is at, and which sign is which line's where there are several."""
    for _, words in chart.marks:
        yield f"{MARK} {words}", None
    for number, each in enumerate(chart.series):
        if each.name:
            yield f"{SIGNS[number % len(SIGNS)]} {each.name}", number
