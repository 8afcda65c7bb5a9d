"""ptelist where: what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.breakdown import breakdown
from ptelist.compare.ledger_sheet import whole as whole_of
from ptelist.compare.sentence import of_one
from ptelist.compare.single import single
from ptelist.compare.where_page import body, rows, tables
from ptelist.output.command_line import command_line
from ptelist.output.page import Document
from ptelist.output.result import Result

if TYPE_CHECKING:
    from ptelist.output.command_line import Options

HEAD = ("figure", "part_of", "low", "high", "meaning")


def run(options: Options, preset: str | None, *, whole: bool) -> Result:
    """Take the total of one scenario apart."""
    presets = (preset,) if preset else ()
    line = command_line("where", [*presets, *(["--all"] if whole else [])], options)
    comparison = single(presets, options, line)
    root = breakdown(comparison.ledgers[0])
    notes = comparison.assumptions
    return Result(
        line,
        notes,
        lambda width: Document(tables(root, width, whole=whole), notes, line),
        lambda: {"whole": body(root)},
        lambda: (HEAD, *rows(root)),
        headline=lambda: of_one(comparison.ledgers[0], root.figure),
        sheet=lambda _: (whole_of(comparison.ledgers[0], f"{root.figure}, part by part"),),
    )
