"""What is known of a whole number: its least and its most."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from fractions import Fraction


class Ends(Protocol):
    """What has a least and a most."""

    @property
    def low(self) -> int:
        """The least."""

    @property
    def high(self) -> int:
        """The most."""


class Interval(NamedTuple):
    """All whole numbers from `low` to `high`, both among them."""

    low: int
    high: int

    @classmethod
    def of(cls, known: Ends) -> Interval:
        """Return the ends of a figure, or of a change."""
        return cls(known.low, known.high)


class Change(NamedTuple):
    """How much more a figure is than another: an interval, and the same as a part of the other."""

    low: int
    high: int
    ratio: tuple[Fraction, Fraction] | None
    """None where the other may be 0, and for orders."""
