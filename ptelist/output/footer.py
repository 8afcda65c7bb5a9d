"""What stands below a page unless all assumptions are asked for: those that bear on it, in few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output.note import Note

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


def shortened(notes: Iterable[Note], *, more: bool = True) -> tuple[Note, ...]:
    """Return what is to be told of notes, each once, and whether there is `more`.

    Of a topic that has several, such as the fields that are not verified, all are told in one note.
    """
    whole = list(notes)
    told: dict[tuple[str, str], Note] = {}
    for note in whole:
        if note.brief is None:
            told[note.head, note.text] = note
        elif note.brief and note.about:
            before = told.get((note.topic, ""))
            told[note.topic, ""] = Note(note.topic, f"{before.text}, {note.brief}" if before else note.brief)
        elif note.brief:
            told[note.topic, note.brief] = Note(note.topic, note.brief)
    return (*told.values(), *((MORE,) if more and any(note.brief is not None for note in whole) else ()))
