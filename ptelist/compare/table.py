"""The one builder of tables: it picks the layout that fits, and crops nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.comparison import PART, WHOLE, pick
from ptelist.engine.figure_kinds import BESIDE, DESC
from ptelist.engine.ledger import TYPICAL
from ptelist.note import Note
from ptelist.output import numbers
from ptelist.output.page import Document, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.compare.comparison import Comparison
    from ptelist.engine.ledger import Term
    from ptelist.interval import Change

Figures = tuple[str, ...]

SHARE = "share of mmu"
"""Not a figure: the part of pte_list_desc in all MMU metadata."""

SIMULATED = {f"{DESC}.slabs": "slabs", PART: "bytes"}

COMPARED = (
    f"{DESC}.ext",
    f"{DESC}.size",
    f"{DESC}.objects",
    f"{DESC}.objects_per_slab",
    f"{DESC}.slab_order",
    f"{DESC}.slabs",
    f"{DESC}.bytes.used",
    f"{DESC}.bytes.waste",
    f"{DESC}.bytes.slab",
    f"{DESC}.bytes.memcg",
    PART,
    SHARE,
    WHOLE,
)
"""What compare shows unless told otherwise."""

COMPARED_AGED = tuple(
    name
    for figure in COMPARED
    for name in ((figure, f"{DESC}.{SIMULATED[figure]}{TYPICAL}") if figure in SIMULATED else (figure,))
)
"""The same for hosts with a history, of which some figures are simulated as well."""

AGED_BRIEFS = (
    (f"{DESC}.slabs", f"{DESC}.slabs{TYPICAL}", f"{DESC}.bytes{TYPICAL}", PART),
    (f"{DESC}.slabs{TYPICAL}", f"{DESC}.bytes{TYPICAL}", PART),
    (f"{DESC}.bytes{TYPICAL}", PART),
    (PART,),
)
"""What is left of it with one row a column."""

COMPARED_BRIEFS = (
    (f"{DESC}.slabs", f"{DESC}.bytes.used", f"{DESC}.bytes.slab", f"{DESC}.bytes.memcg", PART),
    (f"{DESC}.slabs", f"{DESC}.bytes.slab", PART),
    (f"{DESC}.slabs", PART),
    (PART,),
)
"""What is left with one row a column, richest first; PART comes with its change."""

PAIR = 2
MOST_BESIDE = 12
"""More columns than this are easier to read as rows."""


def document(
    comparison: Comparison,
    wanted: tuple[str, ...],
    width: int | None,
    usual: Figures = COMPARED,
    briefs: tuple[Figures, ...] = COMPARED_BRIEFS,
) -> Document:
    """Return the comparison in the first layout that fits in `width` columns.

    Figures as rows, else columns as rows, else a table a column, at last with each
    value below its label. None: no limit. If none is wanted, it is the usual figures,
    or `briefs` of them, richest first, with one row a column; below them is what stands
    beside the total, where columns differ in it.
    """
    if usual is COMPARED and any(f"{DESC}.slabs{TYPICAL}" in ledger for ledger in comparison.ledgers):
        usual, briefs = COMPARED_AGED, AGED_BRIEFS
    figures = tuple(pick(comparison.ledgers[0], wanted)) or usual
    for tables in _layouts(comparison, figures, () if wanted else briefs):
        if width is None or all(table.width() <= width for table in tables):
            break
    bounds = () if wanted or usual not in {COMPARED, COMPARED_AGED} else _differing(comparison)
    below = _bounds(comparison, bounds, width) if bounds else []
    return Document((*tables, *below), _notes(comparison), comparison.command)


def _differing(comparison: Comparison) -> Figures:
    """Return the figures beside the total that are not the same in all columns."""
    first, *others = comparison.ledgers
    names = [name for name in first if name.startswith(BESIDE)] if others else []
    return tuple(name for name in names if any(_ends(each[name]) != _ends(first[name]) for each in others))


def _bounds(comparison: Comparison, figures: Figures, width: int | None) -> list[Table]:
    """Return bounds: figures as rows if that fits, else columns as rows, at last each value below its label."""
    columns = range(len(comparison.columns))
    rows = tuple((figure, *(_text(comparison, figure, number) for number in columns)) for figure in figures)
    across = Table(("beside the total", *(column.name for column in comparison.columns)), rows)
    if len(columns) <= MOST_BESIDE and (width is None or across.width() <= width):
        return [across]
    panels = _below(comparison, figures, ())._replace(title="beside the total").panels(width)
    if width is None or all(panel.width() <= width for panel in panels):
        return panels
    apart = (tuple((row[0], row[number]) for row in rows) for number in range(1, len(across.head)))
    heads = zip(across.head[1:], apart, strict=True)
    return [Table((across.head[0], "value"), own, name).stacked() for name, own in heads]


def _ends(term: Term) -> tuple[int, int]:
    return term.low, term.high


def _notes(comparison: Comparison) -> tuple[Note, ...]:
    if len(comparison.columns) == 1:
        return comparison.assumptions
    return (Note("baseline", comparison.baseline), *comparison.assumptions)


def _layouts(comparison: Comparison, figures: Figures, briefs: tuple[Figures, ...]) -> Iterator[list[Table]]:
    count = len(comparison.columns)
    if count == PAIR:
        yield _beside(comparison, figures, inline=True)
    if count <= MOST_BESIDE:
        yield _beside(comparison, figures, inline=False)
    if not briefs:
        yield [_below(comparison, figures, figures)]
        yield [_below(comparison, figures, (figure,)) for figure in figures]
    for brief in briefs:
        yield [_below(comparison, brief, (PART,))]
    for brief in briefs:
        yield [_below(comparison, brief, ()), _changes_below(comparison)]
    apart = list(_apart(comparison, figures))
    yield apart
    yield [table.stacked() for table in apart]


def _beside(comparison: Comparison, figures: tuple[str, ...], *, inline: bool) -> list[Table]:
    """Figures as rows; the change of a pair of columns inline, else in a second table."""
    count = len(comparison.columns)
    order = sorted(range(count), key=lambda n: comparison.columns[n].baseline != n) if count == PAIR else range(count)
    names = [comparison.columns[number].name for number in order]
    rows = []
    for label, figure in _labels(figures):
        cells = [_text(comparison, figure, number) for number in order]
        if inline:
            delta = _change(comparison, figure, order[1])
            cells += [numbers.change(delta), numbers.percent(delta)]
        rows.append((label, *cells))
    head = ("figure", *names, *(("change", "") if inline else ()))
    tables = [Table(head, tuple(rows))]
    if count > 1 and not inline and (changes := _changes(comparison, figures)).rows:
        tables.append(changes)
    return tables


def _text(comparison: Comparison, figure: str, number: int) -> str:
    if figure == SHARE:
        return numbers.share(comparison.share(number))
    return numbers.term(comparison.ledgers[number][figure]) if figure else ""


def _change(comparison: Comparison, figure: str, number: int) -> Change | None:
    return comparison.change(figure, number) if figure not in {"", SHARE} else None


def _changes(comparison: Comparison, figures: tuple[str, ...]) -> Table:
    """Return the changes against the baseline, figure by figure."""
    numbered = [n for n, column in enumerate(comparison.columns) if column.baseline != n]
    rows = []
    for figure in figures:
        deltas = [_change(comparison, figure, number) for number in numbered]
        if any(delta and (delta.low or delta.high) for delta in deltas):
            rows.append((figure, *map(numbers.change, deltas)))
            percents = tuple(map(numbers.percent, deltas))
            rows += [("", *percents)] if any(percents) else []
    head = ("change", *(comparison.columns[number].name for number in numbered))
    return Table(head, tuple(rows), f"against {comparison.baseline}")


def _labels(figures: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield row labels: the default figures below a heading, others in full."""
    if figures not in {COMPARED, COMPARED_AGED}:
        yield from ((figure, figure) for figure in figures)
        return
    yield DESC, ""
    for figure in figures:
        yield (figure if figure == WHOLE else f"  {figure.removeprefix(f'{DESC}.')}"), figure


def _below(comparison: Comparison, figures: tuple[str, ...], changing: tuple[str, ...]) -> Table:
    """Columns as rows, figures beside each other, some with their change."""
    head = ["column"]
    for figure in figures:
        head += [figure.removeprefix(f"{DESC}.")] + ([] if figure not in changing else ["change", ""])
    rows = []
    for number, column in enumerate(comparison.columns):
        cells = [column.name]
        for figure in figures:
            cells.append(numbers.term(comparison.ledgers[number][figure]))
            if figure in changing:
                delta = comparison.change(figure, number)
                cells += [numbers.change(delta), numbers.percent(delta)]
        rows.append(tuple(cells))
    title = "" if any(figure not in COMPARED for figure in figures) else DESC
    return Table(tuple(head), tuple(rows), title)


def _changes_below(comparison: Comparison) -> Table:
    """Return the changes of the whole of pte_list_desc, columns as rows."""
    rows = []
    for number, column in enumerate(comparison.columns):
        delta = _change(comparison, PART, number)
        if delta:
            rows.append((column.name, numbers.change(delta), numbers.percent(delta)))
    return Table(("column", "change", ""), tuple(rows), f"{PART} against {comparison.baseline}")


def _apart(comparison: Comparison, figures: tuple[str, ...]) -> Iterator[Table]:
    """One narrow table for each column."""
    for number, column in enumerate(comparison.columns):
        rows = []
        for label, figure in _labels(figures):
            rows.append((label, _text(comparison, figure, number)))
            delta = _change(comparison, figure, number)
            if delta and (delta.low or delta.high):
                rows.append(("    change", numbers.change(delta)))
                rows += [("", numbers.percent(delta))] if numbers.percent(delta) else []
        yield Table(("figure", "value"), tuple(rows), column.name)
