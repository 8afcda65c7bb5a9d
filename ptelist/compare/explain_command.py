"""ptelist explain: what it does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ptelist.compare import tree, waterfall_sheet, waterfall_tree
from ptelist.compare.command import PAIRED
from ptelist.compare.comparison import compare, pick_one
from ptelist.compare.sentence import of_one, of_two
from ptelist.compare.single import single
from ptelist.errors import PtelistError, Where
from ptelist.output.branches import ALL_LEVELS
from ptelist.output.command_line import command_line
from ptelist.output.result import Result
from ptelist.output.sentence import PAIR
from ptelist.scenario.presets.shipped import find
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from ptelist.compare.comparison import Comparison
    from ptelist.output.command_line import Options
    from ptelist.output.sheet import Block


def run(options: Options, figure: str, presets: tuple[str, ...], depth: str | None, paired: bool) -> Result:
    """Show how a figure of one scenario follows, or what its difference between two scenarios comes of."""
    for preset in presets or (None,):
        _refuse_swapped(figure, preset)
    if depth not in {None, ALL_LEVELS} and not re.fullmatch(r"[1-9][0-9]{0,5}", str(depth)):
        raise PtelistError(
            f'expected a number of levels, or {ALL_LEVELS}, got "{str(depth)[:20]}"', Where(option="--depth")
        )
    own = [("depth", depth)] if depth else []
    line = command_line("explain", (figure, *presets), [*options, *own]) + (PAIRED if paired else "")
    columns = expand(presets, options, paired=paired)
    if len(columns.columns) > PAIR:
        text = f"one scenario is explained, or the difference of two; these options make {len(columns.columns)}"
        raise PtelistError(text)
    comparison = compare(columns, line, charged=True, shown=(figure,))
    figure = pick_one(comparison.ledgers[0], figure)
    explained = difference if len(columns.columns) == PAIR else derivation
    return explained(comparison, figure, depth)


def derivation(comparison: Comparison, figure: str, depth: str | None = None) -> Result:
    """Return how a figure of the first column follows."""
    return Result(
        comparison.command,
        comparison.assumptions,
        lambda width: tree.document(comparison, figure, width, depth),
        lambda: tree.body(comparison, figure),
        headline=lambda: of_one(comparison.ledgers[0], figure),
        sheet=lambda _: (tree.reasons(comparison, figure),),
    )


def difference(comparison: Comparison, figure: str, depth: str | None) -> Result:
    """Return what the difference of a figure between the two columns comes of."""
    return Result(
        comparison.command,
        comparison.assumptions,
        lambda width: waterfall_tree.document(comparison, figure, width, depth),
        lambda: waterfall_tree.body(comparison, figure),
        headline=lambda: of_two(comparison, figure, waterfall_tree.OLD, waterfall_tree.NEW),
        sheet=lambda _: _steps(comparison, figure),
    )


def _steps(comparison: Comparison, figure: str) -> tuple[Block, ...]:
    drawn = waterfall_sheet.drawn(comparison, figure, waterfall_tree.OLD, waterfall_tree.NEW)
    return (*((drawn,) if drawn else ()), waterfall_tree.reasons(comparison, figure))


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
