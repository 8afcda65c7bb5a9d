"""What is to be known beside figures: a sentence and its topic, which formats alone make one text of."""

from __future__ import annotations

from typing import NamedTuple


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
