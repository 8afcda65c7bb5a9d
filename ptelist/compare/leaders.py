"""Which of several figures is the least, as far as that is sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.difference import SAME, difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.engine.ledger import Term


class Leaders(NamedTuple):
    """Places among figures."""

    ties: tuple[int, ...]
    """The figure of the lowest upper bound, and those that are the same as it, whatever is open."""
    rivals: tuple[int, ...]
    """Those that may be less."""


def leaders(figures: Sequence[Term]) -> Leaders:
    """Return which figures are the least, and which may be less, by their differences."""
    best = min(figures, key=lambda each: (each.high, each.low))
    changes = [difference(best, each) for each in figures]
    ties = tuple(number for number, each in enumerate(changes) if each == SAME)
    return Leaders(ties, tuple(number for number, each in enumerate(changes) if each.low < 0))
