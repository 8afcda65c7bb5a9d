"""ptelist sweep: what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.figure_kinds import DESC_TOTAL
from ptelist.output.command_line import command_line
from ptelist.output.result import Result
from ptelist.settings.space import Space
from ptelist.sweep import page
from ptelist.sweep.sentence import headline
from ptelist.sweep.sweep import sweep

if TYPE_CHECKING:
    from ptelist.output.command_line import Options
    from ptelist.sweep.sweep import Sweep


def run(  # noqa: PLR0913, PLR0917 -- all that can be said of a sweep
    options: Options, preset: str | None, figure: str, delta: bool, baseline: str | None, log: bool
) -> Result:
    """Follow a figure along one axis or two."""
    presets = (preset,) if preset else ()
    more = [("figure", figure)] if figure != DESC_TOTAL else []
    more += [("baseline", baseline)] if baseline else []
    line = command_line("sweep", presets, [*options, *more]) + (" --delta" if delta else "") + (" --log" if log else "")
    space = Space(presets, options)
    swept = sweep(space, figure, baseline, line)
    explain = command_line("explain", (figure, *presets), space.one_of(options, -1))
    return Result(
        line,
        swept.assumptions,
        lambda width: page.document(swept, delta, explain, width),
        lambda: page.body(swept),
        lambda: page.rows(swept),
        lambda: _chart(swept, delta, log),
        headline=lambda: headline(swept),
    )


def _chart(swept: Sweep, delta: bool, log: bool) -> str:
    from ptelist.sweep import linechart  # noqa: PLC0415 -- slow to load, for SVG alone

    return linechart.render(swept, delta, log)
