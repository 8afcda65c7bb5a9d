"""A sweep as tables: one axis with a bar, two as a grid; what was found between the points below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.output import bars, numbers
from ptelist.output.note import Note
from ptelist.output.numbers import UNITLESS
from ptelist.output.page import GAP, Document, Table
from ptelist.output.sentence import PAIR, named
from ptelist.output.signed import uncoloured
from ptelist.sweep import breakeven_page as breakeven

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.sweep.sweep import Point, Sweep

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
    if sweep.steps_not_searched:
        notes.append(Note("step", _not_searched(sweep)))
    if delta or sweep.compares:
        notes.append(Note("baseline", sweep.baseline))
    return Document(
        tuple(table.within(width) for table in tables),
        (*notes, *sweep.assumptions, Note("explain", f"{explain}, for one of these")),
        sweep.command,
    )


def _not_searched(sweep: Sweep) -> str:
    columns = named(sweep.steps_not_searched)
    return f"not searched{columns and f' for {columns}'}, {sweep.rows} has too many values"


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
        yield pair if width is None or pair.width() <= width else _down(sweep, rows, width)
        return
    if delta:
        bases = [label for label in across if all(points[label].change is None for points in rows.values())]
        across = [label for label in across if label not in bases]
    yield from _grid(sweep, rows, across, delta, width)


def _title(sweep: Sweep, delta: bool) -> str:
    return f"{sweep.figure}, {'change in ' if delta else ''}{sweep.unit.value}"


def _cells(sweep: Sweep, point: Point) -> tuple[str, str, str]:
    """Return a value, its change and that in percent; a change of no cost is neither good nor bad."""
    cells = numbers.interval(point.low, point.high), numbers.change(point.change), numbers.percent(point.change)
    return (cells[0], uncoloured(cells[1]), uncoloured(cells[2])) if sweep.unit in UNITLESS else cells


def _line(sweep: Sweep, delta: bool, width: int | None) -> Table:
    """Return one row a point, with its change if it is compared, and a bar."""
    compared = delta or sweep.compares
    head = (sweep.rows, *(() if delta else (sweep.unit.value,)), *(("change", "") if compared else ()))
    rows = []
    for point in sweep.points:
        value, *change = _cells(sweep, point)
        rows.append((point.row, *(() if delta else (value,)), *(change if compared else ())))
    table = Table(head, tuple(rows), _title(sweep, delta), sortable=True)
    return _barred(table, [point.ends(delta) for point in sweep.points], width, signed=delta)


def _pair(sweep: Sweep, by_row: ByRow, width: int | None) -> Table:
    """Return both columns side by side, the baseline first, with the change and its bar."""
    base = next(point.column for point in sweep.points if point.change is None)
    (other,) = set(sweep.column_labels()) - {base}
    head = (sweep.rows, *(f"{sweep.columns}={label}" for label in (base, other)), "change", "")
    rows = tuple(
        (label, _cells(sweep, points[base])[0], *_cells(sweep, points[other])) for label, points in by_row.items()
    )
    values = [points[other].ends(True) for points in by_row.values()]
    return _barred(Table(head, rows, _title(sweep, False), sortable=True), values, width, signed=True)


def _down(sweep: Sweep, by_row: ByRow, width: int | None) -> Table:
    """Return a row for each point, the baseline's first, where there is no room for both beside each other."""
    by_row = {
        label: dict(sorted(points.items(), key=lambda each: each[1].change is not None))
        for label, points in by_row.items()
    }
    head = (sweep.rows, sweep.columns, sweep.unit.value, "change", "")
    rows = [
        ("" if number else label, point.column, *_cells(sweep, point))
        for label, points in by_row.items()
        for number, point in enumerate(points.values())
    ]
    ends = [point.ends(True) for points in by_row.values() for point in points.values()]
    return _barred(Table(head, tuple(rows), _title(sweep, False)), ends, width, signed=True)


def _barred(plain: Table, values: Sequence[tuple[int, int] | None], width: int | None, *, signed: bool) -> Table:
    """Return a table with bars, as long as there is room; where there is none for the percents, without them."""
    if width is not None and plain.width() > width and plain.head[-1] == "":
        head, *rows = (row[:-1] for row in (plain.head, *plain.rows))
        plain = plain._replace(head=head, rows=tuple(rows))
    room = bars.MOST if width is None else min(width - plain.width() - GAP, bars.MOST)
    if room < bars.LEAST:
        return plain
    drawn = (bars.changes if signed else bars.bars)(values, room - 1)
    rows_ = tuple((*row, bar) for row, bar in zip(plain.rows, drawn, strict=True))
    return plain._replace(head=(*plain.head, ""), rows=rows_, bars=True)


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
    shown = slice(1, 2 + single) if delta else slice(0, 1)
    cells = (
        (label, *(text for column in across for text in _cells(sweep, points[column])[shown]))
        for label, points in rows.items()
    )
    table = Table(tuple(head), tuple(cells), _title(sweep, delta), sortable=True)
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
        "steps_not_searched": sweep.steps_not_searched,
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
