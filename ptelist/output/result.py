"""What every command returns: one result, of which each format takes what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ptelist.output.note import Note
    from ptelist.output.page import Document
    from ptelist.output.sheet import Block
    from ptelist.output.svg import Picture


class Result(NamedTuple):
    """A result that knows no format; what a format does not ask for is not made."""

    command: str
    """The command that gives the same again."""
    notes: Sequence[Note]
    """What was assumed."""
    page: Callable[[int | None], Document]
    """Lines and tables for text of so many columns; None is an endless line."""
    body: Callable[[], dict[str, Any]]
    """What a JSON document has beside command and notes."""
    rows: Callable[[], Iterable[Sequence[object]]] | None = None
    """Rows of CSV, their head first; None for what has none."""
    picture: Callable[[], Picture] | None = None
    """A chart, of what has one."""
    code: int = 0
    """What the process exits with."""
    headline: Callable[[], str] = str
    """The answer in a plain sentence or two; empty where nothing was asked."""
    sheet: Callable[[Document], Sequence[Block]] | None = None
    """What a format shows that draws and folds, given the endless page; None where it is what stands there."""
    beside: tuple[tuple[str, str], ...] = ()
    """Texts for files of their own, each with its file's name: written if the result is."""

    lines: Callable[[], Iterable[dict[str, Any]]] | None = None
    """Objects for a line each, where there are more than rows tell; None for what has rows alone."""

    lacks: str = ""
    """What the figures are without, of which a note tells: it is said aloud where a format has no notes."""

    def document(self, width: int | None) -> Document:
        """Return the page of so many columns with the answer above it."""
        return self.page(width)._replace(headline=self.headline())
