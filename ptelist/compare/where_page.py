"""Where the bytes are, as a table whose first column is the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.compare.breakdown import label, largest
from ptelist.compare.comparison import share
from ptelist.output import numbers, plain
from ptelist.output.page import Table, barred, richest
from ptelist.settings.catalog.meanings import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.compare.breakdown import Node

    Row = tuple[str, Node | None, tuple[int, int]]
    """A label, a figure and its ends; several figures together have only these."""

ROWS = 16
"""Of a screen; the rest of it is for what they are, and what was assumed."""
FIRST_ROW = frozenset((0,))
"""The number of the total's row."""
INDENT = "  "
CHOICES = (
    ("figure", "bytes", " human", "share"),
    ("figure", "bytes", "share"),
    ("figure", " human", "share"),
    ("figure", " human"),
)
"""Columns that a table has, richest first; with all of them there may be bars."""


def tables(root: Node, width: int | None, *, whole: bool) -> tuple[Table, ...]:
    """Return the tree, as much of it as a screen has room for or all, and what its first parts are."""
    shown = None if whole else largest(root, ROWS)
    rows = list(lines(root, shown))
    legend = [
        f"{label(node.figure)}: {MEANINGS[node.figure]}" for node in root.parts if shown is None or node.figure in shown
    ]
    meanings = (plain.wrapped(text, width, INDENT) if width else text for text in legend)
    told = tuple((line,) for text in meanings for line in text.split("\n"))
    return _sized(root, rows, width), Table(("what they are",), told)


def lines(root: Node, shown: set[str] | None) -> Iterator[Row]:
    """Yield a row for each figure shown, and one for the others of its parent together."""
    yield label(root.figure), root, (root.term.low, root.term.high)
    yield from _below(root, shown, 1)


def _below(parent: Node, shown: set[str] | None, depth: int) -> Iterator[Row]:
    seen = [node for node in parent.parts if shown is None or node.figure in shown]
    if len(seen) == len(parent.parts) - 1:
        seen = list(parent.parts)
    for node in seen:
        yield f"{INDENT * depth}{label(node.figure, parent.figure)}", node, (node.term.low, node.term.high)
        yield from _below(node, shown, depth + 1)
    rest = [node.term for node in parent.parts if node not in seen]
    if rest and seen:
        ends = sum(term.low for term in rest), sum(term.high for term in rest)
        yield f"{INDENT * depth}({len(rest)} smaller)", None, ends


def _sized(root: Node, rows: Sequence[Row], width: int | None) -> Table:
    """Return the richest table that fits: bytes, human units, shares and bars, or some of them."""
    columns = cells(root, rows)
    table = richest(columns, CHOICES, width)._replace(strong=FIRST_ROW)
    return barred(table, [ends for _, _, ends in rows], width) if len(table.head) == len(columns) else table


def cells(root: Node, rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return what can be told of each row, by the heads of the columns."""
    return {
        "figure": [name for name, _, _ in rows],
        "bytes": [numbers.interval(*ends) for _, _, ends in rows],
        " human": [numbers.human(*ends) for _, _, ends in rows],
        "share": [numbers.share(share(node.term, root.term)) if node else "" for _, node, _ in rows],
    }


def body(node: Node) -> dict[str, Any]:
    """Return a tree for programs."""
    return {
        "figure": node.figure,
        "low": node.term.low,
        "high": node.term.high,
        "meaning": MEANINGS[node.figure],
        "parts": [body(part) for part in node.parts],
    }


def rows(node: Node, parent: str = "") -> Iterator[tuple[object, ...]]:
    """Yield a row for each figure: the figure, the one that it is part of, its ends, what it is."""
    yield node.figure, parent, node.term.low, node.term.high, MEANINGS[node.figure]
    for part in node.parts:
        yield from rows(part, node.figure)
