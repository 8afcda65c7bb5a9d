"""What `ptelist replay` found: the comparison, lists by length over time, marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.compare import table
from ptelist.output.note import Note
from ptelist.output.numbers import integer, interval
from ptelist.output.page import Document, Table
from ptelist.traces.replay.replay import LIST_BRIEFS, LIST_FIGURES
from ptelist.traces.replay.vm_steps import STEP_COUNTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ptelist.engine.interval import Interval
    from ptelist.engine.vcpu_machine import Counts
    from ptelist.traces.replay.replay import Replayed
    from ptelist.traces.replay.vm_steps import Moment, Stage

MOST_SHOWN = 20
"""More marks than these are for programs."""

ENVELOPE_FIGURES = tuple(
    name for name in LIST_FIGURES if not name.startswith("replay.") or name[7:] in {"live", "peak", "peak_bytes"}
)


STEP_FIGURES = (*LIST_FIGURES[:2], *STEP_COUNTS, *(name for name in LIST_FIGURES[2:] if not name.startswith("replay.")))
CHARGED = ("slab", "sec_pagetables", "memslots", "dirty_bitmap", "kernel")
"""What is shown of what a cgroup is charged."""

SHOWN: dict[str, Callable[[Counts], int]] = {
    "held": lambda counts: counts.held,
    "in lists": lambda counts: counts.in_lists,
    "cached": lambda counts: counts.cached,
    "headers": lambda counts: counts.headers,
    "tables": lambda counts: counts.tables,
}
"""What is shown of steps at each mark: descriptors, in lists and in vCPU caches; page headers, and tables of them."""


def document(replayed: Replayed, width: int | None) -> Document:
    """Return the tables that fit."""
    comparison = replayed.comparison
    figures = STEP_FIGURES if replayed.stages else ENVELOPE_FIGURES if replayed.envelope else LIST_FIGURES
    briefs = LIST_BRIEFS[replayed.envelope :]
    page = table.document(comparison, (), width, figures, briefs)
    beside = _of_steps(replayed) if replayed.stages else (*_lengths(replayed), *_marks(replayed))
    more = [each.within(width) for each in beside]
    notes = page.notes
    count = max(len(replayed.marks), len(replayed.stages) - 1)
    if count > MOST_SHOWN:
        notes = (Note("marks", f"{count:,}; --format json has what lists took at each"), *notes)
    return Document((*page.tables, *more), notes, page.command)


def _class(length: int) -> int:
    return length.bit_length() - 1


def _lengths(replayed: Replayed) -> Iterator[Table]:
    """Yield how many lists there were of which length, line after line."""
    last = max((_class(length) for sample in replayed.samples for length in sample.lengths), default=0)
    labels = ["1", *(f"{1 << n}-{(2 << n) - 1}" for n in range(1, last + 1))]
    rows = []
    for sample in replayed.samples:
        counts = [0] * len(labels)
        for length, lists in sample.lengths.items():
            counts[_class(length)] += lists
        rows.append((f"  {integer(sample.at)}", *map(integer, counts)))
    yield Table(("line", *labels), tuple(rows), "lists by length" + (", at most" if replayed.envelope else ""))


def _marks(replayed: Replayed) -> Iterator[Table]:
    if 0 < len(replayed.marks) <= MOST_SHOWN:
        names = [column.name for column in replayed.comparison.columns]
        rows = [
            (f"  {mark.text or mark.at}", *(_live(replayed, count) for count in mark.live)) for mark in replayed.marks
        ]
        yield Table(("mark", *names), tuple(rows), "descriptors in lists at each mark")


def _of_steps(replayed: Replayed) -> Iterator[Table]:
    yield from _stages(replayed)
    yield from _beside(replayed, lambda moment: moment.raw, "slabs as /proc/slabinfo counts them")
    yield from _beside(replayed, _charged, "bytes that a cgroup is charged")


def _charged(moment: Moment) -> dict[str, Interval] | None:
    return moment.charged and {kind: moment.charged[kind] for kind in CHARGED}


def _shown(replayed: Replayed) -> list[tuple[str, Stage]]:
    """Return the marks that are shown, and the end; of too many the end alone."""
    stages = replayed.stages[-1:] if len(replayed.stages) > MOST_SHOWN + 1 else replayed.stages
    return [(f"  {stage.text or stage.at}", stage) for stage in stages]


def _stages(replayed: Replayed) -> Iterator[Table]:
    """Yield what there is at each mark: one table, or with several columns one for each count."""
    stages = _shown(replayed)
    columns = [column.name for column in replayed.comparison.columns]
    if len(columns) == 1:
        rows = [_row(name, (stage.moments[0].counts,), *SHOWN) for name, stage in stages]
        yield Table(("mark", *SHOWN), tuple(rows), "descriptors and page headers at each mark")
        return
    for what in SHOWN:
        rows = [_row(name, [moment.counts for moment in stage.moments], what) for name, stage in stages]
        yield Table(("mark", *columns), tuple(rows), f"{what} at each mark")


def _beside(replayed: Replayed, told: Callable[[Moment], dict[str, Interval] | None], title: str) -> Iterator[Table]:
    """Yield what moments tell by kind, if they do: one table, or with several columns one for each kind."""
    stages = [(name, [ends for moment in stage.moments if (ends := told(moment))]) for name, stage in _shown(replayed)]
    kinds = tuple(stages[0][1][0]) if stages[0][1] else ()
    columns = [column.name for column in replayed.comparison.columns]
    if len(columns) == 1 and kinds:
        rows = [(name, *(interval(*each[kind]) for kind in kinds)) for name, (each,) in stages]
        yield Table(("mark", *kinds), tuple(rows), f"{title}, at each mark")
        return
    for kind in kinds:
        rows = [(name, *(interval(*each[kind]) for each in moments)) for name, moments in stages]
        yield Table(("mark", *columns), tuple(rows), f"{title}, at each mark: {kind}")


def _row(name: str, counts: Iterable[Counts], *shown: str) -> tuple[str, ...]:
    return (name, *(integer(SHOWN[what](each)) for each in counts for what in shown))


def _live(replayed: Replayed, count: int) -> str:
    return interval(0, count) if replayed.envelope else integer(count)


def data(replayed: Replayed) -> dict[str, Any]:
    """Return what a JSON document has beside the comparison; marks one at a time, for there may be many."""
    more: dict[str, Any] = {
        "exact": not (replayed.odd or replayed.envelope),
        "envelope": replayed.envelope,
        "inexact_from": replayed.inexact_from,
        "lines": replayed.lines,
        "lengths": [{"line": sample.at, "lists": sample.lengths} for sample in replayed.samples],
        "marks": (mark.data() for mark in replayed.marks or replayed.stages[:-1]),
        "longest": replayed.longest,
        "peaks": [{"line": peak.at, "lists": peak.lengths} for peak in replayed.peaks],
    }
    if replayed.stages:
        more["end"] = replayed.stages[-1].data()
    return more
