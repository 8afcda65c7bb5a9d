"""ptelist show: what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare import ledger_page
from ptelist.compare.result import result
from ptelist.compare.sheet import shown
from ptelist.compare.single import single
from ptelist.output.command_line import command_line

if TYPE_CHECKING:
    from ptelist.output.command_line import Options
    from ptelist.output.result import Result


def run(options: Options, preset: str | None, figure: tuple[str, ...]) -> Result:
    """Show the figures of one scenario."""
    presets = (preset,) if preset else ()
    line = command_line("show", presets, [*options, *(("figure", name) for name in figure)])
    comparison = single(presets, options, line, figure)
    return result(
        comparison,
        lambda width: ledger_page.document(comparison, figure, width),
        figure,
        sheet=lambda _: shown(comparison, figure),
    )
