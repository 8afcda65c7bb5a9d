"""How many there are of each kind, while they come and go."""

from __future__ import annotations

from collections import Counter
from typing import TypeVar

Kind = TypeVar("Kind")


class Population(Counter[Kind]):
    """A count of each kind that there is; a kind of which none is left is not there, so that none is looked at."""

    def enter(self, kind: Kind) -> None:
        """Count one more."""
        self[kind] += 1

    def leave(self, kind: Kind) -> None:
        """Count one less of those that there are."""
        self[kind] -= 1
        if not self[kind]:
            del self[kind]
