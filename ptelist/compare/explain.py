"""ptelist explain: what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare import data, tree
from ptelist.compare.comparison import pick
from ptelist.compare.single import single
from ptelist.output.command_line import command_line
from ptelist.output.result import Result

if TYPE_CHECKING:
    from ptelist.compare.comparison import Comparison
    from ptelist.output.command_line import Options


def run(options: Options, figure: str, preset: str | None) -> Result:
    """Show how a figure of one scenario follows."""
    presets = (preset,) if preset else ()
    comparison = single(presets, options, command_line("explain", (figure, *presets), options))
    pick(comparison.ledgers[0], (figure,))
    return derivation(comparison, figure)


def derivation(comparison: Comparison, figure: str) -> Result:
    """Return how a figure of the first column follows."""
    return Result(
        comparison.command,
        comparison.assumptions,
        lambda width: tree.document(comparison, figure, width),
        lambda: data.tree(comparison, figure),
    )
