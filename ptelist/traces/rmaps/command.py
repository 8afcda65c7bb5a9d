"""ptelist rmaps: what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.compare.comparison import Comparison
from ptelist.compare.result import result
from ptelist.compare.table import document
from ptelist.output.command_line import command_line
from ptelist.output.note import Note
from ptelist.settings.columns import expand
from ptelist.traces.rmaps.rmaps import HISTOGRAM_BRIEFS, HISTOGRAM_FIGURES, assumed, measured
from ptelist.traces.rmaps.sentence import headline
from ptelist.traces.rmaps.told import Told, usual

if TYPE_CHECKING:
    from ptelist.output.command_line import Options
    from ptelist.output.result import Result

ALONE = Note("not in the file", "parent_ptes lists, and what vCPU caches hold: neither is counted")


def run(options: Options, file: str, **beside: Any) -> Result:
    """Bound what the lists of a histogram take; `beside` is what is told of it."""
    told = Told(**beside)
    chosen = expand((), [*usual(file, options), *options])
    line = command_line("rmaps", (file, *told.words()), [*told.options(), *options])
    how, (lists, limits) = told.how(chosen), told.read(file)
    columns = measured(lists, limits, chosen, how)
    notes = tuple(assumed(lists, limits, columns, how, ALONE, by_preset=chosen.by_preset))
    ledgers = tuple(each.ledger for each in columns)
    comparison = Comparison(chosen.columns, ledgers, chosen.baseline, notes, line)
    return result(
        comparison,
        lambda width: document(comparison, (), width, HISTOGRAM_FIGURES, HISTOGRAM_BRIEFS),
        said=lambda: headline(columns),
    )
