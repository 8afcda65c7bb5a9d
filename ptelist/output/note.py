"""What is to be known beside figures: a sentence and its topic, which formats alone make one text of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Note(NamedTuple):
    """One thing to know, such as what was assumed of the kernel."""

    topic: str
    """What it is about, in a word or two; "" if the text itself says so."""
    text: str
    about: str = ""
    """Which one, where a topic has several: a proposal's name, a field's path."""
    brief: str | None = None
    """What of the text is told unless all is asked for: nothing of it if this is "", None if all."""

    @property
    def head(self) -> str:
        """Return the topic, and which one of it."""
        return f"{self.topic} {self.about}" if self.about else self.topic

    def __str__(self) -> str:
        """Return `topic: text`."""
        return f"{self.head}: {self.text}" if self.head else self.text


MORE = Note("more", "--assumptions tells all that was assumed")


def shortened(notes: Iterable[Note], *, more: bool = True) -> tuple[Note, ...]:
    """Return what is to be told of notes, each once, and whether there is `more`.

    Of a topic that has several, such as the fields that are not verified, all are told in one note.
    """
    whole = list(notes)
    told: dict[tuple[str, str], Note] = {}
    several: dict[str, dict[str, None]] = {}
    for note in whole:
        if note.brief is None:
            told[note.head, note.text] = note
        elif note.brief and note.about:
            each = several.setdefault(note.topic, {})
            each[note.brief] = None
            told[note.topic, ""] = Note(note.topic, ", ".join(each))
        elif note.brief:
            told[note.topic, note.brief] = Note(note.topic, note.brief)
    return (*told.values(), *((MORE,) if more and any(note.brief is not None for note in whole) else ()))
