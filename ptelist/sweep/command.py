"""ptelist sweep: what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.figure_kinds import DESC_TOTAL
from ptelist.output.command_line import command_line
from ptelist.output.result import Result
from ptelist.settings.space import Space
from ptelist.sweep import linechart, page
from ptelist.sweep.sentence import headline
from ptelist.sweep.sweep import sweep

if TYPE_CHECKING:
    from ptelist.output.command_line import Options
    from ptelist.sweep.sweep import Sweep


def run(  # noqa: PLR0913, PLR0917 -- all that can be said of a sweep
    options: Options, preset: str | None, figure: str, delta: bool, baseline: str | None, log: bool
) -> Result:
    """Follow a figure along one axis or two."""
    return result(*followed(options, preset, figure, baseline, delta, log), delta, log)


def followed(  # noqa: PLR0913, PLR0917 -- all that can be said of a sweep
    options: Options, preset: str | None, figure: str, baseline: str | None, delta: bool, log: bool
) -> tuple[Sweep, str]:
    """Return the sweep, and the command that explains its last point."""
    presets = (preset,) if preset else ()
    more = [("figure", figure)] if figure != DESC_TOTAL else []
    more += [("baseline", baseline)] if baseline else []
    line = command_line("sweep", presets, [*options, *more]) + (" --delta" if delta else "") + (" --log" if log else "")
    space = Space(presets, options)
    explain = command_line("explain", (figure, *presets), space.one_of(options, -1))
    return sweep(space, figure, baseline, line), explain


def result(swept: Sweep, explain: str, delta: bool, log: bool) -> Result:
    """Return a sweep for any format."""
    return Result(
        swept.command,
        swept.assumptions,
        lambda width: page.document(swept, delta, explain, width),
        lambda: page.body(swept),
        lambda: page.rows(swept),
        lambda: linechart.draw(swept, delta, log),
        headline=lambda: headline(swept),
    )
