"""Pieces of a self-contained SVG picture: text, lines, scales with round ticks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from ptelist.output import numbers, plain
from ptelist.output.note import shortened
from ptelist.scenario.units import UNITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.output.note import Note

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#8a6d00")
"""Told apart by those who see colours differently as well (Okabe and Ito's, its yellow darkened)."""

DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2")
FONT = 12
CHARACTER = 7.4
"""Pixels that a character of the font is wide, on average in the widest of the usual ones."""

SMALL, SMALL_CHARACTER = 11, 6.7
"""The font of what stands below, and the pixels that each of its characters is wide."""

HALO = ' paint-order="stroke" stroke="#ffffff" stroke-width="4"'
"""Of words that lines may cross."""

GREY, FAINT = "#444444", "#dddddd"

LINE = 16
MARGIN = 16
MOST_TICKS = 6


class Scale(NamedTuple):
    """Numbers low..high along pixels start..end."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        part = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.start + part * (self.end - self.start)


def ticks(low: int, high: int, *, binary: bool) -> list[int]:
    """Return round numbers over low..high: multiples of a power of two, or of 1, 2 or 5 times one of ten."""
    step = tick_step(low, high, binary=binary)
    return list(range(-(-low // step) * step, high + 1, step))


def tick_step(low: int, high: int, *, binary: bool) -> int:
    """Return the distance of the ticks over low..high."""
    step = 1
    while (high - low) // step > MOST_TICKS:
        step = step * 2 if binary else step * 5 // 2 if str(step).startswith("2") else step * 2
    return step


def amount(value: int, *, binary: bool) -> str:
    """Return a number at a tick, bytes as a size: 1.5 MiB."""
    if not binary or value == 0:
        return numbers.integer(value)
    unit, size = next((name, size) for name, size in reversed(UNITS.items()) if size <= abs(value))
    return f"{value / size:g} {unit}"


def escaped(words: str) -> str:
    """Return words as an element's text."""
    return escape(plain.clean(words), quote=False)


def quoted(words: str) -> str:
    """Return words as an attribute's value, in quotes."""
    return f'"{escape(plain.clean(words))}"'


def text(x: float, y: float, words: str, anchor: str = "start", extra: str = "") -> str:
    """Return words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{escaped(words)}</text>'


def line(start: tuple[float, float], end: tuple[float, float], colour: str, extra: str = "") -> str:
    """Return a straight line."""
    (x1, y1), (x2, y2) = start, end
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{extra}/>'


def box(x: float, y: float, width: float, height: float, look: str) -> str:
    """Return a rectangle."""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {look}/>'


class Picture(NamedTuple):
    """A picture, and what is written above and below it."""

    size: tuple[int, int]
    """Pixels across and down, the titles among them."""
    titles: tuple[str, str]
    """What it shows, and what that means."""
    parts: Sequence[str]
    notes: Sequence[Note]
    command: str


def file(picture: Picture) -> str:
    """Return the picture, below its title and what that means; at its foot the notes and the command that draws it.

    Of the notes those are drawn that bear on it, in few words; all are its description, for who cannot see it.
    """
    width, height = picture.size
    room = int((width - 2 * MARGIN) / SMALL_CHARACTER)
    told = [
        line
        for note in shortened(picture.notes, more=False)
        for line in plain.wrapped(str(note), room, "  ").split("\n")
    ]
    caption = [*told, *plain.command(picture.command, room).split("\n")]
    whole = height + LINE * len(caption) + MARGIN
    title, meaning = picture.titles
    lines = [
        _opening(picture, f'width="{width}" height="{whole}" viewBox="0 0 {width} {whole}"'),
        f"<title>{escaped(title)}</title>",
        f"<desc>{escaped('; '.join(map(str, picture.notes)))}</desc>",
        box(0, 0, width, whole, 'fill="#ffffff"'),
        text(MARGIN, 1.5 * LINE, title, extra=' font-size="15" font-weight="bold"'),
        text(MARGIN, 2.6 * LINE, meaning, extra=f' fill="{GREY}"'),
        *picture.parts,
    ]
    small = f' font-family="monospace" font-size="{SMALL}" fill="{GREY}" xml:space="preserve"'
    lines += [text(MARGIN, height + LINE * (row + 1), words, extra=small) for row, words in enumerate(caption)]
    return "\n".join((*lines, "</svg>")) + "\n"


def inline(picture: Picture) -> str:
    """Return the picture alone, for a page that says titles, notes and command itself."""
    width, height = picture.size
    above = int(3.2 * LINE)
    return "\n".join((_opening(picture, f'viewBox="0 {above} {width} {height - above}"'), *picture.parts, "</svg>"))


def _opening(picture: Picture, size: str) -> str:
    font = f'font-family="sans-serif" font-size="{FONT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label={quoted(picture.titles[0])} {font}>'
