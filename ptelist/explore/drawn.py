"""Tables, levers, trees and charts as rows of coloured text."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

from ptelist.explore.typed_line import CURSOR
from ptelist.output import bars, plain
from ptelist.output.page import GAP
from ptelist.output.signed import Less, More

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.explore.explorer import Explorer
    from ptelist.explore.folds import Seen
    from ptelist.explore.levers import Lever
    from ptelist.explore.typed_line import TypedLine
    from ptelist.output.page import Table
    from ptelist.output.textchart import Drawn


class Row(NamedTuple):
    """Lines that belong together; the cursor passes over a row that is a heading."""

    lines: tuple[Text, ...]
    is_heading: bool = False
    marked: int | None = None
    """Characters of the first line that show where the cursor is; None for all."""


INDENT = "  "
LESS, MORE, BAR, FINE, BAD, STRONG = "green", "red", "cyan", "dim", "red", "bold"
BLOCKS = str.maketrans({bars.FULL: "█", bars.LESS: "█", bars.MORE: "█", bars.OPEN: "░", "|": "│"})
"""A terminal has better signs for bars than a mail, and for charts."""
SIGNS = str.maketrans("*o-.:", "●○─░┊")
AXIS = str.maketrans("+-", "└─")
ARROWS = "\u2039\u203a"
"""What a value stands between."""
COLOURS = ("cyan", "yellow", "magenta", "green", "blue", "red")


def table(shown: Table) -> list[Row]:
    """Return a row for each of a table's, the first one strong: it is the sum of all."""
    places = list(zip(shown.widths(), shown.align, strict=True))
    bar = places[-1][0] + GAP if shown.bars else 0
    lines = [_line(row, places, "" if number else STRONG, bars=shown.bars) for number, row in enumerate(shown.rows)]
    return [Row((line,), marked=len(line) - bar) for line in lines]


def _line(cells: Sequence[str], places: Sequence[tuple[int, str]], style: str, *, bars: bool) -> Text:
    line = Text(style=style)
    for number, (cell, (room, align)) in enumerate(zip(cells, places, strict=True)):
        is_bar = bars and number == len(cells) - 1
        text = plain.clean(cell).translate(BLOCKS) if is_bar else plain.clean(cell)
        colour = LESS if isinstance(cell, Less) else MORE if isinstance(cell, More) else BAR if is_bar else ""
        line.append(" " * GAP if number else "")
        line.append(text.rjust(room) if align == "right" else text.ljust(room), style=colour)
    return line


def levers(
    explorer: Explorer, moved: frozenset[str], here: Lever | None, typed: TypedLine | None, width: int
) -> Iterator[tuple[Row, Lever | None]]:
    """Yield a row for each lever, the part that it is about above the first one; what was refused stands below it.

    `typed` is in place of the value `here`.
    """
    part, refused = "", explorer.refused
    for lever in explorer.levers:
        if lever.axis.part != part:
            part = lever.axis.part
            yield Row((Text(part, style=FINE),), is_heading=True), None
        is_typed = typed is not None and here is not None and here.axis.name == lever.axis.name
        lines = [_lever(lever, lever.axis.name in moved, typed if is_typed else None, width)]
        if refused and refused.lever == lever.axis.name:
            said = f"{refused.text}: {refused.why}" if refused.text else refused.why
            wrapped = _wrapped(said, width - len(INDENT))
            lines += [Text(f"{INDENT}{line}", style=BAD) for line in wrapped]
        yield Row(tuple(lines), marked=0 if is_typed else None), lever


def _lever(lever: Lever, moved: bool, typed: TypedLine | None, width: int) -> Text:
    """Return a lever's name, and its value between what moves it; a dot before one that differs from the pin."""
    name, value = plain.clean(lever.axis.name), plain.clean(typed.text if typed else lever.text)
    room = max(width - len(name) - 4, 1)
    if len(value) > room:
        value = f"\u2026{value[1 - room :]}" if typed else f"{value[: room - 1]}\u2026"
    gap = " " * (room - len(value) + 1)
    left, right = (" ", CURSOR) if typed else (ARROWS[0], ARROWS[1])
    style = "reverse" if typed and typed.is_old else "underline" if typed else STRONG if lever.typed else ""
    return Text.assemble(
        ("\u2022" if moved else " ", "yellow"), f"{name}{gap}", (left, FINE), (value, style), (right, FINE)
    )


def tree(seen: Sequence[Seen], width: int) -> list[Row]:
    """Return a row for each branch: what it says, and small print below it."""
    return [Row(tuple(_branch(each, width))) for each in seen]


def _branch(seen: Seen, width: int) -> Iterator[Text]:
    sign = ("▾ " if seen.is_open else "▸ ") if seen.branch.parts else "  "
    guide = "│ " * seen.depth
    room = max(width - len(guide) - len(sign), MOST_NARROW)
    for number, line in enumerate(_wrapped(seen.branch.text, room)):
        yield Text.assemble((guide, FINE), (sign if not number else "  ", BAR), line)
    for detail in seen.branch.details:
        for line in _wrapped(detail, room):
            yield Text.assemble((guide, FINE), "  ", (line, FINE))


def _wrapped(text: str, width: int) -> list[str]:
    """Return lines; a name that is longer than one goes on behind a dot or an underline if it has one."""
    room = max(width - len(INDENT), 1)
    part = re.compile(rf".{{1,{room}}}$|.{{1,{room}}}(?<=[._])|.{{1,{room}}}")
    words = (
        piece for word in plain.clean(text).split(" ") for piece in (part.findall(word) if len(word) > room else [word])
    )
    return textwrap.wrap(" ".join(words), width, subsequent_indent=INDENT, break_on_hyphens=False)


MOST_NARROW = 16
"""Characters that a line has at least, however deep in a tree."""


def chart(shown: Drawn) -> Text:
    """Return a chart, each of its lines in a colour."""
    text = Text(no_wrap=True, overflow="crop")
    for label, cells in shown.rows:
        text.append(f"{label} │")
        for sign, number in cells:
            text.append(sign.translate(SIGNS), style=FINE if number is None else COLOURS[number % len(COLOURS)])
        text.append("\n")
    for line in shown.below:
        text.append(f"{line.translate(AXIS)}\n")
    for line, number in shown.told:
        text.append(line.translate(SIGNS)[:1], style=FINE if number is None else COLOURS[number % len(COLOURS)])
        text.append(f"{line[1:]}\n")
    return text
