"""ptelist compare: what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.comparison import compare
from ptelist.compare.result import result
from ptelist.compare.table import document
from ptelist.output.command_line import command_line
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from ptelist.compare.comparison import Comparison
    from ptelist.output.command_line import Options
    from ptelist.output.page import Document
    from ptelist.output.result import Result
    from ptelist.output.sheet import Block

PAIRED = " --paired"


def run(
    options: Options, presets: tuple[str, ...], baseline: str | None, figure: tuple[str, ...], paired: bool
) -> Result:
    """Compare the columns that presets and options make."""
    extra = [] if baseline is None else [("baseline", baseline)]
    line = command_line("compare", presets, [*options, *extra, *(("figure", name) for name in figure)])
    line += PAIRED if paired else ""
    charged = any(name.startswith("charged.") for name in figure)
    comparison = compare(expand(presets, options, baseline, paired=paired), line, charged=charged, shown=figure)
    return result(
        comparison,
        lambda width: document(comparison, figure, width),
        figure,
        sheet=lambda page: _sheet(comparison, figure, page),
    )


def _sheet(comparison: Comparison, figure: tuple[str, ...], page: Document) -> tuple[Block, ...]:
    from ptelist.compare import sheet  # noqa: PLC0415 -- for what draws alone

    return (sheet.blocks if len(comparison.columns) > 1 else sheet.of_one)(comparison, figure, page)
