"""What `ptelist replay` found: the comparison, lists by length over time, marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.replay import BRIEF, FIGURES
from ptelist.views import table
from ptelist.views.numbers import integer, interval
from ptelist.views.page import Document, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.replay import Mark, Replayed

MOST_MARKS = 20
"""More marks than these are for programs."""

ENVELOPE_FIGURES = tuple(name for name in FIGURES if not name.startswith("replay.") or name[7:] in {"live", "peak"})


def document(found: Replayed, width: int | None) -> Document:
    """Return the tables that fit."""
    comparison = found.comparison
    figures = ENVELOPE_FIGURES if found.envelope else FIGURES
    briefs = BRIEF[found.envelope :]
    page = table.document(comparison, (), width, figures, briefs)
    more = [each.within(width) for each in (*_lengths(found), *_marks(found))]
    notes = page.notes
    if len(found.marks) > MOST_MARKS:
        notes = (f"marks: {len(found.marks)}; --format json has what lists took at each", *notes)
    return Document((*page.tables, *more), notes, page.command)


def _class(length: int) -> int:
    return length.bit_length() - 1


def _lengths(found: Replayed) -> Iterator[Table]:
    """Yield how many lists there were of which length, line after line."""
    last = max((_class(length) for sample in found.samples for length in sample.lengths), default=0)
    labels = ["1", *(f"{1 << n}-{(2 << n) - 1}" for n in range(1, last + 1))]
    rows = []
    for sample in found.samples:
        counts = [0] * len(labels)
        for length, lists in sample.lengths.items():
            counts[_class(length)] += lists
        rows.append((f"  {integer(sample.at)}", *map(integer, counts)))
    yield Table(("line", *labels), tuple(rows), "lists by length" + (", at most" if found.envelope else ""))


def _marks(found: Replayed) -> Iterator[Table]:
    if 0 < len(found.marks) <= MOST_MARKS:
        names = [column.name for column in found.comparison.columns]
        rows = [(f"  {mark.text or mark.at}", *(_live(found, count) for count in mark.live)) for mark in found.marks]
        yield Table(("mark", *names), tuple(rows), "descriptors in lists at each mark")


def _live(found: Replayed, count: int) -> str:
    return interval(0, count) if found.envelope else integer(count)


def _held(found: Replayed, mark: Mark) -> dict[str, tuple[int, ...]]:
    """Return the objects in use at a mark, which an envelope does not know."""
    return {} if found.envelope else {"held": mark.held}


def to_json(found: Replayed) -> str:
    """Return all of it."""
    from ptelist.views.json import render  # noqa: PLC0415 -- not for text

    more: dict[str, Any] = {
        "exact": not (found.odd or found.envelope),
        "envelope": found.envelope,
        "inexact_from": found.inexact_from,
        "lines": found.lines,
        "lengths": [{"line": sample.at, "lists": sample.lengths} for sample in found.samples],
        "marks": [{**mark._asdict(), **_held(found, mark)} for mark in found.marks],
        "longest": found.longest,
        "peaks": [{"line": peak.at, "lists": peak.lengths} for peak in found.peaks],
    }
    return render(found.comparison, (), **more)
