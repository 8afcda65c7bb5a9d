"""What a series costs, here and there: hosts by themselves, and a fleet of them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.comparison import change, compare
from ptelist.engine.figure_kinds import TOTAL
from ptelist.engine.interval import Change, Interval
from ptelist.output.sentence import plural
from ptelist.scenario.overlay import Origin
from ptelist.settings.axes import AXES
from ptelist.settings.columns import Column, Columns
from ptelist.settings.space import Space
from ptelist.settings.void import refuse_void

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.compare.comparison import Comparison
    from ptelist.engine.ledger import Ledger
    from ptelist.output.command_line import Options
    from ptelist.patch.states import State
    from ptelist.scenario.models import Scenario

PLACES = (("laptop", "tdp"), ("server-256", "large"))
"""A host and its VMs, where options name no host."""

MANY = 1_000
"""Hosts of a fleet that no inventory describes, each as the last place is."""

OF_THE_SERIES = ("kernel", "kernel-from", "proposal")
"""Axes whose values are those of a state."""


class Cost(NamedTuple):
    """What all that KVM's MMU takes is in each state of one place."""

    place: str
    who: str
    """The same in a sentence, with the VMs that are there."""
    values: tuple[Interval, ...]
    steps: tuple[Change, ...]
    """Of each state but the first, against the one before it."""
    whole: Change
    """Of the last one against the first."""

    def times(self, count: int, place: str, who: str) -> Cost:
        """Return that of so many of it, each for itself."""
        values = tuple(Interval(count * low, count * high) for low, high in self.values)
        steps = tuple(_times(count, each) for each in self.steps)
        return Cost(place, who, values, steps, _times(count, self.whole))


def _times(count: int, each: Change) -> Change:
    return Change(count * each.low, count * each.high, each.ratio)


def comparison(states: Sequence[State], options: Options, line: str) -> Comparison:
    """Return a column for each place and state, those of a place against its first."""
    columns: list[Column] = []
    for place, settings in _places(options):
        space = Space((), settings, {AXES[name]: Origin("the series") for name in OF_THE_SERIES})
        here = {axis.name: values[0] for axis, values in space.axes if values}
        first = len(columns)
        for state in states:
            scenario = space.scenario(state.chosen | here)
            axes = {"place": place, "patch": state.name}
            columns.append(Column(f"{place}, {state.name}", axes, scenario, first, (place, state.name)))
        mine = [column.scenario for column in columns[first:]]
        refuse_void((axis for axis, values in space.axes if values), mine)
    return compare(Columns(tuple(columns), states[0].name, by_preset=True), line)


def _places(options: Options) -> Iterator[tuple[str, Options]]:
    """Yield places with the options that make them."""
    said = dict(options)
    others = [(name, text) for name, text in options if name not in {"host", "vm"}]
    places = PLACES if "host" not in said else ((said["host"].rpartition("/")[2].removesuffix(".toml"), "tdp"),)
    for host, vms in places:
        yield host, [("host", said.get("host", host)), ("vm", said.get("vm", vms)), *others]


def of_places(found: Comparison) -> list[Cost]:
    """Return what each place takes."""
    starts = [number for number, column in enumerate(found.columns) if column.baseline == number]
    costs = []
    for start, end in zip(starts, [*starts[1:], len(found.columns)], strict=True):
        ledgers = [found.ledgers[number] for number in range(start, end)]
        column = found.columns[start]
        costs.append(_cost(column.labels[0], column.scenario, ledgers))
    return costs


def _cost(place: str, scenario: Scenario, ledgers: Sequence[Ledger]) -> Cost:
    terms = [ledger[TOTAL] for ledger in ledgers]
    steps = tuple(change(old, new) for old, new in pairwise(terms))
    vms, vcpus = sum(vm.count for vm in scenario.vms), sum(vm.count * vm.vcpus for vm in scenario.vms)
    who = f"{place} ({plural(vms, 'VM')} of {plural(vcpus // vms, 'vCPU')})"
    if vcpus % vms or len(scenario.vms) > 1:
        who = f"{place} ({plural(vms, 'VM')} with {plural(vcpus, 'vCPU')})"
    return Cost(place, who, tuple(map(Interval.of, terms)), steps, change(terms[0], terms[-1]))


def of_many(cost: Cost) -> Cost:
    """Return that of a fleet that no inventory describes."""
    return cost.times(MANY, f"{MANY:,} x {cost.place}", f"{MANY:,} such hosts")
