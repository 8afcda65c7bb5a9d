"""A tornado: every parameter's effect on a figure, the greatest first, as a table or a chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.engine.ledger import Unit
from ptelist.output import bars, numbers, svg
from ptelist.output.note import Note
from ptelist.output.page import GAP, Document, Table
from ptelist.output.svg import Picture
from ptelist.settings.catalog.meanings import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.sweep.sensitivity.sensitivity import Effect, Sensitivity

WIDTH, TOP, ROW, RIGHT = 860, 60, 26, 24
MOST_NAMED = 4
"""Values of a parameter without effect that are named."""

LESS_FILL, MORE_FILL, OPEN_PALE = svg.COLOURS[2], svg.COLOURS[1], 0.45


def document(tornado: Sensitivity, explain: str, width: int | None) -> Document:
    """Return a row for every value tried, and what had no effect below."""
    head = ("parameter", "from", "to", tornado.figure.unit.value, "change", "")
    rows, changes = [], []
    for effect in tornado.effects:
        for trial in effect.trials:
            label = "" if trial is not effect.trials[0] else effect.axis
            base = effect.base if label else ""
            cells = numbers.term(trial.term), numbers.change(trial.change), numbers.percent(trial.change)
            rows.append((label, base, trial.label, *cells))
            changes.append((trial.change.low, trial.change.high))
    title = f"{_title(tornado)}, one parameter changed at a time"
    table = _fitted(Table(head, tuple(rows), title), changes, width)
    return Document((table,), (*_notes(tornado), *tornado.assumptions, Note("explain", explain)), tornado.command)


def _title(tornado: Sensitivity) -> str:
    return f"{tornado.figure.name} = {numbers.term(tornado.figure)} {tornado.figure.unit.value}"


def _fitted(table: Table, changes: list[tuple[int, int]], width: int | None) -> Table:
    """Return the table with bars if there is room, else without them, or the values, or the percents."""
    for left_out in ((), (3,), (3, 5), (1, 3, 5)):
        cut = [tuple(cell for n, cell in enumerate(row) if n not in left_out) for row in (table.head, *table.rows)]
        narrower = Table(cut[0], tuple(cut[1:]), table.title)
        room = bars.MOST if width is None else min(width - narrower.width() - GAP, bars.MOST)
        if room >= bars.LEAST:
            drawn = bars.changes(changes, room - 1)
            rows = tuple((*row, bar) for row, bar in zip(narrower.rows, drawn, strict=True))
            return Table((*narrower.head, ""), rows, table.title, bars=True)
        if width is None or narrower.width() <= width:
            return narrower
    return table.within(width)


def _notes(tornado: Sensitivity) -> Iterator[Note]:
    if unmeasured := [effect for effect in tornado.effects if effect.trials[0].against is not tornado.figure]:
        against = f"{numbers.term(unmeasured[0].trials[0].against)} {tornado.figure.unit.value}"
        text = f"the shadow pages of the preset's run do not hold for other values, so the changes are from {against}"
        yield Note("no run told", f"{', '.join(effect.axis for effect in unmeasured)}: {text}, the figure without them")
    idle = [f"{effect.axis} ({_tried(effect)})" for effect in tornado.idle if effect.trials]
    if idle:
        yield Note("no effect", f"{', '.join(idle)}; the values in brackets were tried")
    refused = [effect.axis for effect in tornado.idle if not effect.trials and effect.refused]
    if refused:
        yield Note("not possible alone", f"{', '.join(refused)} (--format json says why)")
    some = [f"{effect.axis} {value}" for effect in tornado.effects for value, _ in effect.refused]
    if some:
        yield Note("not possible here", ", ".join(some))


def _tried(effect: Effect) -> str:
    """Return the values that did not move the figure: others may."""
    if len(effect.trials) > MOST_NAMED:
        return f"{len(effect.trials)} values"
    return ", ".join(trial.label for trial in effect.trials)


def body(tornado: Sensitivity) -> dict[str, Any]:
    """Return every parameter, those without effect too."""
    return {
        "figure": tornado.figure.name,
        "unit": tornado.figure.unit.value,
        "low": tornado.figure.low,
        "high": tornado.figure.high,
        "parameters": [_effect(effect) for effect in (*tornado.effects, *tornado.idle)],
    }


def _effect(effect: Effect) -> dict[str, Any]:
    trials = [
        {
            "value": trial.label,
            "low": trial.term.low,
            "high": trial.term.high,
            "change": {"low": trial.change.low, "high": trial.change.high},
            "against": {"low": trial.against.low, "high": trial.against.high},
        }
        for trial in effect.trials
    ]
    refused = [{"value": value, "why": why} for value, why in effect.refused]
    return {"parameter": effect.axis, "base": effect.base, "trials": trials, "refused": refused}


def rows(tornado: Sensitivity) -> Iterator[tuple[object, ...]]:
    """Return a row for every value tried."""
    yield "parameter", "base", "value", "figure", "low", "high", "unit", "change_low", "change_high"
    for effect in (*tornado.effects, *tornado.idle):
        for trial in effect.trials:
            ends = trial.term.low, trial.term.high, tornado.figure.unit.value, trial.change.low, trial.change.high
            yield effect.axis, effect.base, trial.label, tornado.figure.name, *ends


def picture(tornado: Sensitivity) -> Picture:
    """Return the tornado chart: a bar a parameter, less to the left and more to the right of the scenario."""
    labels = [f"{effect.axis} {effect.base}" for effect in tornado.effects]
    left = max((len(label) for label in labels), default=0) * svg.CHARACTER + svg.MARGIN
    ends = [effect.ends for effect in tornado.effects] or [(0, 0)]
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    room = max((len(trial.label) for effect in tornado.effects for trial in effect.trials), default=0) * svg.CHARACTER
    across = svg.Scale(low, high, left + room, WIDTH - RIGHT - room)
    bottom = TOP + ROW * len(labels) + 8
    binary = tornado.figure.unit is Unit.BYTES
    parts = []
    for mark in svg.ticks(low, high, binary=binary):
        x = across.at(mark)
        parts.append(svg.line((x, TOP - 4), (x, bottom), svg.GREY if mark == 0 else svg.FAINT))
        parts.append(svg.text(x, bottom + 18, svg.amount(mark, binary=binary), "middle"))
    middle = (across.start + across.end) / 2
    parts.append(svg.text(middle, bottom + 40, f"change in {tornado.figure.unit.value}", "middle"))
    for number, (label, effect) in enumerate(zip(labels, tornado.effects, strict=True)):
        y = TOP + ROW * number
        parts.append(svg.text(left - 8, y + 14, label, "end"))
        parts += _bars(effect, y, across)
    titles = (
        _title(tornado),
        f"{MEANINGS[tornado.figure.name]}; one parameter changed at a time, pale as far as it is open",
    )
    return Picture((WIDTH, bottom + 52), titles, parts, tornado.assumptions, tornado.command)


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
        for value, opacity in ((most, OPEN_PALE), (sure, 1)):
            start, end = sorted((zero, across.at(value)))
            if end > start:
                look = f'fill="{LESS_FILL if less else MORE_FILL}" fill-opacity="{opacity}"'
                yield svg.box(start, y + 2, end - start, ROW - 8, look)
        x = across.at(most)
        yield svg.text(x - 4 if less else x + 4, y + 14, far.label, "end" if less else "start")
