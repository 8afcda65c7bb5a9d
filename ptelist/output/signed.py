"""Texts that know whether they are of less or of more, so that a format may colour them."""

from __future__ import annotations


class Less(str):
    """A text of a change that is less, whatever is open."""

    __slots__ = ()


class More(str):
    """A text of a change that is more, whatever is open."""

    __slots__ = ()


def signed(text: str, low: int, high: int) -> str:
    """Return the text of a change of low..high; it stays as it is where its sign is open."""
    return Less(text) if high < 0 else More(text) if low > 0 else text
