"""What each view of a place is as a result: its command is the one that gives the same on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare import command as compare_command
from ptelist.compare import explain_command, where_command
from ptelist.errors import PtelistError
from ptelist.explore.place import moved
from ptelist.output.sentence import PAIR
from ptelist.settings.axes import PRESET
from ptelist.settings.columns import expand
from ptelist.sweep import command as sweep_command
from ptelist.sweep.history import command as history_command
from ptelist.sweep.history.history_chart import charted as history_chart
from ptelist.sweep.linechart import charted as sweep_chart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.explore.levers import Lever
    from ptelist.explore.place import Place, State
    from ptelist.output.chart import Chart
    from ptelist.output.command_line import Options
    from ptelist.output.result import Result
    from ptelist.settings.axes import Axis


class Together(NamedTuple):
    """What is typed so that one command has two places as its two columns, the old one first."""

    presets: tuple[str, ...]
    options: Options
    paired: bool
    """Whether they differ in several axes, which are then not multiplied."""
    baseline: str | None


def together(old: Place, new: Place) -> Together | None:
    """Return how two places are typed in one command; None if they are one place, or cannot be."""
    axes = moved(old, new)
    if not axes:
        return None
    presets = tuple(dict.fromkeys((*old.state.presets, *new.state.presets)))
    options, paired = _both(old, new, axes).typed, len(axes) > 1
    for baseline in (None, ",".join(f"{axis.name}={old.label(axis)}" for axis in axes)):
        try:
            found = expand(presets, options, baseline, paired=paired).columns
        except PtelistError:
            return None
        if len(found) == PAIR and new.has(found[1].scenario) and old.has(found[found[1].baseline].scenario):
            return Together(presets, options, paired, baseline)
    return None


def _both(old: Place, new: Place, axes: Sequence[Axis]) -> State:
    """Return the options of both places, with both values on the axes where they differ."""
    state = new.state
    for axis in axes:
        if axis is not PRESET:
            state = state.having(axis, f"{old.text(axis)},{new.text(axis)}")
    return state


def main(old: Place, new: Place) -> Result:
    """Return what the screen shows: the difference of two places where one command gives it, else the new one."""
    if both := together(old, new):
        return compare_command.run(both.options, both.presets, both.baseline, (), both.paired)
    return where_command.run(new.state.typed, new.state.preset, whole=False)


def derivation(place: Place, figure: str) -> Result:
    """Return how a figure follows."""
    return explain_command.run(place.state.typed, figure, place.state.presets, None, paired=False)


def difference(old: Place, new: Place, figure: str) -> Result:
    """Return what the difference of a figure comes of where one command tells it, else how the new one follows."""
    both = together(old, new)
    return (
        explain_command.run(both.options, figure, both.presets, None, both.paired) if both else derivation(new, figure)
    )


class Charted(NamedTuple):
    """A result, and what is drawn of it."""

    result: Result
    chart: Chart


def sweep(  # noqa: PLR0913, PLR0917 -- all that can be said of a sweep
    old: Place, new: Place, lever: Lever, values: Sequence[str], figure: str, delta: bool
) -> Charted:
    """Return a figure along a lever; if the places differ in one other axis, at both its values.

    With `delta`, its changes against the old place's value. Numbers are drawn by factors.
    Raises PtelistError for a lever that has no other value.
    """
    axis = lever.axis
    if axis is PRESET or len(values) < PAIR:
        raise PtelistError("there is nothing to sweep it over", axis.where)
    others = [each for each in moved(old, new) if each.name != axis.name]
    other = others[0] if len(others) == 1 and others[0] is not PRESET else None
    state = _both(old, new, [other]) if other else new.state
    options = state.having(axis, None).having(axis, ",".join(values)).typed
    baseline = f"{other.name}={old.label(other)}" if other else None
    swept, explain = sweep_command.followed(options, state.preset, figure, baseline, delta, log=True)
    return Charted(sweep_command.result(swept, explain, delta, log=True), sweep_chart(swept, delta, True, axis.name))


def history(place: Place, figure: str) -> Charted:
    """Return a figure over all versions of the kernel; raises PtelistError for several figures."""
    options = [option for option in place.state.options if option[0] != "kernel"]
    found, line = history_command.followed(options, place.state.preset, figure, whole=False)
    return Charted(history_command.result(found, line, whole=False), history_chart(found.eras))
