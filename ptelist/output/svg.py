"""Pieces of a self-contained SVG picture: text, lines, scales with round ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from ptelist.output import numbers, plain
from ptelist.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptelist.note import Note

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#8a6d00")
"""Told apart by those who see colours differently as well (Okabe and Ito's, its yellow darkened)."""

DASHES = ("", "6 3", "2 3", "8 3 2 3", "1 2")
FONT = 12
CHARACTER = 6.7
"""Pixels that a character of the font is wide, at most."""

LINE = 16
MARGIN = 16
CAPTION = 110
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
    step = 1
    while (high - low) // step > MOST_TICKS:
        step = step * 2 if binary else step * 5 // 2 if str(step).startswith("2") else step * 2
    return list(range(-(-low // step) * step, high + 1, step))


def amount(value: int, *, binary: bool) -> str:
    """Return a number at a tick, bytes as a size."""
    if not binary:
        return numbers.integer(value)
    return f"-{format_size(-value)}" if value < 0 else format_size(value)


def text(x: float, y: float, words: str, anchor: str = "start", extra: str = "") -> str:
    """Return words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{escape(words)}</text>'


def line(start: tuple[float, float], end: tuple[float, float], colour: str, extra: str = "") -> str:
    """Return a straight line."""
    (x1, y1), (x2, y2) = start, end
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{extra}/>'


def box(x: float, y: float, width: float, height: float, look: str) -> str:
    """Return a rectangle."""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {look}/>'


def picture(size: tuple[int, int], title: str, parts: Iterable[str], assumptions: Iterable[Note], command: str) -> str:
    """Return the picture, with its title above and the command that draws it again below.

    What was assumed is its description, for who cannot see it, or asks.
    """
    width, height = size
    caption = plain.command(command, CAPTION).splitlines()
    whole = height + LINE * len(caption) + MARGIN
    size_ = f'width="{width}" height="{whole}" viewBox="0 0 {width} {whole}"'
    font = f'font-family="sans-serif" font-size="{FONT}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size_} role="img" aria-label={quoteattr(title)} {font}>',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape('; '.join(map(str, assumptions)))}</desc>",
        box(0, 0, width, whole, 'fill="#ffffff"'),
        text(width / 2, 1.5 * LINE, title, "middle", ' font-size="15" font-weight="bold"'),
        *parts,
    ]
    mono = ' font-family="monospace" font-size="11" fill="#444444" xml:space="preserve"'
    lines += [text(MARGIN, height + LINE * (row + 1), words, extra=mono) for row, words in enumerate(caption)]
    return "\n".join((*lines, "</svg>")) + "\n"
