"""Texts of numbers that know what they say, so that a format may colour or sort them."""

from __future__ import annotations

from typing import Self


class Number(str):
    """A text of a number, or of two ends, that knows its place among others of its column."""

    __slots__ = ("order",)

    order: float
    """The sum of its ends, in whatever a column counts."""

    def __new__(cls, text: str, order: float) -> Self:
        """Return a text with its place."""
        number = super().__new__(cls, text)
        number.order = order
        return number


class Less(Number):
    """A text of a change that is less, whatever is open."""

    __slots__ = ()


class More(Number):
    """A text of a change that is more, whatever is open."""

    __slots__ = ()


def signed(text: str, low: int, high: int, order: float | None = None) -> str:
    """Return the text of a change of low..high, whose order may be that of another unit; an open sign has no colour."""
    kind = Less if high < 0 else More if low > 0 else Number
    return kind(text, low + high if order is None else order)


def uncoloured(text: str) -> str:
    """Return the text of a change that is neither good nor bad."""
    return Number(text, text.order) if isinstance(text, Number) else text
