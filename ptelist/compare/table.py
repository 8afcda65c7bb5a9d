"""The one builder of tables: it picks the layout that fits, and crops nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare import cells
from ptelist.compare.breakdown import label
from ptelist.compare.cells import MOST_BESIDE, STRONG, Row
from ptelist.compare.comparison import pick_common
from ptelist.compare.parts import moved
from ptelist.compare.usual import (
    AGED_BRIEFS,
    BRIEFS,
    PAIR_FIGURES,
    SEVERAL_FIGURES,
    TYPICAL_BYTES,
    TYPICAL_SLABS,
    Figures,
    with_simulated,
)
from ptelist.engine.figure_kinds import DESC, DESC_TOTAL, TOTAL
from ptelist.output.note import Note
from ptelist.output.page import Document, Table
from ptelist.output.sentence import PAIR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ptelist.compare.comparison import Comparison

CHANGE = "    change"


def document(
    comparison: Comparison,
    wanted: Figures,
    width: int | None,
    usual: Figures = (),
    briefs: tuple[Figures, ...] = (),
) -> Document:
    """Return the comparison in the first layout that fits in `width` columns; None: no limit.

    Figures as rows, else columns as rows, at last each value of a figure below its name, parts of the total
    only where no table of them fits: a value and its change stay together. If none is wanted, it is the
    figures of `usual`, or `briefs` of them, richest first, with one row a column; without these,
    pte_list_desc and the total with its parts.
    """
    picked = tuple(pick_common(comparison, wanted))
    if picked:
        layouts = _of_figures(comparison, picked)
    elif usual:
        layouts = _of_usual(comparison, usual, briefs)
    else:
        layouts = _of_total(comparison, width)
    for tables in layouts:
        if width is None or all(table.width() <= width for table in tables):
            break
    return Document(tuple(table.within(width) for table in tables), _notes(comparison), comparison.command)


def _notes(comparison: Comparison) -> tuple[Note, ...]:
    if len(comparison.columns) == 1:
        return comparison.assumptions
    return (Note("baseline", comparison.baseline), *comparison.assumptions)


def _of_figures(comparison: Comparison, figures: Figures) -> Iterator[list[Table]]:
    """Yield layouts of the figures that are wanted: more columns than figures are rows."""
    across = list(_beside(comparison, cells.plain_rows(figures)))
    down = [
        [_below(comparison, each, each, percents=percents) for each in sets]
        for percents in (True, False)
        for sets in ([figures], [(figure,) for figure in figures])
    ]
    yield from (*down, *across) if len(comparison.columns) > max(len(figures), PAIR) else (*across, *down)
    yield from _blocks(comparison, figures)


def _of_usual(comparison: Comparison, usual: Figures, briefs: tuple[Figures, ...]) -> Iterator[list[Table]]:
    yield from _beside(comparison, cells.plain_rows(usual))
    for percents in (True, False):
        yield from ([_below(comparison, brief, (DESC_TOTAL,), percents=percents)] for brief in briefs)
    yield from _blocks(comparison, briefs[-1])


def _of_total(comparison: Comparison, width: int | None) -> Iterator[list[Table]]:
    """Yield layouts of pte_list_desc and of the total with its parts; the total is in each."""
    several = len(comparison.columns) > PAIR
    usual: Figures = SEVERAL_FIGURES if several else PAIR_FIGURES
    briefs: tuple[Figures, ...] = BRIEFS
    if any(TYPICAL_SLABS in ledger for ledger in comparison.ledgers):
        usual, briefs = with_simulated(usual), AGED_BRIEFS
    yield from _beside(comparison, cells.usual_rows(comparison, usual))
    totals = (DESC_TOTAL, TOTAL)
    changed, besides = _moved(comparison, width), _besides(comparison, width)
    below = [*changed, *besides[:1]]
    for brief in briefs:
        yield [_below(comparison, (*brief, TOTAL), totals), *below]
    if len(comparison.columns) > MOST_BESIDE:
        yield [_below(comparison, totals, totals, percents=False)]
    for percents in (True, False):
        for brief in briefs:
            apart = ((brief, (DESC_TOTAL,)), ((TOTAL,), (TOTAL,)))
            tables = [_below(comparison, *each, percents=percents) for each in apart]
            yield [tables[0], *_simulated(comparison, brief), *tables[1:], *below]
    if changed:
        yield from ([*blocks, *changed, *besides] for blocks in _blocks(comparison, totals))
    figures = (*totals, *moved(comparison), *cells.differing(comparison))
    yield from _blocks(comparison, figures)


def _simulated(comparison: Comparison, brief: Figures) -> list[Table]:
    """Return what is simulated of hosts with a history, in a table of its own if the other figures leave no room."""
    if TYPICAL_BYTES in brief or not any(TYPICAL_SLABS in ledger for ledger in comparison.ledgers):
        return []
    return [_below(comparison, (TYPICAL_SLABS, TYPICAL_BYTES), ())]


def _beside(comparison: Comparison, rows: list[Row]) -> Iterator[list[Table]]:
    """Yield figures as rows: the change of a pair of columns beside them, else each below its value."""
    count = len(comparison.columns)
    order = sorted(range(count), key=lambda n: comparison.columns[n].baseline != n) if count == PAIR else range(count)
    if count == PAIR:
        yield [_inline(comparison, rows, order)]
    if count <= MOST_BESIDE:
        yield [_interleaved(comparison, rows, order, percents=True)]
        yield [_interleaved(comparison, rows, order, percents=False)]


def _heads(comparison: Comparison, order: Iterable[int], first: str) -> tuple[str, ...]:
    """Return the heads of columns; the axis that they vary on is said once, if it is one and they are many."""
    columns = [comparison.columns[number] for number in order]
    axes = {name for column in columns for name in column.axes}
    (axis,) = axes if len(axes) == 1 else ("",)
    if axis and len(columns) > PAIR and all(column.name == f"{axis}={column.labels[0]}" for column in columns):
        return axis, *(column.labels[0] for column in columns)
    return first, *(column.name for column in columns)


def _inline(comparison: Comparison, rows: list[Row], order: Sequence[int]) -> Table:
    lines = [
        (
            row.label,
            *(cells.value(comparison, row.figure, number) for number in order),
            *cells.change_cells(comparison, row.figure, order[1]),
        )
        for row in rows
    ]
    head = (*_heads(comparison, order, "figure"), "change", "")
    return Table(head, tuple(lines), strong=frozenset(n for n, row in enumerate(rows) if row.figure in STRONG))


def _interleaved(comparison: Comparison, rows: list[Row], order: Sequence[int], *, percents: bool) -> Table:
    """Return the changes of each figure below it, with their percents behind them, or of the totals below them."""
    lines: list[tuple[str, ...]] = []
    strong = set()
    for row in rows:
        total = row.figure in STRONG
        strong |= {len(lines)} if total else set()
        lines.append((row.label, *(cells.value(comparison, row.figure, number) for number in order)))
        if not cells.changes(comparison, row.figure):
            continue
        if percents:
            lines.append((CHANGE, *(cells.joined(comparison, row.figure, number) for number in order)))
            continue
        amounts, parts = zip(*(cells.change_cells(comparison, row.figure, number) for number in order), strict=True)
        lines.append((CHANGE, *amounts))
        lines += [("", *parts)] if total and any(parts) else []
    return Table(_heads(comparison, order, "figure"), tuple(lines), strong=frozenset(strong))


def _below(comparison: Comparison, figures: Figures, changing: Figures, *, percents: bool = True) -> Table:
    """Columns as rows, figures beside each other, some with their change."""
    every = range(len(comparison.columns))
    axis, *names = _heads(comparison, every, "column")
    totals = set(figures) == STRONG
    title = "bytes.total" if totals else DESC if all(figure.startswith(f"{DESC}.") for figure in figures) else ""
    head, columns = [axis], [names]
    for figure in figures:
        head.append(label(figure) if totals else figure.removeprefix(f"{DESC}.") if title else figure)
        columns.append([cells.value(comparison, figure, number) for number in every])
        if figure in changing and len(every) > 1:
            changes = [cells.change_cells(comparison, figure, number) for number in every]
            columns += map(list, list(zip(*changes, strict=True))[: 1 + percents])
            head += ["change", ""][: 1 + percents]
    if len(figures) == 1:
        title, head[1] = figures[0], comparison.ledgers[0][figures[0]].unit.value
    return Table(tuple(head), tuple(zip(*columns, strict=True)), title, sortable=True)


def _moved(comparison: Comparison, width: int | None) -> list[Table]:
    """Return how the parts of the total changed: parts as rows if these are more and there is room, else columns."""
    every = range(len(comparison.columns))
    figures = moved(comparison) if len(every) <= MOST_BESIDE else []
    axis, *names = _heads(comparison, every, "column")
    rows = [
        (name, *(cells.change_cells(comparison, figure, number)[0] for figure in figures))
        for number, name in zip(every, names, strict=True)
        if any(cells.change(comparison, figure, number) for figure in figures)
    ]
    if not rows:
        return []
    title = f"parts of {TOTAL} that moved, against {comparison.baseline}"
    by_column = Table((axis, *map(label, figures)), tuple(rows), title)
    head, *lines = zip(("part", *map(label, figures)), *rows, strict=True)
    by_part = Table(head, tuple(lines), title)
    fits = width is None or by_part.width() <= width
    return [by_part] if len(figures) > len(rows) and fits else by_column.panels(width)


def _besides(comparison: Comparison, width: int | None) -> list[Table]:
    """Return what stands beside the total, columns as rows, where it is not the same in all."""
    figures = cells.differing(comparison)
    if not figures:
        return []
    table = _below(comparison, figures, ())
    head = (table.head[0], *map(label, figures))
    return table._replace(head=head, title="bytes beside the total").panels(width)


def _blocks(comparison: Comparison, figures: Figures) -> Iterator[list[Table]]:
    """Yield each figure with its value in every column below it, and its change below that; at last in one column."""
    every = range(len(comparison.columns))
    _, *names = _heads(comparison, every, "column")
    for percents in (True, False):
        lines = []
        strong = set()
        for figure in figures:
            lines.append((figure, ""))
            for number, name in zip(every, names, strict=True):
                strong |= {len(lines)} if figure in STRONG else set()
                lines.append((f"  {name}", cells.value(comparison, figure, number)))
                amount, percent = cells.change_cells(comparison, figure, number)
                if percents:
                    amount, percent = cells.joined(comparison, figure, number), ""
                lines += [row for row in ((CHANGE, amount), ("", percent)) if row[1].strip("0")]
        yield [Table(("figure", "value"), tuple(lines), strong=frozenset(strong))]
    texts = (
        f"    change {value}" if label == CHANGE else f"    {value}" if not label else f"{label} {value}".rstrip()
        for label, value in lines
    )
    yield [Table(("figure",), tuple((text,) for text in texts), strong=frozenset(strong))]
