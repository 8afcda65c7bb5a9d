"""Which parameter moves a figure most: each changed alone, the others as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.assumptions import assume
from ptelist.compare.clause import touched
from ptelist.compare.comparison import change, pick_one
from ptelist.engine.account import account
from ptelist.errors import PtelistError
from ptelist.scenario import runs
from ptelist.settings.axes import AXES
from ptelist.settings.in_force import in_force
from ptelist.settings.space import Space
from ptelist.settings.void import refuse_void
from ptelist.settings.work import Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.engine.interval import Change
    from ptelist.engine.ledger import Term
    from ptelist.output.command_line import Options
    from ptelist.output.note import Note
    from ptelist.scenario.models import Scenario
    from ptelist.settings.axes import Axis

TRIED = Work("values of parameters", 2_000, "each is tried alone; ptelist sweep takes many of one parameter")
"""Each takes some 1 ms, and a row."""

SKIPPED = frozenset(("host", "config", "vm", "memslots", "kernel-from"))
"""Axes that stand for many parameters at once."""


class Trial(NamedTuple):
    """One parameter at another value than the scenario's."""

    label: str
    term: Term
    change: Change
    """How much more the figure is than the scenario's, derived."""
    against: Term
    """The scenario's figure; without the shadow pages that a run told if they do not hold for this value."""


class Effect(NamedTuple):
    """What one parameter does to the figure."""

    axis: str
    base: str
    trials: tuple[Trial, ...]
    refused: tuple[tuple[str, str], ...]
    """Values that the scenario cannot have, and why."""

    @property
    def ends(self) -> tuple[int, int]:
        """Return how far below and above the scenario's value the figure comes, 0 included."""
        changes = [trial.change for trial in self.trials]
        return min(0, *(each.low for each in changes)), max(0, *(each.high for each in changes))


class Sensitivity(NamedTuple):
    """All parameters, the one that moves the figure most first."""

    figure: Term
    effects: tuple[Effect, ...]
    idle: tuple[Effect, ...]
    """Those that do not move it, or that cannot be changed alone."""
    assumptions: tuple[Note, ...]
    command: str


def sensitivity(names: Sequence[str], options: Options, figure: str, command: str) -> Sensitivity:
    """Return the effect of every parameter; one that is given several values is tried at these.

    Else a number is halved and doubled, an order is one less and one more, a word or a switch is every
    other that there is, a kernel the one before and the one after. Raises PtelistError for an unknown figure.
    """
    space = Space(names, options)
    TRIED.bound(sum(len(values) for _, values in space.axes))
    given = {axis.name: [choice.label for choice in values] for axis, values in space.axes}
    first = space.one_of(options, 0)
    scenario = space.scenario(space.along(None)[0])
    refuse_void((axis for axis, values in space.axes if len(values) == 1), (scenario,))
    ledger = account(scenario)
    figure = pick_one(ledger, figure)
    term = unmeasured = ledger[figure]
    if any(vm.shadow_tables for vm in scenario.vms):
        unmeasured = account(runs.without(scenario))[figure]
    effects = []
    for axis in AXES.values():
        if axis.name in SKIPPED:
            continue
        base, values = _values(axis, scenario, given.get(axis.name, []))
        others = [option for option in first if option[0] != axis.name]
        effects.append(_effect(axis, base, values, names, others, term, unmeasured))
    moving = [effect for effect in effects if effect.trials and effect.ends != (0, 0)]
    moving.sort(key=lambda effect: effect.ends[0] - effect.ends[1])
    idle = tuple(effect for effect in effects if effect not in moving)
    assumptions = assume([scenario], by_preset=False, touched=touched((term,)))
    return Sensitivity(term, tuple(moving), idle, assumptions, command)


def _effect(  # noqa: PLR0913, PLR0917 -- one value changed, all else given
    axis: Axis, base: str, values: Sequence[str], names: Sequence[str], others: Options, figure: Term, unmeasured: Term
) -> Effect:
    trials, refused = [], []
    for value in values:
        try:
            space = Space(names, [*others, (axis.name, value)])
            scenario = space.scenario(space.along(None)[0])
            term = account(scenario)[figure.name]
        except PtelistError as error:
            refused.append((value, str(error)))
        except KeyError:
            refused.append((value, f"there is no {figure.name} with it"))
        else:
            another = any(vm.nested and runs.is_another(scenario, number) for number, vm in enumerate(scenario.vms))
            against = unmeasured if another else figure
            trials.append(Trial(value, term, change(against, term), against))
    return Effect(axis.name, base, tuple(trials), tuple(refused))


def _values(axis: Axis, scenario: Scenario, given: list[str]) -> tuple[str, list[str]]:
    """Return the value of a parameter and those that it is changed to, as they are typed."""
    if len(given) > 1:
        return given[0], given[1:]
    if axis.name == "peak-vms" and scenario.first_vm.peak_count is None:
        return "unknown", [str(2 * scenario.first_vm.count)]
    value = in_force(axis, scenario)
    if words := axis.literals:
        unbounded = axis.name == "filling" and scenario.first_vm.peak_count is None  # it would dwarf all other effects
        return str(value), [word for word in words if word != str(value) and not (unbounded and word == "aged")]
    return axis.kind.show(value), axis.kind.vary(value, scenario.kernel.page_bytes)
