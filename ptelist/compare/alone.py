"""The inputs in which two scenarios differ, each changed alone: which of them move a figure, and by how much."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.account import account
from ptelist.engine.difference import difference
from ptelist.engine.interval import Change
from ptelist.scenario.models import NAMING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.engine.ledger import Ledger
    from ptelist.scenario.models import Scenario
    from ptelist.scenario.overlay import Source

OF_BUILD = ("kernel", "config")
"""Parts of a scenario that a build decides."""


class Cause(NamedTuple):
    """An input that differs, and changes the figure alone as well."""

    field: str
    """Dotted: kernel.rmap_lazy."""
    old: object
    new: object
    source: Source | None
    """Where the new value comes from; None if nothing says it."""
    alone: Change
    """By how much it would have changed the figure before, if nothing else had."""

    @property
    def said(self) -> str:
        """Return the commit, or who else says so."""
        return str(self.source or "the default")

    @property
    def size(self) -> int:
        """Return the most by which it moves the figure, up or down."""
        return max(abs(self.alone.low), abs(self.alone.high))


class Alone:
    """Two scenarios, and the first one with each input of the kernel or the configuration that differs."""

    def __init__(self, old: Scenario, new: Scenario) -> None:
        """Take both; what is accounted for is kept, for as many figures as are asked for."""
        self._old, self._new = old, new

    def causes(self, figure: str) -> list[Cause]:
        """Return the inputs that change a figure, the one that moves it most first."""
        found = []
        for path, old, new, ledger in self._changed:
            low, high = difference(self._before.get(figure), ledger.get(figure))
            if low or high:
                found.append(Cause(path, old, new, self._new.sources.get(path), Change(low, high, None)))
        return sorted(found, key=lambda cause: -cause.size)

    @cached_property
    def _before(self) -> Ledger:
        return account(self._old)

    @cached_property
    def _changed(self) -> list[tuple[str, object, object, Ledger]]:
        """Return each input that differs, what it was and is, and the figures with it alone."""
        return list(self._each())

    def _each(self) -> Iterator[tuple[str, object, object, Ledger]]:
        for part in OF_BUILD:
            mine, others = getattr(self._old, part), getattr(self._new, part)
            for field, value in others._asdict().items():
                path, before = f"{part}.{field}", getattr(mine, field)
                if path not in NAMING and value != before:
                    scenario = self._old._replace(**{part: mine._replace(**{field: value})})
                    yield path, before, value, account(scenario)
