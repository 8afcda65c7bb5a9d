"""Slabs at the marks of steps: the bounds of what stays after a shrink, and those that are followed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ptelist.engine.account import slabs_of
from ptelist.engine.figure_kinds import DESC, HEADER
from ptelist.engine.interval import Interval
from ptelist.engine.ledger import Unit, fixed
from ptelist.engine.past import Past
from ptelist.engine.simulated import slab_rules
from ptelist.engine.vm_slabs import HostSlabs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.engine.host_machine import Machine
    from ptelist.engine.slub_node import Rules
    from ptelist.engine.vcpu_machine import Counts, Totals
    from ptelist.engine.vm_slabs import CacheSlabs
    from ptelist.scenario.models import Scenario

OBJECTS = Unit.OBJECTS


class StepSlabs:
    """The slabs of both kmem_caches on the host of each column."""

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        """Take the scenarios of the columns."""
        self._scenarios = scenarios
        self._known: dict[tuple[int, str, int], Interval] = {}
        self._bounds: dict[tuple[int, str, int, int, bool], Interval] = {}
        self.open: dict[str, str] = {}
        """Of which cache no single number of slabs can be said at some mark, and why."""

    def ends(self, number: int, counts: Counts, totals: Totals) -> dict[str, Interval]:
        """Return the fewest and the most slabs in a column after a shrink."""
        return {
            DESC: self._ends(number, DESC, counts.held, totals.peak_held),
            HEADER: self._ends(number, HEADER, counts.headers, totals.peak_headers),
        }

    def _ends(self, number: int, name: str, objects: int, peak: int) -> Interval:
        """Return the fewest and the most slabs of so many objects, of which there once were `peak`."""
        if objects == 0:
            return Interval(0, 0)
        return Interval(self._of(number, name, objects).low, self._of(number, name, peak).high)

    def _of(self, number: int, name: str, objects: int) -> Interval:
        key = number, name, objects
        if key not in self._known:
            held = fixed(f"{name}.objects", objects, OBJECTS, "as the steps have it")
            ledger = slabs_of(self._scenarios[number], held, name)
            self._known[key] = Interval.of(ledger[f"{name}.slabs"])
        return self._known[key]

    @cached_property
    def _rules(self) -> list[dict[str, Rules]]:
        return [slab_rules(scenario) for scenario in self._scenarios]

    @cached_property
    def _aged(self) -> list[Scenario]:
        """Return the same hosts with a history."""
        return [each._replace(host=each.host._replace(filling="aged")) for each in self._scenarios]

    def follow(self, columns: Sequence[int]) -> HostSlabs:
        """Return the slabs of the hosts of these columns before the first step, those of equal rules once."""
        return HostSlabs(*([self._rules[number][name] for number in columns] for name in (DESC, HEADER)))

    def raw(self, number: int, machine: Machine, counts: Counts) -> dict[str, Interval] | None:
        """Return the slabs in a column as slabinfo counts them; None if no step asked to follow them."""
        if machine.slabs is None:
            return None
        totals, mine = machine.totals, self._rules[number]
        descriptors, headers = machine.slabs.descriptors[mine[DESC]], machine.slabs.headers[mine[HEADER]]
        return {
            DESC: self._followed(number, DESC, descriptors, (counts.held, totals.peak_held)),
            HEADER: self._followed(number, HEADER, headers, (counts.headers, totals.peak_headers)),
        }

    def _followed(self, number: int, name: str, slabs: CacheSlabs, objects: tuple[int, int]) -> Interval:
        """Return the slabs of one cache: as followed, else the bounds of any history with so many objects at most."""
        if not slabs.open:
            return Interval(slabs.count, slabs.count)
        self.open.setdefault(name, slabs.open)
        key = number, name, *objects, slabs.shrunk
        if key not in self._bounds:
            held, peak = objects
            before = Past(fixed(f"{name}.objects.peak", peak, OBJECTS, "the most that the steps had"))
            ledger = slabs_of(self._aged[number], fixed("held", held, OBJECTS, "as the steps have it"), name, before)
            self._bounds[key] = Interval.of(ledger[f"{name}.slabs" if slabs.shrunk else f"{name}.slabs.raw"])
        return self._bounds[key]
