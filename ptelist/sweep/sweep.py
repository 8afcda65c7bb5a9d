"""One figure along one axis or two: its values, where it breaks even, where slabs change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.compare.assumptions import assume
from ptelist.compare.comparison import pick_one
from ptelist.engine.account import account
from ptelist.engine.figure_kinds import DESC, HEADER, is_aside
from ptelist.engine.interval import Interval
from ptelist.engine.ledger import TYPICAL
from ptelist.errors import PtelistError
from ptelist.settings.columns import columns, compares
from ptelist.settings.work import bound_histories
from ptelist.sweep.breakeven import Curve, Tries, break_even, layout_steps, search_range
from ptelist.sweep.measure import Measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.engine.interval import Change
    from ptelist.engine.ledger import Term, Unit
    from ptelist.output.note import Note
    from ptelist.settings.axes import Axis
    from ptelist.settings.columns import Column
    from ptelist.settings.space import Space
    from ptelist.sweep.breakeven import BreakEven, Known, LayoutStep

MOST_AXES = 2


class Point(NamedTuple):
    """One scenario: its labels on the axes, its figure, and the change against its baseline."""

    row: str
    column: str
    values: dict[str, Any]
    """What it has on each axis that varies."""
    low: int
    high: int
    change: Change | None

    def ends(self, delta: bool) -> tuple[int, int] | None:
        """Return the ends of the figure, or of its change; None for the baseline itself."""
        if not delta:
            return self.low, self.high
        return (self.change.low, self.change.high) if self.change else None


class Sweep(NamedTuple):
    """All points, row by row, and what was found between them."""

    figure: str
    unit: Unit
    rows: str
    """The axis that goes down."""
    columns: str
    """The axis that goes across, empty if there is none."""
    points: tuple[Point, ...]
    baseline: str
    compares: bool
    """Whether an axis compares, or a baseline was asked for; else changes are against the first point."""
    break_evens: tuple[BreakEven, ...]
    steps: tuple[LayoutStep, ...]
    steps_not_searched: tuple[str, ...]
    """Columns in which there may be more steps: the search would take too long."""
    assumptions: tuple[Note, ...]
    command: str

    def column_labels(self) -> tuple[str, ...]:
        """Return the values on the axis that goes across; one empty label if there is none."""
        return tuple(dict.fromkeys(point.column for point in self.points))


MOST_POINTS = 100_000


def sweep(space: Space, figure: str, baseline: str | None, command: str) -> Sweep:
    """Return a figure over a space of one or two axes; raises PtelistError for any other."""
    rows, across = _axes(space)
    compared = columns(space, baseline, MOST_POINTS)
    figure = pick_one(account(compared.columns[0].scenario), figure)
    if is_aside(figure):
        bound_histories(column.scenario for column in compared.columns)
    measure = Measure(figure)
    first = measure.term(compared.columns[0].scenario)
    order = [axis.name for axis in space.varying]
    at = order.index(rows.name), order.index(across.name) if across else None
    words: set[str] = set()
    by_number = dict(_measured(compared.columns, measure, at, words))
    points = [by_number[number] for number in range(len(by_number))]
    return Sweep(
        figure,
        first.unit,
        rows.name,
        across.name if across else "",
        tuple(points),
        compared.baseline,
        baseline is not None or any(map(compares, space.varying)),
        tuple(_break_evens(space, compared.columns, points, first, measure)),
        *_steps(space, rows, figure),
        assume(
            [column.scenario for column in compared.columns], by_preset=compared.by_preset, touched=frozenset(words)
        ),
        command,
    )


def _axes(space: Space) -> tuple[Axis, Axis | None]:
    """Return the axis that goes down, the one with more values, and the one across, if there is one."""
    varying = [(axis, values) for axis, values in space.axes if len(values) > 1]
    if not varying:
        raise PtelistError("no axis varies: give one a list (2,14) or a range (1..16, 1..1024*2)")
    if len(varying) > MOST_AXES:
        names = ", ".join(axis.option for axis, _ in varying)
        raise PtelistError(f"{len(varying)} axes vary, at most {MOST_AXES} can: {names}; see ptelist compare")
    varying.sort(key=lambda pair: len(pair[1]), reverse=True)
    return varying[0][0], varying[1][0] if len(varying) > 1 else None


def _measured(
    columns: tuple[Column, ...],
    measure: Measure,
    at: tuple[int, int | None],
    words: set[str],
) -> Iterator[tuple[int, Point]]:
    """Yield each column's number and its point; `at` says which of its labels go down and across.

    The words in the derivations are put into `words`.
    """
    groups: dict[int, list[int]] = {}
    for number, column in enumerate(columns):
        groups.setdefault(column.baseline, []).append(number)
    last: object = None
    for base, members in groups.items():
        old = columns[base].scenario
        for number in members:
            column = columns[number]
            across = "" if at[1] is None else column.labels[at[1]]
            if number == base:
                (low, high), touched = measure.alone(old)
                delta = None
            else:
                _, (low, high), delta, touched = measure.against(old, column.scenario)
            if touched is not last:
                words |= touched
                last = touched
            yield number, Point(column.labels[at[0]], across, column.axes, low, high, delta)


def _numbers(space: Space, axis: Axis) -> list[int]:
    """Return the values of an axis of whole numbers or sizes; none of any other."""
    values = [choice.value for choice in space.values(axis)]
    return values if all(type(value) is int for value in values) else []


def _break_evens(
    space: Space, columns: tuple[Column, ...], points: list[Point], figure: Term, measure: Measure
) -> Iterator[BreakEven]:
    """Yield where each value of an axis that compares is below its baseline, along one that sets the scene.

    A simulated figure is no bound, and more VMs may take less of it: where it breaks even cannot be said.
    """
    compared = next((axis for axis in space.varying if compares(axis)), None)
    scene = next((axis for axis in space.varying if not compares(axis) and _numbers(space, axis)), None)
    if not compared or not scene or figure.name.endswith(TYPICAL):
        return
    over = search_range(scene, _numbers(space, scene))
    page = columns[0].scenario.kernel.page_bytes
    curves = {here[compared.name].label: Curve(space, here, over) for here in space.along(compared)}
    place, place_of_scene = space.varying.index(compared), space.varying.index(scene)
    baseline = columns[columns[0].baseline].labels[place]
    known: dict[str, Known] = {label: {} for label in curves}
    for column, point in zip(columns, points, strict=True):
        base = columns[column.baseline].labels
        if point.change and base[place_of_scene] == column.labels[place_of_scene] and base[place] == baseline:
            old = points[column.baseline]
            ends = Interval.of(point.change), Interval.of(old), Interval.of(point)
            known[column.labels[place]][(column.axes[scene.name] - over.low) // over.step] = ends
    tries = Tries()
    for label, curve in curves.items():
        if label != baseline:
            names = f"{compared.name}={baseline}", f"{compared.name}={label}"
            yield break_even(names, (curves[baseline], curve), measure, figure.unit, page, known[label], tries)


def _steps(space: Space, axis: Axis, figure: str) -> tuple[tuple[LayoutStep, ...], tuple[str, ...]]:
    """Return where the order of slabs changes along an axis, if it has numbers that slabs depend on.

    Beside it, the columns for which that was not searched.
    """
    caches = [cache for cache in (DESC, HEADER) if figure.startswith(f"{cache}.")] or [DESC, HEADER]
    orders = [f"{cache}.slab_order" for cache in caches]
    if axis.path.startswith("vm.") or not (numbers := _numbers(space, axis)):
        return (), ()
    over = search_range(axis, numbers)
    other = next((each for each in space.varying if each != axis and not each.path.startswith("vm.")), None)
    tries = Tries()
    found: list[LayoutStep] = []
    left_out = []
    for here in space.along(other):
        column = f"{other.name}={here[other.name].label}" if other else ""
        if tries.take(over.last):
            found += layout_steps(column, Curve(space, here, over), orders)
        else:
            left_out.append(column)
    return tuple(found), tuple(left_out)
