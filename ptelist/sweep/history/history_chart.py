"""A figure over kernel versions as a chart of steps, the largest of them named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output import chart
from ptelist.output.chart import Below, Chart, Series
from ptelist.settings.catalog.meanings import MEANINGS
from ptelist.sweep.history.page import changed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.output.note import Note
    from ptelist.output.svg import Picture
    from ptelist.sweep.history.eras import Era

MOST_NAMED, SMALLEST = 4, 20
"""So many steps are named in the chart: the largest ones, and none below a twentieth of the largest."""


def draw(eras: Sequence[Era], notes: Sequence[Note], command: str) -> Picture:
    """Return the picture of a figure over the versions of its eras."""
    return chart.draw(charted(eras), notes, command)


def charted(eras: Sequence[Era]) -> Chart:
    """Return what is drawn: steps, the largest of them named."""
    points = {version: (era.term.low, era.term.high) for era in eras for version in era.versions}
    places = {version: float(number) for number, version in enumerate(points)}
    below = Below("kernel", places, {place: version for version, place in places.items()}, (0.5, 0.5))
    term = eras[0].term
    named = list(_named(eras, places))
    return Chart(term.name, MEANINGS[term.name], term.unit, False, below, [Series("", points)], named)


def _named(eras: Sequence[Era], places: dict[str, float]) -> Iterator[tuple[float, str]]:
    """Yield where the largest steps are, and which input alone changes most there."""
    steps = sorted((era for era in eras if era.causes), key=lambda era: -era.causes[0].size)[:MOST_NAMED]
    steps = [era for era in steps if era.causes[0].size * SMALLEST >= steps[0].causes[0].size]
    for era in sorted(steps, key=lambda era: places[era.first]):
        yield places[era.first] - 0.5, f"{era.first}: {changed(era.causes[0])}"
