"""The memslots of a VM as steps add and delete them: those that its options give it, or some by address."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ptelist.engine.population import Population


class MadeMemslot(NamedTuple):
    """A memslot that steps made: from here to there, in bytes, with a dirty bitmap or without."""

    first: int
    end: int
    logged: bool = False


class Memslots:
    """Those of one VM."""

    def __init__(self, all_of_host: Population[MadeMemslot | None], *, bare: bool) -> None:
        """Start with those of the VM's options, or `bare`; they are counted among all of the host."""
        self.known: dict[int | None, MadeMemslot | None] = {}
        """By address; None: all of the options, which may lie anywhere."""
        self._made: list[int] = []
        """The addresses of those that steps made, sorted."""
        self._bytes = 0
        """Of these."""
        self._all = all_of_host
        if not bare:
            self._put(None, None)

    @property
    def bytes(self) -> int | None:
        """Return the bytes of all of them; None if the steps alone do not say."""
        return None if None in self.known else self._bytes

    def add(self, span: tuple[int, int] | None) -> None:
        """Add a memslot from here to there, or those of the options, again or not.

        Raises ValueError if another one is in its way, as those of the options are for any.
        """
        new = None if span is None else MadeMemslot(*span)
        if self._made if new is None else None in self.known or self._any_in(new):
            raise ValueError("another memslot is there already")
        if new is not None:
            insort(self._made, new.first)
            self._bytes += new.end - new.first
        self._put(None if new is None else new.first, new)

    def _any_in(self, new: MadeMemslot) -> bool:
        """Return whether one that steps made is in the way: of those that begin before its end the last one."""
        place = bisect_left(self._made, new.end)
        return place > 0 and self._at(self._made[place - 1]).end > new.first

    def remove(self, address: int | None) -> None:
        """Delete those of the options, if they are there, or the one at an address; raises ValueError if none is."""
        if address is not None:
            gone = self._at(address)
            del self._made[bisect_left(self._made, address)]
            self._bytes -= gone.end - gone.first
        if address in self.known:
            self._all.leave(self.known.pop(address))

    def log(self, address: int, *, on: bool) -> None:
        """Give a memslot a dirty bitmap, or take it away; raises ValueError if there is no such memslot."""
        self._put(address, self._at(address)._replace(logged=on))

    def clear(self) -> None:
        """Delete all of them."""
        for memslot in self.known.values():
            self._all.leave(memslot)
        self.known.clear()

    def _put(self, address: int | None, memslot: MadeMemslot | None) -> None:
        """Let a memslot be at an address, in place of the one that was there."""
        if address in self.known:
            self._all.leave(self.known[address])
        self.known[address] = memslot
        self._all.enter(memslot)

    def _at(self, address: int) -> MadeMemslot:
        found = self.known.get(address)
        if found is None:
            raise ValueError(f"there is no memslot from {address:#x} on")
        return found
