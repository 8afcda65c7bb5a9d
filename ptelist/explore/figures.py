"""What the screen shows of figures: the total taken apart, and what a difference comes of, each as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare import where_page
from ptelist.compare.breakdown import breakdown, label, largest
from ptelist.compare.comparison import share
from ptelist.compare.waterfall_tree import below
from ptelist.engine.difference import SAME
from ptelist.engine.figure_kinds import TOTAL
from ptelist.engine.interval import Change
from ptelist.engine.ledger import Unit
from ptelist.engine.waterfall import waterfall
from ptelist.output import bars, numbers
from ptelist.output.page import GAP, Table, barred, richest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ptelist.engine.interval import Interval
    from ptelist.engine.waterfall import Step
    from ptelist.explore.place import Place

Choices = tuple[tuple[str, ...], ...]
WHERE: Choices = (
    (" figure", " bytes", " human", " share"),
    (" figure", " bytes", " share"),
    (" figure", " human", " share"),
    (" figure", " shortly", " part"),
)
WATERFALL: Choices = ((" figure", " change", " was", " is"), (" figure", " change"))
"""Columns of both, richest first: as many as leave room for bars, if any do. A blank before a head leaves it out."""
NARROW = (" figure", " human")
LEAST_BAR, LEAST_NAME = 4, 22
"""Characters that a bar and a name keep beside figures that are wide open."""


class Shown(NamedTuple):
    """A table, and the figure of each row; a row of several together has none."""

    table: Table
    figures: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    """Of a difference, what each row is."""


NOTHING = Shown(Table(("",), ()), ())


def where(place: Place, rows: int, width: int) -> Shown:
    """Return the total of a place taken apart in so many rows at most, with shares and bars."""
    root = breakdown(place.ledger)
    tried = (list(where_page.lines(root, largest(root, most))) for most in range(rows, 0, -1))
    found = next((lines for lines in tried if len(lines) <= rows), [])
    ends = [each for _, _, each in found]
    columns = {f" {head.strip()}": cells for head, cells in where_page.cells(root, found).items()}
    columns[" shortly"] = [numbers.human_shortly(*each) for each in ends]
    columns[" part"] = [numbers.share_shortly(share(node.term, root.term)) if node else "" for _, node, _ in found]
    table = (
        _fitting(columns, WHERE, width - GAP - bars.LEAST)
        or _cut(columns, width - GAP - LEAST_BAR)
        or _fitting(columns, WHERE, width)
        or richest(columns, [NARROW], None)
    )
    return Shown(barred(table, ends, width, LEAST_BAR), tuple(node.figure if node else "" for _, node, _ in found))


def difference(old: Place, new: Place, width: int) -> Shown:
    """Return what the difference of the total comes of, as far as that adds up in bytes, with signed bars."""
    rows = list(_steps(waterfall(old.ledger[TOTAL], new.ledger[TOTAL]), "", 0))
    amounts = [step.amount or SAME for _, step in rows]
    columns = {
        " figure": [name for name, _ in rows],
        " change": [numbers.change(Change(*amount, None)) for amount in amounts],
        " was": [numbers.with_unit(step.old) if step.old else "none" for _, step in rows],
        " is": [numbers.with_unit(step.new) if step.new else "none" for _, step in rows],
    }
    table = (
        _fitting(columns, WATERFALL, width - GAP - bars.LEAST)
        or _fitting(columns, WATERFALL, width)
        or richest(columns, WATERFALL[-1:], None)
    )
    return Shown(_signed(table, amounts, width), tuple(step.name for _, step in rows), tuple(step for _, step in rows))


def _steps(step: Step, above: str, depth: int) -> Iterator[tuple[str, Step]]:
    """Yield a step and those below it, down to factors: what these come of is in other units."""
    yield f"{where_page.INDENT * depth}{label(step.name, above)}", step
    for part in below(step) if step.unit is Unit.BYTES and step.amount == step.change else ():
        if part.amount:
            yield from _steps(part, step.name, depth + 1)


def _fitting(columns: Mapping[str, Sequence[str]], choices: Choices, room: int) -> Table | None:
    """Return the richest table that fits, if one does."""
    tables = (richest(columns, [heads], None) for heads in choices)
    return next((table for table in tables if table.width() <= room), None)


def _cut(columns: Mapping[str, Sequence[str]], room: int) -> Table | None:
    """Return the shortest table, with names cut to what the other columns leave them, if that is enough to read."""
    table = richest(columns, WHERE[-1:], None)
    left = table.widths()[0] - max(table.width() - room, 0)
    if left < min(table.widths()[0], LEAST_NAME):
        return None
    names = [name if len(name) <= left else f"{name[: left - 1]}\u2026" for name in columns[" figure"]]
    return richest({**columns, " figure": names}, WHERE[-1:], None)


def _signed(table: Table, amounts: Sequence[Interval], width: int) -> Table:
    """Return a table with bars to the left for less and to the right for more."""
    room = min(width - table.width() - GAP, bars.MOST)
    if room < bars.LEAST:
        return table
    rows = tuple((*row, bar) for row, bar in zip(table.rows, bars.changes(amounts, room - 1), strict=True))
    return table._replace(head=(*table.head, ""), rows=rows, bars=True)
