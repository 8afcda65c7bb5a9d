"""A trace replayed under the rules of every column at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.assumptions import assume
from ptelist.compare.comparison import Comparison
from ptelist.engine.figure_kinds import DESC, DESC_TOTAL
from ptelist.errors import PtelistError
from ptelist.traces.replay.blocks import Lines
from ptelist.traces.replay.one_pass import COUNTS, PEAK_BYTES, Pass
from ptelist.traces.replay.trace_reader import STEPS
from ptelist.traces.rmaps.rmaps import TOPICS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from ptelist.output.note import Note
    from ptelist.settings.columns import Columns
    from ptelist.traces.replay.one_pass import Mark
    from ptelist.traces.replay.samples import Sample
    from ptelist.traces.replay.vm_steps import Stage

LIST_FIGURES = (
    f"{DESC}.ext",
    f"{DESC}.size",
    *(f"replay.{name}" for name in COUNTS),
    PEAK_BYTES,
    *(f"{DESC}.{name}" for name in ("bytes.used", "slabs", "bytes.slab", "bytes.memcg", "bytes.total")),
)
"""What is shown of each column, where the trace says what lists did."""

LIST_BRIEFS = (
    ("replay.live", "replay.peak", "replay.allocs", "replay.frees", DESC_TOTAL),
    ("replay.live", "replay.peak", DESC_TOTAL),
    ("replay.peak", DESC_TOTAL),
    (DESC_TOTAL,),
)
"""What stays of them where the table would be too wide, the most first."""

READER = "ptelist replay -"

END = "end"
"""The name of what there is behind the last line."""


class Replayed(NamedTuple):
    """All that `ptelist replay` found."""

    comparison: Comparison
    lines: int
    envelope: bool
    caches: bool
    """Whether the trace tells what vCPU caches hold."""
    odd: dict[str, tuple[int, int]]
    samples: tuple[Sample, ...]
    marks: tuple[Mark, ...]
    longest: int
    """The most entries of a list, 0 if none had two."""
    peaks: tuple[Sample, ...]
    """For each column: where its peak was, and the lists with descriptors at that moment."""
    stages: tuple[Stage, ...] = ()
    """Of steps: the marks, and the end."""

    @property
    def inexact_from(self) -> int | None:
        """Return the first line from which on the result is not exact, None if it is all along."""
        return min((line for _, line in self.odd.values()), default=None)


def replay(  # noqa: PLR0913, PLR0917 -- a file and what is told of it
    file: BinaryIO,
    label: str,
    chosen: Columns,
    command: str,
    progress: Callable[[int], object] = id,
    reader: str = READER,
) -> Replayed:
    """Return what the lists of a trace took under each column's rule.

    `progress` is told how many bytes were read; `reader` is the command that takes a trace from a pipe. Raises
    PtelistError for a trace that cannot be read, or has no event of a list.
    """
    trace = Pass([column.scenario for column in chosen.columns])
    lines = Lines(file, label, reader)
    count = 0
    for block in lines:
        try:
            count += trace.reader.feed(block, count + 1)
        except PtelistError as error:
            raise PtelistError(error.text, error.where._replace(file=label)) from None
        trace.sample(count)
        progress(lines.done)
    trace.reader.cut(lines.rest, count + 1)
    if not trace.reader.kind:
        raise PtelistError(f"{label}: no event of a list in {count:,} lines: see ptelist replay --probe-script")
    notes = (*trace.notes(count), *_assumed(chosen))
    comparison = Comparison(chosen.columns, tuple(trace.ledgers()), chosen.baseline, notes, command)
    stages = (*trace.stages, trace.steps.stage(count, END)) if trace.reader.kind == STEPS else ()
    samples, marks = trace.samples(count), tuple(trace.marks)
    return Replayed(
        comparison, count, trace.upper, trace.caches, trace.reader.odd, samples, marks, *trace.peaks(), stages
    )


def _assumed(chosen: Columns) -> Iterator[Note]:
    assumed = assume([column.scenario for column in chosen.columns], by_preset=chosen.by_preset)
    return (note for note in assumed if note.topic in TOPICS)
