"""A line of text that is typed, in place of a value or in a box."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.events import Key

CURSOR = "\u258f"
"""Behind what is typed."""


class TypedLine:
    """What is typed so far."""

    def __init__(self, text: str = "", *, is_old: bool = False) -> None:
        """Begin with a text; an old one goes when the first character is typed."""
        self.text, self.is_old = text, is_old

    @property
    def begun(self) -> str:
        """Return what was typed of it."""
        return "" if self.is_old else self.text

    def put(self, text: str) -> None:
        """Write something else."""
        self.text, self.is_old = text, False

    def paste(self, text: str) -> None:
        """Add what is pasted, in one line."""
        self.put(self.begun + " ".join(text.split()))

    def take_key(self, event: Key) -> bool:
        """Return whether a key changes the line: a character, or one that takes some away."""
        if event.key in {"backspace", "ctrl+h"}:
            self.put(self.begun[:-1])
        elif event.key == "ctrl+u":
            self.put("")
        elif event.character and event.is_printable:
            self.put(self.begun + event.character)
        else:
            return False
        return True
