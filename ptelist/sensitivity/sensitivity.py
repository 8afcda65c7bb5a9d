"""Which parameter moves a figure most: each changed alone, the others as they are."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_origin

from ptelist.compare.assumptions import assume
from ptelist.compare.comparison import pick
from ptelist.engine import rules
from ptelist.engine.account import account
from ptelist.errors import PtelistError
from ptelist.interval import Change
from ptelist.presets import shipped
from ptelist.scenario.models import Config, Host, Kernel, Vm
from ptelist.settings.axes import AXES
from ptelist.settings.space import Space
from ptelist.settings.void import refuse_void
from ptelist.units import format_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.engine.ledger import Term
    from ptelist.note import Note
    from ptelist.scenario.models import ListClass, Model, Scenario
    from ptelist.settings.axes import Axis

SKIPPED = frozenset(("host", "config", "vm", "memslots", "kernel-from"))
"""Axes that stand for many parameters at once."""

ORDERS = frozenset(("slub-min-order", "slub-max-order"))
"""Axes of which one more is twice as much."""

MODELS: dict[str, type[Model]] = {"kernel": Kernel, "config": Config, "host": Host, "vm": Vm}
DEBUG = "FZPU"

Options = list[tuple[str, str]]


class Trial(NamedTuple):
    """One parameter at another value than the scenario's."""

    label: str
    term: Term
    change: Change
    """How far the figure's ends move."""


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
    given = {axis.name: [choice.label for choice in values] for axis, values in space.axes}
    first = space.one_of(options, 0)
    scenario = space.scenario(space.along(None)[0])
    refuse_void((axis for axis, values in space.axes if len(values) == 1), (scenario,))
    ledger = account(scenario)
    pick(ledger, (figure,))
    effects = []
    for axis in AXES.values():
        if axis.name in SKIPPED:
            continue
        base, values = _values(axis, scenario, given.get(axis.name, []))
        others = [option for option in first if option[0] != axis.name]
        effects.append(_effect(axis, base, values, names, others, ledger[figure]))
    moving = [effect for effect in effects if effect.trials and effect.ends != (0, 0)]
    moving.sort(key=lambda effect: effect.ends[0] - effect.ends[1])
    idle = tuple(effect for effect in effects if effect not in moving)
    assumptions = assume([scenario], by_preset=False)
    return Sensitivity(ledger[figure], tuple(moving), idle, assumptions, command)


def _effect(  # noqa: PLR0913, PLR0917 -- one value changed, all else given
    axis: Axis, base: str, values: Sequence[str], names: Sequence[str], others: Options, figure: Term
) -> Effect:
    trials, refused = [], []
    for value in values:
        try:
            space = Space(names, [*others, (axis.name, value)])
            term = account(space.scenario(space.along(None)[0]))[figure.name]
        except PtelistError as error:
            refused.append((value, str(error)))
        else:
            trials.append(Trial(value, term, _moved(figure, term)))
    return Effect(axis.name, base, tuple(trials), tuple(refused))


def _moved(old: Term, new: Term) -> Change:
    """Return how far the ends of a figure move: what is open in both does not count as an effect."""
    moves = [(new.low - old.low, old.low), (new.high - old.high, old.high)]
    shares = [Fraction(move, end) for move, end in moves if end]
    ratio = (min(shares), max(shares)) if len(shares) == len(moves) else None
    return Change(min(move for move, _ in moves), max(move for move, _ in moves), ratio)


def _values(axis: Axis, scenario: Scenario, given: list[str]) -> tuple[str, list[str]]:
    """Return the value of a parameter and those that it is changed to, as they are typed."""
    if len(given) > 1:
        return given[0], given[1:]
    if axis.name in {"kernel", "proposal"} or axis.kind == "words":
        return _named(axis, scenario)
    part, _, field = axis.path.partition(".")
    owner = scenario.vms[0] if part == "vm" else getattr(scenario, part)
    value = getattr(owner, field)
    annotation = MODELS[part].model_fields[field].annotation
    if get_origin(annotation) is Literal:
        unbounded = axis.name == "filling" and scenario.vms[0].peak_count is None  # it would dwarf all other effects
        return str(value), [
            str(word) for word in get_args(annotation) if word != value and not (unbounded and word == "aged")
        ]
    if axis.kind in {"int", "size"}:
        return _counted(axis, scenario, value)
    return _others(axis, value)


def _counted(axis: Axis, scenario: Scenario, value: int | None) -> tuple[str, list[str]]:
    """Return a number in force and those beside it; of a peak that is not known, one twice what is left."""
    if axis.name == "peak-vms" and value is None:
        return "unknown", [str(2 * scenario.vms[0].count)]
    return _numbers(axis, _in_force(axis, scenario, value), scenario.kernel.page_bytes)


def _named(axis: Axis, scenario: Scenario) -> tuple[str, list[str]]:
    """Return what the scenario has of a parameter that names several fields at once, and the other names."""
    if axis.name == "kernel":
        return scenario.kernel.version, _neighbours(scenario.kernel.version)
    if axis.name == "proposal":
        base = "+".join(scenario.proposals) or "none"
        return base, [name for name in shipped.names("proposals") if name != base]

    def holds(path: str, value: Any) -> bool:
        part, _, field = path.partition(".")
        return bool(getattr(getattr(scenario, part), field) == value)

    words = dict(axis.words)
    base = next(word for word, fields in words.items() if all(holds(*each) for each in fields))
    return base, [word for word in words if word != base]


def _others(axis: Axis, value: Any) -> tuple[str, list[str]]:
    """Return what a switch, lists or letters are, and could be."""
    if axis.kind == "bool":
        return _switch(value), [_switch(not value)]
    if axis.kind == "lists":
        return _lists(value), [_lists(value, 2, 1), _lists(value, 1, 2)] if value else []
    return value or "none", [] if value else [DEBUG]


def _numbers(axis: Axis, value: int, page: int) -> tuple[str, list[str]]:
    """Return a number, and its half and its double, or one less and one more; sizes are whole pages."""
    show = format_size if axis.kind == "size" else str
    step = page if axis.kind == "size" else 1
    values = [value - 1, value + 1] if axis.name in ORDERS else [value // 2 // step * step, 2 * value]
    least = 0 if axis.name in ORDERS else 1
    return show(value), [show(each) for each in values if each >= least and each != value]


def _in_force(axis: Axis, scenario: Scenario, value: int | None) -> int:
    """Return the number in force for one that is not set."""
    kernel, host = scenario.kernel, scenario.host
    if axis.name == "ext":
        return rules.ext(kernel, with_tdp=rules.tdp(kernel, scenario.vms[0]))
    if value:
        return value
    return {
        "possible-cpus": host.possible_cpus or host.cpus,
        "populated": scenario.vms[0].memory,
        "vcpus-run": scenario.vms[0].vcpus,
        "slub-min-objects": rules.order_rule(kernel, host).min_objects,
        "slub-max-order": rules.max_order(kernel, host),
    }.get(axis.name, 0)


def _neighbours(version: str) -> list[str]:
    known = shipped.names("kernels")
    if version not in known:
        return []
    place = known.index(version)
    return [*known[max(place - 1, 0) : place], *known[place + 1 : place + 2]]


def _switch(value: bool) -> str:
    return "on" if value else "off"


def _lists(classes: Sequence[ListClass], divide: int = 1, times: int = 1) -> str:
    """Return classes of lists as they are typed, with so many times as many of each."""
    return "+".join(_class(each, max(each.count * times // divide, 1)) for each in classes) or "none"


def _class(each: ListClass, count: int) -> str:
    return f"{count}x{each.entries}" + (f"-{each.entries_to}" if each.entries_to else "")
