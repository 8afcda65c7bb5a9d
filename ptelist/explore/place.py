"""A scenario as it would be typed, and what it comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.comparison import Comparison
from ptelist.compare.ledgers import Ledgers
from ptelist.errors import PtelistError, Where
from ptelist.scenario.models import Scenario
from ptelist.settings.axes import PRESET
from ptelist.settings.columns import Column, columns, name
from ptelist.settings.in_force import in_force
from ptelist.settings.kinds import Choice
from ptelist.settings.number_kinds import FIELDS, Sizes
from ptelist.settings.space import Space

if TYPE_CHECKING:
    from ptelist.engine.ledger import Ledger
    from ptelist.output.command_line import Options
    from ptelist.settings.axes import Axis


class State(NamedTuple):
    """What is typed: a preset, if there is one, and options, each with one value."""

    preset: str | None
    options: tuple[tuple[str, str], ...]

    @property
    def presets(self) -> tuple[str, ...]:
        """Return the arguments of a command."""
        return (self.preset,) if self.preset else ()

    @property
    def typed(self) -> Options:
        """Return the options as commands take them."""
        return list(self.options)

    def having(self, axis: Axis, text: str | None) -> State:
        """Return the same with a value on an axis, where it was if there was one; with none for None."""
        if axis is PRESET:
            return self._replace(preset=text)
        given = {named(option): option for option in self.options}
        if text is None:
            given.pop(axis.name, None)
        else:
            given[axis.name] = ("set", f"{axis.name}={text}") if axis.kind is FIELDS else (axis.name, text)
        return self._replace(options=tuple(given.values()))


def named(option: tuple[str, str]) -> str:
    """Return the name of the axis that an option is about."""
    return option[1].partition("=")[0] if option[0] == "set" else option[0]


class Place(NamedTuple):
    """A state with the scenario that it makes and the figures of that."""

    state: State
    given: tuple[tuple[Axis, Choice], ...]
    """What is typed, as it was read."""
    scenario: Scenario
    ledger: Ledger

    def text(self, axis: Axis) -> str:
        """Return what is in force on an axis, as it is typed; of VM groups that differ, what each has."""
        for each, choice in self.given:
            if each.name == axis.name:
                return _word(axis, axis.kind.typed(choice))
        groups = (self.scenario._replace(vms=(vm,)) for vm in self.scenario.vms)
        scenarios = groups if axis.path.startswith("vm.") else (self.scenario,)
        return "/".join(dict.fromkeys(_word(axis, axis.kind.show(in_force(axis, each))) for each in scenarios))

    def label(self, axis: Axis) -> str:
        """Return how what is in force on an axis is called in the name of a column."""
        given = (choice for each, choice in self.given if each.name == axis.name)
        return next(given, Choice(axis.kind.show(in_force(axis, self.scenario)), None)).label

    def has(self, scenario: Scenario) -> bool:
        """Return whether a scenario has the same values, whoever says them: proposal none, or no proposal."""
        return self.scenario[:PARTS] == scenario[:PARTS]


PARTS = Scenario._fields.index("proposals")
"""So many parts of a scenario have values; behind them stands who says these."""


def _word(axis: Axis, text: str) -> str:
    """Return a size in one word, so that no shell takes it apart."""
    return text.replace(" ", "") if isinstance(axis.kind, Sizes) else text


def stand(state: State) -> Place:
    """Return where a state leads; raises PtelistError for what no command would take, and for several values."""
    space = Space(state.presets, state.typed)
    if space.varying:
        raise PtelistError("one value is wanted here", Where(option=space.varying[0].option))
    column = columns(space).columns[0]
    given = tuple((axis, values[0]) for axis, values in space.axes)
    return Place(state, given, column.scenario, Ledgers((column,), charged=True)[0])


def moved(old: Place, new: Place) -> list[Axis]:
    """Return the axes on which two places differ, in the order in which they were typed."""
    axes = {axis.name: axis for place in (old, new) for axis, _ in place.given}
    return [axis for axis in axes.values() if old.text(axis) != new.text(axis)]


def held(old: Place, new: Place) -> Comparison:
    """Return two places side by side, each called by what they differ in."""
    axes = moved(old, new)
    names = (name(axes, {axis.name: Choice(place.text(axis), None) for axis in axes}) for place in (old, new))
    pair = tuple(Column(called, {}, place.scenario, 0) for called, place in zip(names, (old, new), strict=True))
    return Comparison(pair, (old.ledger, new.ledger), pair[0].name, (), "")
