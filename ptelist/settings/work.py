"""How much a command may have to do: what costs time is counted before it is done.

Each room counts what it does many times, in its own unit; how many there may be is what takes some ten seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.past import known
from ptelist.errors import NOWHERE, PtelistError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptelist.engine.past import Kinds
    from ptelist.engine.slub_node import Rules
    from ptelist.errors import Where
    from ptelist.scenario.models import Scenario


class Work(NamedTuple):
    """Something that is done many times."""

    what: str
    """How it is called, of many."""
    most: int
    instead: str
    """What makes less of it."""

    def bound(self, count: int, where: Where = NOWHERE) -> None:
        """Raise PtelistError if so many of them are too many."""
        if count > self.most:
            raise PtelistError(f"more than {self.most:,} {self.what}: {self.instead}", where)


GROUPS = Work("VM groups in all scenarios together", 20_000, "give fewer values, or fewer groups")
"""Each takes 30 KiB and some 0.4 ms."""

DIMMS = Work("DIMMs of VMs in all scenarios together", 1_000_000, "give fewer values")
"""Each is a memslot, rounded for itself, and takes some 10 us."""

SIMULATED = Work(
    "objects to simulate in the histories of all scenarios",
    100_000_000,
    "give fewer values, or a smaller --peak-vms",
)
"""Each takes some 0.1 us."""


class Vms:
    """VM groups and DIMMs of scenarios, counted while these are made."""

    def __init__(self, most: Work) -> None:
        """Take how many groups there may be."""
        self._most, self._groups, self._dimms = most, 0, 0

    def add(self, scenario: Scenario, where: Where = NOWHERE) -> None:
        """Count those of one more; raises PtelistError if all are too many."""
        self._groups += len(scenario.vms)
        self._most.bound(self._groups, where)
        self._dimms += sum([vm.dimms for vm in scenario.vms])
        DIMMS.bound(self._dimms, where)


def bound_histories(scenarios: Iterable[Scenario]) -> None:
    """Raise PtelistError if histories of these hosts are too much to simulate, equal ones counted once."""
    aged = [each for each in scenarios if known(each)]
    if len(aged) > 1:  # one is never too much
        from ptelist.engine.simulated import histories, weight  # noqa: PLC0415 -- only hosts with a history need it

        seen: set[tuple[Rules, Kinds]] = set()
        done = 0
        for each in aged:
            new = set(histories(each)) - seen
            seen |= new
            done += sum(weight(kinds) for _, kinds in new)
            SIMULATED.bound(done)
