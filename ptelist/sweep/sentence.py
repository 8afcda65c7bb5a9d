"""What a sweep says, in a sentence or two: its first value and its last, where it breaks even, or where it is least."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output import sentence
from ptelist.sweep import breakeven_page as breakeven

if TYPE_CHECKING:
    from ptelist.engine.interval import Change
    from ptelist.engine.ledger import Unit
    from ptelist.sweep.sweep import Point, Sweep


def headline(sweep: Sweep) -> str:
    """Return how a column differs from its baseline all along, or else how the figure itself goes."""
    if sweep.break_evens:
        return _of_columns(sweep)
    idle = all(point.change is None or point.change[:2] == (0, 0) for point in sweep.points)
    if len(set(map(_ends, sweep.points))) == 1 and (idle or not sweep.compares):
        return _flat(sweep, idle=idle)
    if not sweep.compares:
        return _extremes(sweep) if sweep.columns else _from_end_to_end(sweep)
    if sum(point.change is None for point in sweep.points) == 1:
        return _least(sweep)
    changes = ((point.change, _name(sweep, point)) for point in sweep.points if point.change)
    return sentence.best_and_worst(sweep.figure, sweep.unit, sweep.baseline, changes)


def _of_columns(sweep: Sweep) -> str:
    """Say what the column that is best at the end takes more or less at both ends, and from where on it saves."""
    broken = {each.column.partition("=")[2]: each for each in sweep.break_evens}
    changes: dict[str, list[tuple[str, Change]]] = {label: [] for label in broken}
    for point in sweep.points:
        for compared, scene in ((point.row, point.column), (point.column, point.row)):
            if point.change and compared in changes:
                changes[compared].append((scene, point.change))
    best = min(changes, key=lambda label: changes[label][-1][1][1::-1])
    break_even, (first, *_, last) = broken[best], changes[best]
    if break_even.tried and break_even.maybe_first is None and break_even.more_last is None:
        return f"{breakeven.sentence(break_even, break_even.column)}."
    unit, axis, of = sweep.unit, break_even.over.axis.name, sweep.figure
    start = f"{_words(first[1], unit)} than {break_even.baseline} at {axis}={first[0]}"
    end = f"{_words(last[1], unit, of)} at {axis}={last[0]}"
    verb = sentence.changes(first[1], unit)
    return f"{break_even.column} {verb} {start}, {end}. {breakeven.sentence(break_even, 'it')}."


def _words(change: Change, unit: Unit, of: str = "") -> str:
    """Return a change with its part, and of what."""
    if change[:2] == (0, 0):
        return "no more"
    part = sentence.part(change)
    return sentence.difference(change, unit, f"{part} of {of}" if part and of else part)


def _least(sweep: Sweep) -> str:
    """Say which values take the least, and how much less than the baseline that is."""
    best = min(sweep.points, key=_ends)
    ties = [_name(sweep, point) for point in sweep.points if _ends(point) == _ends(best)]
    rivals = [_name(sweep, each) for each in sweep.points if each.low < best.high and _ends(each) != _ends(best)]
    if rivals:
        return sentence.no_winner(ties[0], best, sweep.unit, rivals)
    said = f"{sentence.named(ties)} {sentence.takes(sweep.unit, len(ties))} the least {sweep.figure}"
    text = f"{said}, {sentence.amount(best, sweep.unit)}"
    if best.change and best.change[:2] != (0, 0):
        return f"{text}: {_words(best.change, sweep.unit)} than {sweep.baseline}."
    most = max(sweep.points, key=_ends)
    if not most.change:
        return f"{text}."
    return f"{text}; {_name(sweep, most)} {sentence.takes(sweep.unit)} {_words(most.change, sweep.unit)}."


def _flat(sweep: Sweep, *, idle: bool) -> str:
    """Say what the figure is everywhere, and which axes are idle: the same ends may stand for open changes."""
    said = f"{sweep.figure} is {sentence.amount(sweep.points[0], sweep.unit)} at all {len(sweep.points):,} points"
    if not idle:
        return f"{said}."
    axes = f"neither {sweep.rows} nor {sweep.columns} moves it" if sweep.columns else f"{sweep.rows} does not move it"
    return f"{said}; {axes}."


def _extremes(sweep: Sweep) -> str:
    """Say where the figure is least and where it is most."""
    least, most = (_at(sweep, pick(sweep.points, key=_ends)) for pick in (min, max))
    return f"{sweep.figure} goes from {least} to {most}."


def _from_end_to_end(sweep: Sweep) -> str:
    """Say what the figure is at the first value and at the last one."""
    first, last = sweep.points[0], sweep.points[-1]
    if not last.change or last.change[:2] == (0, 0):
        return f"{sweep.figure} is {_at(sweep, first)}, and the same at {_name(sweep, last)}."
    return f"{sweep.figure} goes from {_at(sweep, first)} to {_at(sweep, last)}: {_words(last.change, sweep.unit)}."


def _at(sweep: Sweep, point: Point) -> str:
    return f"{sentence.amount(point, sweep.unit)} at {_name(sweep, point)}"


def _name(sweep: Sweep, point: Point) -> str:
    return f"{sweep.rows}={point.row}" + (f", {sweep.columns}={point.column}" if sweep.columns else "")


def _ends(point: Point) -> tuple[int, int]:
    return point.high, point.low
