"""What is known of a whole number: its least and its most."""

from __future__ import annotations

from typing import NamedTuple, Protocol


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


class Ratio(NamedTuple):
    """A part of a whole, exactly; fractions.Fraction takes longer to load than an answer may."""

    part: int
    whole: int
    """More than 0."""

    def most(self, other: Ratio) -> Ratio:
        """Return the larger one."""
        return self if self.part * other.whole >= other.part * self.whole else other

    def least(self, other: Ratio) -> Ratio:
        """Return the smaller one."""
        return self if self.part * other.whole <= other.part * self.whole else other


NONE = Ratio(0, 1)


class Change(NamedTuple):
    """How much more a figure is than another: an interval, and the same as a part of the other."""

    low: int
    high: int
    ratio: tuple[Ratio, Ratio] | None
    """None where the other may be 0, and for orders."""
