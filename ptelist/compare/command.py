"""ptelist compare: what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.comparison import compare
from ptelist.compare.result import result
from ptelist.compare.table import document
from ptelist.output.command_line import command_line
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from ptelist.output.command_line import Options
    from ptelist.output.result import Result


def run(options: Options, presets: tuple[str, ...], baseline: str | None, figure: tuple[str, ...]) -> Result:
    """Compare the columns that presets and options make."""
    extra = [] if baseline is None else [("baseline", baseline)]
    line = command_line("compare", presets, [*options, *extra, *(("figure", name) for name in figure)])
    charged = any(name.startswith("charged.") for name in figure)
    comparison = compare(expand(presets, options, baseline), line, charged=charged, shown=figure)
    return result(comparison, lambda width: document(comparison, figure, width), figure)
