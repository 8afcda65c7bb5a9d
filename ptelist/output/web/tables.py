"""Tables of HTML: numbers to the right, less and more in their colours, rows that can be sorted say in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output.page import VERDICTS
from ptelist.output.signed import Less, More, Number
from ptelist.output.web.elements import Markup, element, lines, scrolled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.output.page import Table

UNTITLED = "In numbers"
PAGE = 115
"""Characters of a table that a sheet of paper has room for, and a window; a wider one continues below itself."""


def draw(table: Table, key: str) -> tuple[str, list[Markup]]:
    """Return the title of a table and the table, which `key` names; one of a single column is a list."""
    if table.bars:
        head, *rows = (row[:-1] for row in (table.head, *table.rows))
        table = table._replace(head=head, rows=tuple(rows), bars=False)
    if len(table.head) == 1:
        items = (element("li", words) for (words,) in table.rows)
        return table.title or table.head[0], [element("ul", lines(items), class_="told")]
    title = table.title or UNTITLED
    return title, [scrolled(_table(panel, key), title) for panel in table.panels(PAGE)]


def _table(table: Table, key: str) -> Markup:
    numeric = [any(isinstance(row[place], Number) for row in table.rows) for place in range(len(table.head))]
    rows = [
        element("tr", *_cells(row, sortable=table.sortable), class_="strong" if number in table.strong else None)
        for number, row in enumerate(table.rows)
    ]
    head = element("thead", element("tr", *heads(table.head, numeric)))
    body = element("tbody", lines(rows))
    return element("table", lines((head, body)), aria_labelledby=key, data_sortable=table.sortable)


def heads(head: Sequence[str], numeric: Sequence[bool]) -> list[Markup]:
    """Return the heads of columns; one without words is that of the column before it too."""
    starts = [place for place, words in enumerate(head) if words or place == 0]
    ends = [*starts[1:], len(head)]
    found = []
    for start, end in zip(starts, ends, strict=True):
        span = end - start if end - start > 1 else None
        look = "number" if numeric[start] else None
        scope = "colgroup" if span else "col"
        found.append(element("th", head[start], scope=scope, colspan=span, class_=look))
    return found


def _cells(row: Sequence[str], *, sortable: bool) -> list[Markup]:
    label, *others = row
    first = element("th", verdict(label), scope="row")
    return [first, *(cell(each, sortable=sortable) for each in others)]


def cell(words: str, *, sortable: bool = False) -> Markup:
    """Return a cell with its colour, and with its order where rows can be sorted."""
    looks = ["number"] if isinstance(words, Number) else []
    looks += [name for name, kind in (("less", Less), ("more", More)) if isinstance(words, kind)]
    order = f"{words.order:.15g}" if sortable and isinstance(words, Number) else None
    return element("td", verdict(words), class_=" ".join(looks) or None, data_order=order)


def verdict(words: str) -> str:
    """Return a word for a verdict as a badge, any other words as they are."""
    meaning = VERDICTS.get(words)
    return element("span", words, class_=f"badge {meaning}") if meaning else words
