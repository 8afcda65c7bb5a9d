"""What stands below a page unless all assumptions are asked for: those that bear on it, in few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.note import Note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptelist.output.page import Document
    from ptelist.output.result import Result

MORE = Note("more", "--assumptions tells all that was assumed")


def brief(result: Result) -> Result:
    """Return a result whose pages have only short notes; what a program reads stays whole."""
    page = result.page

    def short(width: int | None) -> Document:
        document = page(width)
        return document._replace(notes=shortened(document.notes))

    return result._replace(page=short)


def shortened(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Return what is to be told of notes, each once, and whether there is more."""
    whole = list(notes)
    told = dict.fromkeys(
        note if note.brief is None else Note(note.topic, note.brief) for note in whole if note.brief != ""
    )
    return (*told, MORE) if any(note.brief is not None for note in whole) else tuple(told)
