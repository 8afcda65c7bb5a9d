"""What scenarios have in common is worked out once.

A result is worked out of a scenario that notes which fields, and which of their sources, are read of it. The result
is that of every other scenario as well in which all of these are the same. It may go on reading: what it had not read
before is read of the scenario at hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ptelist.scenario.models import Scenario
    from ptelist.scenario.overlay import Source

T = TypeVar("T")


class _Read:
    """A part of a scenario; what was read of it are its attributes."""

    __slots__ = ("__dict__", "of")

    def __init__(self, of: object) -> None:
        self.of = of

    def __getattr__(self, field: str) -> object:
        value = self.__dict__[field] = getattr(self.of, field)
        return value

    def holds(self, of: object) -> bool:
        """Turn to the part of another scenario, and return whether all that was read is the same there."""
        self.of = of
        known = self.__dict__
        for field, value in known.items():
            new = getattr(of, field)
            if new is not value:
                if new != value:
                    return False
                known[field] = new  # the next one may share it
        return True


class _Groups:
    """VM groups, of which each notes what is read of it: one that is not asked for costs nothing."""

    __slots__ = ("_read", "of")

    def __init__(self, of: Sequence[object]) -> None:
        self.of = of
        self._read: dict[int, _Read] = {}

    def __len__(self) -> int:
        return len(self.of)

    def __getitem__(self, number: int) -> _Read:
        """Return a group; raises IndexError, which ends a loop over all."""
        read = self._read.get(number)
        if read is None:
            read = self._read[number] = _Read(self.of[number])
        return read

    def holds(self, of: Sequence[object]) -> bool:
        """Turn to the groups of another scenario, as many, and return whether all that was read is the same there."""
        self.of = of
        return all(read.of is of[number] or read.holds(of[number]) for number, read in self._read.items())


class _Sources:
    """Where values come from; what was asked for is known."""

    __slots__ = ("_asked", "of")

    def __init__(self, of: dict[str, Source]) -> None:
        self.of = of
        self._asked: dict[str, Source | None] = {}

    def get(self, path: str) -> Source | None:
        """Return where a value comes from, None if nothing says it."""
        source = self._asked[path] = self.of.get(path)
        return source

    def holds(self, of: dict[str, Source]) -> bool:
        """Turn to another scenario, and return whether all that was asked is the same there."""
        self.of = of
        for path, source in self._asked.items():
            new = of.get(path)
            if new is not source and new != source:
                return False
        return True


class _Noted:
    """A scenario that notes what is read of it."""

    __slots__ = ("_parts", "config", "host", "kernel", "sources", "vms")

    def __init__(self, scenario: Scenario) -> None:
        self.kernel, self.config, self.host = _Read(scenario.kernel), _Read(scenario.config), _Read(scenario.host)
        self.vms = _Groups(scenario.vms)
        self._parts = self.kernel, self.config, self.host
        self.sources = _Sources(scenario.sources)

    def holds(self, scenario: Scenario) -> bool:
        """Turn to another scenario, and return whether all that was read is the same there."""
        if len(self.vms) != len(scenario.vms):
            return False
        others = scenario.kernel, scenario.config, scenario.host
        for own, other in zip(self._parts, others, strict=True):
            if own.of is not other and not own.holds(other):
                return False
        return self.vms.holds(scenario.vms) and self.sources.holds(scenario.sources)

    @property
    def first_vm(self) -> _Read:
        """Return the first group."""
        return self.vms[0]


MOST = 8
"""Results of one kind that are kept, of what scenarios differ in by turns."""


class Shared:
    """The last results of each kind, for scenarios that have in common what they were worked out of."""

    def __init__(self) -> None:
        """Start with none."""
        self._known: dict[tuple[object, ...], list[tuple[_Noted, Any]]] = {}

    def once(self, name: tuple[object, ...], scenario: Scenario, work: Callable[[Scenario], T]) -> T:
        """Return what `work` gives of the scenario, worked out unless a result of this name serves.

        A result that reads on does so of the scenario of the last call, so it must not be used after the next.
        """
        known = self._known.setdefault(name, [])
        for number, found in enumerate(known):
            if found[0].holds(scenario):
                if number:
                    known.insert(0, known.pop(number))
                break
        else:
            noted = _Noted(scenario)
            found = noted, work(cast("Scenario", noted))
            known.insert(0, found)
            del known[MOST:]
        result: T = found[1]
        return result
