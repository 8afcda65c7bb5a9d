"""ptelist explain: what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare import tree
from ptelist.compare.single import single
from ptelist.errors import PtelistError
from ptelist.output.command_line import command_line
from ptelist.output.result import Result
from ptelist.presets.shipped import find

if TYPE_CHECKING:
    from ptelist.compare.comparison import Comparison
    from ptelist.output.command_line import Options


def run(options: Options, figure: str, preset: str | None) -> Result:
    """Show how a figure of one scenario follows."""
    presets = (preset,) if preset else ()
    _refuse_swapped(figure, preset)
    comparison = single(presets, options, command_line("explain", (figure, *presets), options), (figure,))
    return derivation(comparison, figure)


def derivation(comparison: Comparison, figure: str) -> Result:
    """Return how a figure of the first column follows."""
    return Result(
        comparison.command,
        comparison.assumptions,
        lambda width: tree.document(comparison, figure, width),
        lambda: tree.body(comparison, figure),
    )


def _refuse_swapped(figure: str, preset: str | None) -> None:
    """Raise PtelistError if a preset stands where the figure is expected, or a figure where the preset is."""
    if _is_preset(figure):
        wanted = preset if preset and not _is_preset(preset) else "FIGURE"
        raise PtelistError(f'"{figure}" is a preset, and a figure comes first: ptelist explain {wanted} {figure}')
    if preset and "." in preset and not _is_preset(preset) and preset in single((), [], "").ledgers[0]:
        raise PtelistError(f'"{preset}" is a figure, as "{figure}" before it: one at a time, then a preset')


def _is_preset(name: str) -> bool:
    try:
        find(name)
    except PtelistError:
        return False
    return True
