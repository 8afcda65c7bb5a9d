"""The levers of a scenario: which ones matter, what is in force on each, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError
from ptelist.explore.place import stand
from ptelist.settings.axes import AXES, PRESET
from ptelist.settings.in_force import in_force
from ptelist.settings.named import RUNNING
from ptelist.settings.number_kinds import Integers
from ptelist.settings.void import reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ptelist.explore.place import Place
    from ptelist.settings.axes import Axis

USUAL = (
    *("kernel", "config", "proposal", "ext", "capacity"),
    *("cpus", "nodes", "filling", "peak-vms"),
    *("vcpus", "vms", "memory", "leaf", "paging", "nested", "l2-memory", "l2-leaf"),
)
"""Those that matter most, as long as they have an effect."""
PARTS = ("kernel", "host", "vm")
DOUBLINGS = range(1, 6)
MOST_STEPS = 1 << 10
"""Whole numbers between the least and the most that a lever is swept over."""


class Lever(NamedTuple):
    """One parameter of the scenario."""

    axis: Axis
    text: str
    """What is in force, as it is typed."""
    typed: bool
    """Whether an option says it."""


def levers(place: Place, found: Iterable[str] = ()) -> list[Lever]:
    """Return the levers by the part of the scenario that they are about: the usual ones, those typed or found."""
    given = {axis.name: axis for axis, _ in place.given}
    usual = [AXES[name] for name in USUAL if not reason(AXES[name], place.scenario)]
    axes = {axis.name: axis for axis in (*usual, *given.values(), *map(axis_of, found))}
    ordered = sorted(axes.values(), key=lambda axis: PARTS.index(axis.part))
    return [Lever(axis, place.text(axis), axis.name in given) for axis in ordered]


def axis_of(name: str) -> Axis:
    """Return the axis of a lever that can be found."""
    return PRESET if name == PRESET.name else AXES[name]


def onward(lever: Lever, place: Place, *, up: bool, fine: bool) -> Sequence[str]:
    """Return what comes next on a lever, the nearest first: the other words, or a number, at most the limit."""
    axis = lever.axis
    words = _words(axis)
    if not words:
        value = in_force(axis, place.scenario)
        page = place.scenario.kernel.page_bytes
        text = axis.kind.beyond(value, page, up=up, fine=fine) if type(value) is int else ""
        if text and isinstance(axis.kind, Integers) and not _possible(place, axis, text):
            last = _limit(place, axis, value, axis.kind.number(text))
            return [text] if last == value else [_typed(axis, last)]
        return [text] if text else []
    if not up:
        words.reverse()
    at = words.index(lever.text) if lever.text in words else -1
    return words[at + 1 :] + ([] if axis.kind.in_order else words[: max(at, 0)])


def along(lever: Lever, place: Place, pinned: Place) -> list[str]:
    """Return values of a lever that a place can have, in order: all words, or numbers by factors of two.

    What is pinned is among them, and the lever's limit where they reach it. None for presets, which a sweep has no
    option for. Other numbers go no further than a search for break-evens between them can.
    """
    axis = lever.axis
    if axis is PRESET:
        return []
    if words := _words(axis):
        listed = words if lever.text in words else [lever.text, *words]
        return [word for word in listed if _possible(place, axis, word)]
    value, old = in_force(axis, place.scenario), in_force(axis, pinned.scenario)
    if type(value) is not int or not _possible(place, axis, axis.kind.show(value)):
        return []
    values = {*_by_twos(axis, value, place), *([old] if type(old) is int else [])}
    return [text for number in sorted(values) if _possible(place, axis, text := _typed(axis, number))]


def _by_twos(axis: Axis, value: int, place: Place) -> list[int]:
    unit, values = axis.kind.step([value]) if value else 1, [value]
    for numbers in ([max(value, 1) << n for n in DOUBLINGS], [value >> n for n in DOUBLINGS]):
        last = value
        for number in numbers:
            span = [*values, number]
            steps = (max(span) - min(span)) // axis.kind.step(span)
            if number in values or number % unit or steps > MOST_STEPS // 2 * (1 + (number < value)):
                break
            if not _possible(place, axis, axis.kind.show(number)):
                values.append(_limit(place, axis, last, number))
                break
            values.append(number)
            last = number
    return values


def _limit(place: Place, axis: Axis, able: int, unable: int) -> int:
    """Return the last number that a lever takes on the way from one that it takes to one that it does not."""
    unit = axis.kind.step([able, unable])
    while abs(unable - able) > unit:
        middle = (able + unable) // 2 // unit * unit
        if _possible(place, axis, axis.kind.show(middle)):
            able = middle
        else:
            unable = middle
    return able


def _typed(axis: Axis, number: int) -> str:
    return axis.kind.show(number).replace(" ", "")


def _words(axis: Axis) -> list[str]:
    """Return the words that an axis has, but for that of this machine, which is typed by who means it."""
    return [word for word in axis.literals or axis.kind.words() if word != RUNNING]


def _possible(place: Place, axis: Axis, text: str) -> bool:
    try:
        stand(place.state.having(axis, text))
    except PtelistError:
        return False
    return True
