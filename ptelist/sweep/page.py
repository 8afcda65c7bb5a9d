"""A sweep as tables: one axis with a bar, two as a grid; what was found between the points below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.note import Note
from ptelist.output import bars, numbers
from ptelist.output.page import GAP, Document, Table
from ptelist.sweep import breakeven_page as breakeven

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.sweep.sweep import Point, Sweep

PAIR = 2
MOST_SENTENCES = 3
"""Break-evens of more columns than this are told in a table."""

FIGURE_HEAD = ("low", "high", "unit", "change_low", "change_high")


def document(sweep: Sweep, delta: bool, explain: str, width: int | None) -> Document:
    """Return the sweep's values, or with `delta` its changes; None is an endless line."""
    tables = list(_tables(sweep, delta, width))
    notes = []
    if len(sweep.break_evens) > MOST_SENTENCES:
        tables.append(breakeven.table(sweep.break_evens))
    elif len(sweep.break_evens) > 1:
        notes += [Note("break-even", breakeven.sentence(each, each.column)) for each in sweep.break_evens]
    notes += [Note("step", breakeven.step(each)) for each in sweep.steps]
    if delta or sweep.compares:
        notes.append(Note("baseline", sweep.baseline))
    return Document(
        tuple(table.within(width) for table in tables),
        (*notes, *sweep.assumptions, Note("explain", f"{explain}, for one of these")),
        sweep.command,
    )


def _tables(sweep: Sweep, delta: bool, width: int | None) -> Iterator[Table]:
    """Yield the tables that fit: values and changes beside each other where there is room."""
    rows = _by_row(sweep)
    if not sweep.columns:
        yield _line(sweep, delta, width)
        return
    across = list(sweep.column_labels())
    plain = {point.column for point in sweep.points if point.change is None}
    if sweep.compares and len(across) == PAIR and len(plain) == 1 and not delta:
        pair = _pair(sweep, rows, width)
        if width is None or pair.width() <= width:
            yield pair
            return
        yield from _grid(sweep, rows, across, False, width)
        delta = True
    if delta:
        bases = [label for label in across if all(points[label].change is None for points in rows.values())]
        across = [label for label in across if label not in bases]
    yield from _grid(sweep, rows, across, delta, width)


def _title(sweep: Sweep, delta: bool) -> str:
    return f"{sweep.figure}, {'change in ' if delta else ''}{sweep.unit.value}"


def _cells(point: Point, delta: bool, percent: bool) -> list[str]:
    """Return a value, or a change, with its percent if that is wanted."""
    if not delta:
        return [numbers.interval(point.low, point.high)]
    return [numbers.change(point.change), *([numbers.percent(point.change)] if percent else [])]


def _line(sweep: Sweep, delta: bool, width: int | None) -> Table:
    """Return one row a point, with its change if it is compared, and a bar."""
    head = [sweep.rows]
    head += [] if delta else [sweep.unit.value]
    head += ["change", ""] if delta or sweep.compares else []
    rows = []
    for point in sweep.points:
        value = [] if delta else _cells(point, False, False)
        rows.append((point.row, *value, *(_cells(point, True, True) if delta or sweep.compares else [])))
    table = Table(tuple(head), tuple(rows), _title(sweep, delta))
    return _barred(table, [point.ends(delta) for point in sweep.points], width, signed=delta)


def _pair(sweep: Sweep, by_row: ByRow, width: int | None) -> Table:
    """Return both columns side by side, the baseline first, with the change and its bar."""
    base = next(point.column for point in sweep.points if point.change is None)
    (other,) = set(sweep.column_labels()) - {base}
    head = (sweep.rows, *(f"{sweep.columns}={label}" for label in (base, other)), "change", "")
    rows = tuple(
        (
            label,
            *_cells(points[base], False, False),
            *_cells(points[other], False, False),
            *_cells(points[other], True, True),
        )
        for label, points in by_row.items()
    )
    values = [points[other].ends(True) for points in by_row.values()]
    return _barred(Table(head, rows, _title(sweep, False)), values, width, signed=True)


def _barred(plain: Table, values: Sequence[tuple[int, int] | None], width: int | None, *, signed: bool) -> Table:
    """Return a table with bars, as long as there is room for."""
    room = bars.MOST if width is None else min(width - plain.width() - GAP, bars.MOST)
    if room < bars.LEAST:
        return plain
    drawn = (bars.changes if signed else bars.bars)(values, room - 1)
    rows = tuple((*row, bar) for row, bar in zip(plain.rows, drawn, strict=True))
    return Table((*plain.head, ""), rows, plain.title, bars=True)


ByRow = dict[str, dict[str, "Point"]]
"""Points by the label of their row, then by that of their column."""


def _by_row(sweep: Sweep) -> ByRow:
    rows: ByRow = {}
    for point in sweep.points:
        rows.setdefault(point.row, {})[point.column] = point
    return rows


def _grid(sweep: Sweep, rows: ByRow, across: list[str], delta: bool, width: int | None) -> Iterator[Table]:
    """Yield tables of as many columns as fit beside each other, all rows in each; a single one has bars."""
    single = len(across) == 1
    head = [sweep.rows]
    for label in across:
        head += [f"{sweep.columns}={label}", *([""] if delta and single else [])]
    cells = (
        (label, *(text for column in across for text in _cells(points[column], delta, single)))
        for label, points in rows.items()
    )
    table = Table(tuple(head), tuple(cells), _title(sweep, delta))
    if single:
        yield _barred(table, [points[across[0]].ends(delta) for points in rows.values()], width, signed=delta)
    else:
        yield from table.panels(width)


def body(sweep: Sweep) -> dict[str, Any]:
    """Return all points, and what was found between them."""
    return {
        "baseline": sweep.baseline,
        "figure": sweep.figure,
        "unit": sweep.unit.value,
        "points": [_point(point) for point in sweep.points],
        "break_evens": [each._asdict() | {"over": _span(each.over)} for each in sweep.break_evens],
        "steps": [
            {
                "column": each.column,
                "axis": each.over.axis.name,
                "at": each.at,
                "moved": [step._asdict() for step in each.moved],
            }
            for each in sweep.steps
        ],
    }


def _point(point: Point) -> dict[str, Any]:
    change = {"low": point.change.low, "high": point.change.high} if point.change else None
    return {"axes": point.values, "low": point.low, "high": point.high, "change": change}


def _span(over: Any) -> dict[str, Any]:
    return {"axis": over.axis.name, "low": over.low, "high": over.high, "step": over.step}


def rows(sweep: Sweep) -> Iterator[tuple[object, ...]]:
    """Return a row a point: its values on the axes, the figure and its change."""
    yield *sweep.points[0].values, "figure", *FIGURE_HEAD
    for point in sweep.points:
        change = (point.change.low, point.change.high) if point.change else ("", "")
        yield *point.values.values(), sweep.figure, point.low, point.high, sweep.unit.value, *change
