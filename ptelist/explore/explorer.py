"""What a user does with a scenario: move a lever, pin what is there, take a step back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError, Where
from ptelist.explore.levers import levers, onward
from ptelist.explore.place import Place, State, stand
from ptelist.settings.number_kinds import INTEGERS, ORDERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptelist.explore.levers import Lever


COUNTS = (INTEGERS, ORDERS)
"""Kinds of which a lever takes one number, where an option takes lists and ranges as well."""


class Refused(NamedTuple):
    """A value that a lever did not take."""

    lever: str
    text: str
    why: str


class Explorer:
    """A place, the one that it is held against, and the way here; a value that is refused changes nothing of it."""

    def __init__(self, preset: str | None, options: Iterable[tuple[str, str]]) -> None:
        """Stand where a command line leads, and hold it against itself; raises PtelistError as a command would."""
        self.here = self.pinned = stand(State(preset, tuple(options)))
        self.refused: Refused | None = None
        """The last value that was asked for, if it was refused."""
        self._past: list[tuple[Place, Place]] = []
        self._found: dict[str, None] = {}

    @property
    def levers(self) -> list[Lever]:
        """Return all levers, those that were found too."""
        return levers(self.here, self._found)

    def lever(self, name: str) -> Lever:
        """Return a lever by its name."""
        return next(each for each in self.levers if each.axis.name == name)

    def find(self, name: str) -> None:
        """Show a lever that is none of the usual ones."""
        self._found[name] = None

    def step(self, name: str, *, up: bool, fine: bool = False) -> bool:
        """Move a lever to the next value that it takes; return whether it moved."""
        lever = self.lever(name)
        first: Refused | None = None
        for text in onward(lever, self.here, up=up, fine=fine):
            if self.put(name, text):
                return True
            first = first or self.refused
        self.refused = first
        return False

    def put(self, name: str, text: str) -> bool:
        """Give a lever a value; return whether it took it."""
        return self._go(name, text.strip() or None)

    def clear(self, name: str) -> bool:
        """Leave a lever to what is in force without it."""
        return self._go(name, None)

    def _go(self, name: str, text: str | None) -> bool:
        axis = self.lever(name).axis
        plain = self.here.state.having(axis, None)
        self.refused = None
        if text and axis.kind in COUNTS and not re.fullmatch(r"-?[0-9]+", text):
            self.refused = Refused(name, text, "expected one whole number")
            return False
        try:
            place = stand(plain if text is None else self.here.state.having(axis, text))
        except PtelistError as error:
            why = error.text if error.where == Where(option=axis.option) else str(error)
            self.refused = Refused(name, text or "", why)
            return False
        self._past.append((self.here, self.pinned))
        self.here = _shortest(place, plain)
        return True

    def pin(self) -> None:
        """Hold what comes against what is here."""
        self._past.append((self.here, self.pinned))
        self.pinned, self.refused = self.here, None

    def undo(self) -> bool:
        """Go back by a step; return whether there was one."""
        self.refused = None
        if not self._past:
            return False
        self.here, self.pinned = self._past.pop()
        return True


def _shortest(place: Place, plain: State) -> Place:
    """Return a place without an option that says only what is in force without it."""
    try:
        other = stand(plain)
    except PtelistError:
        return place
    return other if other.has(place.scenario) else place
