"""The memslots of a VM as steps add and delete them: those that its options give it, or some by address."""

from __future__ import annotations

from typing import NamedTuple


class MadeMemslot(NamedTuple):
    """A memslot that steps made: from here to there, in bytes, with a dirty bitmap or without."""

    first: int
    end: int
    logged: bool = False


class Memslots:
    """Those of one VM."""

    def __init__(self, *, bare: bool) -> None:
        """Start with those of the VM's options, or `bare`."""
        self.known: dict[int | None, MadeMemslot | None] = {} if bare else {None: None}
        """By address; None: all of the options, which may lie anywhere."""

    @property
    def bytes(self) -> int | None:
        """Return the bytes of all of them; None if the steps alone do not say."""
        if None in self.known:
            return None
        return sum(each.end - each.first for each in self.known.values() if each)

    def add(self, span: tuple[int, int] | None) -> None:
        """Add a memslot from here to there, or those of the options, again or not.

        Raises ValueError if another one is in its way, as those of the options are for any.
        """
        new = None if span is None else MadeMemslot(*span)
        if any(_overlap(new, old) for old in self.known.values()):
            raise ValueError("another memslot is there already")
        self.known[None if new is None else new.first] = new

    def remove(self, address: int | None) -> None:
        """Delete those of the options, if they are there, or the one at an address; raises ValueError if none is."""
        if address is not None:
            self._at(address)
        self.known.pop(address, None)

    def log(self, address: int, *, on: bool) -> None:
        """Give a memslot a dirty bitmap, or take it away; raises ValueError if there is no such memslot."""
        self.known[address] = self._at(address)._replace(logged=on)

    def _at(self, address: int) -> MadeMemslot:
        found = self.known.get(address)
        if found is None:
            raise ValueError(f"there is no memslot from {address:#x} on")
        return found


def _overlap(new: MadeMemslot | None, old: MadeMemslot | None) -> bool:
    if new is None or old is None:
        return new is not old
    return new.first < old.end and old.first < new.end
