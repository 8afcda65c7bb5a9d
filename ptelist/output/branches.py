"""A tree of lines with guides, as deep as a screen has room for or as is asked for."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, NamedTuple

from ptelist.output.page import FINE, TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.output.page import Line

LEAST_TEXT = 24
FORK, LAST, BAR, BLANK = "|- ", "`- ", "|  ", "   "
SCREEN = 40
"""Lines that a tree may take unless more are asked for."""
ALL_LEVELS = "all"
"""Instead of a depth."""


class Branch(NamedTuple):
    """One node: what it says, small print about it, and what it rests on."""

    text: str
    details: tuple[str, ...]
    parts: tuple[Branch, ...]
    verdict: str = ""
    """A word before the text, of those that a check has."""

    @property
    def depth(self) -> int:
        """Return how many levels there are below it."""
        return max((1 + part.depth for part in self.parts), default=0)


def draw(root: Branch, width: int, depth: str | None) -> tuple[Line, ...]:
    """Return the lines of a tree, of so many levels below the root; None: as many as a screen has room for.

    A line at the end says how many levels are left out.
    """
    whole = root.depth
    wanted = whole if depth == ALL_LEVELS else _fitting(root, width, whole) if depth is None else min(int(depth), whole)
    lines = tuple(_lines(root, "", "", width, wanted))
    if wanted == whole:
        return lines
    left = whole - wanted
    more = f"({left} level{'s' * (left > 1)} deeper: --depth {min(wanted + 2, whole)}, or --depth {ALL_LEVELS})"
    return (*lines, (FINE, ""), *_wrapped(more, "", "", width, FINE))


def _fitting(root: Branch, width: int, whole: int) -> int:
    """Return the most levels that a screen has room for, one at least."""
    for depth in range(2, whole + 1):
        if sum(1 for _ in _lines(root, "", "", width, depth)) > SCREEN:
            return depth - 1
    return whole


def _lines(branch: Branch, first: str, rest: str, width: int, depth: int) -> Iterator[Line]:
    yield from _wrapped(branch.text, first, rest, width, TEXT)
    parts = branch.parts if depth else ()
    guide = rest + (BAR if parts else BLANK)
    for text in branch.details:
        yield from _wrapped(text, guide, guide, width, FINE)
    for number, part in enumerate(parts, 1):
        last = number == len(parts)
        yield from _lines(part, rest + (LAST if last else FORK), rest + (BLANK if last else BAR), width, depth - 1)


def _wrapped(text: str, first: str, rest: str, width: int, meaning: str) -> Iterator[Line]:
    """Yield text in lines behind the guides of the tree; deep down they may be wider."""
    for line in textwrap.wrap(
        text,
        max(width, len(rest) + LEAST_TEXT),
        initial_indent=first,
        subsequent_indent=f"{rest}  ",
        break_long_words=False,
        break_on_hyphens=False,
    ):
        yield meaning, line
