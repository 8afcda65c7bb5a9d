"""ptelist history: what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.assumptions import assume
from ptelist.engine.figure_kinds import TOTAL
from ptelist.errors import PtelistError, Where
from ptelist.output.command_line import command_line
from ptelist.output.note import Note
from ptelist.output.page import Document
from ptelist.output.result import Result
from ptelist.scenario.overlay import Origin
from ptelist.scenario.presets import shipped
from ptelist.settings.axes import AXES
from ptelist.settings.space import Space
from ptelist.settings.typed_options import choices
from ptelist.sweep.history import history_chart
from ptelist.sweep.history.eras import history
from ptelist.sweep.history.page import body, rows, tables
from ptelist.sweep.history.sentence import headline

if TYPE_CHECKING:
    from ptelist.output.command_line import Options
    from ptelist.sweep.history.eras import History

KERNEL = AXES["kernel"]


def run(options: Options, preset: str | None, figure: str | None, *, whole: bool) -> Result:
    """Follow a figure of one scenario through the versions of the kernel."""
    return result(*followed(options, preset, figure, whole=whole), whole=whole)


def followed(options: Options, preset: str | None, figure: str | None, *, whole: bool) -> tuple[History, str]:
    """Return the figure's history, and the command that tells it."""
    presets = (preset,) if preset else ()
    line = command_line(
        "history", [*presets, *(["--all"] if whole else [])], [*options, *([("figure", figure)] if figure else [])]
    )
    others = [(name, text) for name, text in options if name != KERNEL.name]
    space = Space(presets, others, {KERNEL: Origin(KERNEL.option, is_option=True)})
    if space.varying:
        raise PtelistError("one scenario at a time: one value is wanted", Where(option=space.varying[0].option))
    chosen = [choice.value for name, text in options if name == KERNEL.name for choice in choices(KERNEL, text)]
    return history(space, chosen or shipped.names("kernels"), figure or TOTAL), line


def result(found: History, line: str, *, whole: bool) -> Result:
    """Return a history for any format."""
    last = Note("assumptions", f"those of kernel {found.eras[-1].last}, the last one; earlier versions may differ")
    notes = (last, *(note for note in assume([found.scenario], by_preset=False) if note.head != KERNEL.name))
    return Result(
        line,
        notes,
        lambda width: Document(tables(found.eras, found.impossible, width, whole=whole), notes, line),
        lambda: body(found.eras, found.impossible),
        lambda: rows(found.eras),
        lambda: history_chart.draw(found.eras, notes, line),
        headline=lambda: headline(found.eras),
    )
