"""A whole and its parts: an icicle, in which each is as wide as it is large, and below it a table of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.output.web import reasons
from ptelist.output.web.elements import Markup, element, lines, scrolled
from ptelist.output.web.tables import cell, heads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.output.sheet import Part, Whole

COLOURS = 6
ROOT = "whole"
"""The look of the whole; those of its parts, and of theirs, are k0, k1, ..."""
POINTED_AT = "the part pointed at"
"""The name of what the script tells of a part."""


class Placed(NamedTuple):
    """A part, and where it is drawn: the whole goes from 0 to 1."""

    part: Part
    look: str
    depth: int
    start: float
    size: float


def draw(whole: Whole, key: str) -> tuple[str, list[Markup]]:
    """Return the title of a whole, its icicle, and the table of its parts, folded if it is to be."""
    places = {f"{key}-{number}": place for number, place in enumerate(_placed(Placed(whole.root, ROOT, 0, 0.0, 1.0)))}
    depth = max(place.depth for place in places.values()) + 1
    links = element("div", *(_link(*each) for each in places.items()), class_="icicle", style=f"--depth:{depth}")
    facts = element(
        "div", class_="facts", role="group", aria_label=POINTED_AT, tabindex=0, aria_live="polite", hidden=True
    )
    picture = element("div", links, facts, class_="drawn", data_drawn=True)
    table = scrolled(_table(whole, places, key), whole.title)
    if whole.folded:
        table = element("details", element("summary", "Each part in numbers, and how it follows"), table)
    return whole.title, [picture, table]


def _placed(place: Placed) -> Iterator[Placed]:
    """Yield a part before its own parts, which share its room by their most: together they may be more than it."""
    yield place
    parts = place.part.parts
    room = max(place.part.high, sum(part.high for part in parts), 1)
    names = sorted(part.name for part in parts)
    start = place.start
    for part in parts:
        size = place.size * part.high / room
        look = f"k{names.index(part.name) % COLOURS}" if place.look == ROOT else place.look
        yield from _placed(Placed(part, look, place.depth + 1, start, size))
        start += size


def _link(key: str, place: Placed) -> Markup:
    """Return a part as a link to its row: without the script it leads there."""
    part = place.part
    sure = part.low / part.high if part.high else 1
    style = f"--d:{place.depth};--a:{place.start:.5g};--s:{place.size:.5g};--sure:{sure:.3g}"
    words = element("b", part.name), " ", element("span", ", ".join(filter(None, part.cells[1:])))
    return element("a", *words, href=f"#{key}", class_=place.look, style=style)


def _table(whole: Whole, places: dict[str, Placed], key: str) -> Markup:
    head = heads(("part", *whole.head), [False, *[True] * len(whole.head)])
    rows = (row for each in places.items() for row in _rows(*each))
    body = element("tbody", lines(rows))
    return element("table", element("thead", element("tr", *head)), body, class_="parts", aria_labelledby=key)


def _rows(key: str, place: Placed) -> Iterator[Markup]:
    """Yield a part's numbers, and below them what it is, with its derivation."""
    part = place.part
    label = element("span", class_=f"key {place.look}")
    name = element("th", label, part.name, scope="row", style=f"--d:{place.depth}")
    yield element("tr", name, *map(cell, part.cells), id=key)
    why = element("details", element("summary", part.about), element("div", reasons.below(part.why, 1), class_="tree"))
    yield element("tr", element("td", why, colspan=len(part.cells) + 1, style=f"--d:{place.depth}"), class_="why")
