"""ptelist sensitivity: what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.figure_kinds import DESC_TOTAL
from ptelist.output.command_line import command_line
from ptelist.output.result import Result
from ptelist.settings.space import Space
from ptelist.sweep.sensitivity import page
from ptelist.sweep.sensitivity.sensitivity import sensitivity
from ptelist.sweep.sensitivity.sentence import headline

if TYPE_CHECKING:
    from ptelist.output.command_line import Options


def run(options: Options, preset: str | None, figure: str) -> Result:
    """Change every parameter of a scenario, one at a time."""
    presets = (preset,) if preset else ()
    line = command_line("sensitivity", presets, [*options, *([("figure", figure)] if figure != DESC_TOTAL else [])])
    explain = command_line("explain", (figure, *presets), Space(presets, options).one_of(options, 0))
    tornado = sensitivity(presets, options, figure, line)
    return Result(
        line,
        tornado.assumptions,
        lambda width: page.document(tornado, explain, width),
        lambda: page.body(tornado),
        lambda: page.rows(tornado),
        lambda: page.picture(tornado),
        headline=lambda: headline(tornado),
    )
