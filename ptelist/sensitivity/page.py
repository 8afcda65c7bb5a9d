"""A tornado: every parameter's effect on a figure, the greatest first, as a table or a chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.engine.ledger import Unit
from ptelist.note import Note
from ptelist.output import bars, numbers, svg
from ptelist.output.page import GAP, Document, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.sensitivity.sensitivity import Effect, Sensitivity

WIDTH, TOP, ROW, RIGHT = 860, 44, 26, 24
LESS, MORE, OPEN = svg.COLOURS[2], svg.COLOURS[1], 0.45


def document(found: Sensitivity, explain: str, width: int | None) -> Document:
    """Return a row for every value tried, and what had no effect below."""
    head = ("parameter", "from", "to", found.figure.unit.value, "change", "")
    rows, changes = [], []
    for effect in found.effects:
        for trial in effect.trials:
            label = "" if trial is not effect.trials[0] else effect.axis
            base = effect.base if label else ""
            cells = numbers.term(trial.term), numbers.change(trial.change), numbers.percent(trial.change)
            rows.append((label, base, trial.label, *cells))
            changes.append((trial.change.low, trial.change.high))
    title = f"{_title(found)}, one parameter changed at a time"
    table = _fitted(Table(head, tuple(rows), title), changes, width)
    return Document((table,), (*_notes(found), *found.assumptions, Note("explain", explain)), found.command)


def _title(found: Sensitivity) -> str:
    return f"{found.figure.name} = {numbers.term(found.figure)} {found.figure.unit.value}"


def _fitted(table: Table, changes: list[tuple[int, int]], width: int | None) -> Table:
    """Return the table with bars if there is room, else without them, or the values, or the percents."""
    for left_out in ((), (3,), (3, 5), (1, 3, 5)):
        cut = [tuple(cell for n, cell in enumerate(row) if n not in left_out) for row in (table.head, *table.rows)]
        found = Table(cut[0], tuple(cut[1:]), table.title)
        room = bars.MOST if width is None else min(width - found.width() - GAP, bars.MOST)
        if room >= bars.LEAST:
            drawn = bars.changes(changes, room - 1)
            rows = tuple((*row, bar) for row, bar in zip(found.rows, drawn, strict=True))
            return Table((*found.head, ""), rows, table.title, bars=True)
        if width is None or found.width() <= width:
            return found
    return table.within(width)


def _notes(found: Sensitivity) -> Iterator[Note]:
    idle = [effect.axis for effect in found.idle if effect.trials]
    if not found.figure.exact:
        yield Note("change", "how far the ends of the figure move; what is open stays so")
    if idle:
        yield Note("no effect", ", ".join(idle))
    refused = [effect.axis for effect in found.idle if not effect.trials and effect.refused]
    if refused:
        yield Note("not possible alone", f"{', '.join(refused)} (--format json says why)")
    some = [f"{effect.axis} {value}" for effect in found.effects for value, _ in effect.refused]
    if some:
        yield Note("not possible here", ", ".join(some))


def body(found: Sensitivity) -> dict[str, Any]:
    """Return every parameter, those without effect too."""
    return {
        "figure": found.figure.name,
        "unit": found.figure.unit.value,
        "low": found.figure.low,
        "high": found.figure.high,
        "parameters": [_effect(effect) for effect in (*found.effects, *found.idle)],
    }


def _effect(effect: Effect) -> dict[str, Any]:
    trials = [
        {
            "value": trial.label,
            "low": trial.term.low,
            "high": trial.term.high,
            "change": {"low": trial.change.low, "high": trial.change.high},
        }
        for trial in effect.trials
    ]
    refused = [{"value": value, "why": why} for value, why in effect.refused]
    return {"parameter": effect.axis, "base": effect.base, "trials": trials, "refused": refused}


def rows(found: Sensitivity) -> Iterator[tuple[object, ...]]:
    """Return a row for every value tried."""
    yield "parameter", "base", "value", "figure", "low", "high", "unit", "change_low", "change_high"
    for effect in (*found.effects, *found.idle):
        for trial in effect.trials:
            ends = trial.term.low, trial.term.high, found.figure.unit.value, trial.change.low, trial.change.high
            yield effect.axis, effect.base, trial.label, found.figure.name, *ends


def picture(found: Sensitivity) -> str:
    """Return the tornado chart: a bar a parameter, less to the left and more to the right of the scenario."""
    labels = [f"{effect.axis} {effect.base}" for effect in found.effects]
    left = max((len(label) for label in labels), default=0) * svg.CHARACTER + svg.MARGIN
    ends = [effect.ends for effect in found.effects] or [(0, 0)]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    room = max((len(trial.label) for effect in found.effects for trial in effect.trials), default=0) * svg.CHARACTER
    across = svg.Scale(low, high, left + room, WIDTH - RIGHT - room)
    bottom = TOP + ROW * len(labels) + 8
    binary = found.figure.unit is Unit.BYTES
    parts = []
    for mark in svg.ticks(low, high, binary=binary):
        x = across.at(mark)
        parts.append(svg.line((x, TOP - 4), (x, bottom), "#444444" if mark == 0 else "#dddddd"))
        parts.append(svg.text(x, bottom + 18, svg.amount(mark, binary=binary), "middle"))
    middle = (across.start + across.end) / 2
    parts.append(svg.text(middle, bottom + 40, f"change in {found.figure.unit.value}", "middle"))
    for number, (label, effect) in enumerate(zip(labels, found.effects, strict=True)):
        y = TOP + ROW * number
        parts.append(svg.text(left - 8, y + 14, label, "end"))
        parts += _bars(effect, y, across)
    return svg.picture((WIDTH, bottom + 52), _title(found), parts, found.assumptions, found.command)


def _bars(effect: Effect, y: float, across: svg.Scale) -> Iterator[str]:
    """Yield a parameter's bars, each as far as it is sure and paler as far as it is open, with its value at the end."""
    zero = across.at(0)
    for less in (True, False):
        trials = [each for each in effect.trials if (each.change.low < 0 if less else each.change.high > 0)]
        if not trials:
            continue
        far = min(trials, key=lambda each: each.change.low) if less else max(trials, key=lambda each: each.change.high)
        sure = min(far.change.high, 0) if less else max(far.change.low, 0)
        most = far.change.low if less else far.change.high
        for value, opacity in ((most, OPEN), (sure, 1)):
            start, end = sorted((zero, across.at(value)))
            if end > start:
                look = f'fill="{LESS if less else MORE}" fill-opacity="{opacity}"'
                yield svg.box(start, y + 2, end - start, ROW - 8, look)
        x = across.at(most)
        yield svg.text(x - 4 if less else x + 4, y + 14, far.label, "end" if less else "start")
