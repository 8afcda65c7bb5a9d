"""Break-evens and steps in words, or as a table where there are many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output import numbers
from ptelist.output.page import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.compare.moved import Moved
    from ptelist.sweep.breakeven import BreakEven, LayoutStep


def reach(break_even: BreakEven) -> str:
    """Return what a break-even holds for."""
    return f"for every {_range(break_even)}"


def _range(break_even: BreakEven) -> str:
    over = break_even.over
    step = f" by {over.label(over.step)}" if over.step > 1 else ""
    return f"{over.axis.name}={over.label(over.low)}..{over.label(over.high)}{step}"


def sentence(break_even: BreakEven, subject: str) -> str:
    """Return from where on one column takes less than the other; `subject` is how it is called."""
    axis, baseline = break_even.over.axis.name, break_even.baseline
    if not break_even.tried:
        text = f"where {subject} breaks even was not searched, {axis} has too many values"
    elif break_even.maybe_first is None and break_even.more_last is None:
        text = f"{subject} takes what {baseline} takes {reach(break_even)}"
    elif break_even.maybe_first is None:
        text = f"{subject} takes less at no {_range(break_even)}"
    elif break_even.less_first is None:
        text = f"{subject} may take less than {baseline}, but surely does at no {axis}"
    else:
        text = "; ".join(_clauses(break_even, break_even.less_first, subject))
    return text if text.startswith(break_even.column) else text[0].upper() + text[1:]


def _clauses(break_even: BreakEven, first: int, subject: str) -> Iterator[str]:
    """Yield where it may cost more, where it saves, and where that is a page."""

    def at(value: int) -> str:
        return f"{over.axis.name}={over.label(value)}"

    over, it = break_even.over, subject
    if break_even.more_last is not None and break_even.more_last != over.high:
        yield f"{'at' if break_even.more_last == over.low else 'up to'} {at(break_even.more_last)} {it} may cost more"
        it = "it"
    if break_even.less_from is None:
        yield f"{it} first saves at {at(first)}, but not always beyond"
    elif break_even.less_from == over.low:
        yield f"{it} saves {reach(break_even)}"
    else:
        if first != break_even.less_from:
            yield f"{it} first saves at {at(first)}"
            it = "it"
        yield f"from {at(break_even.less_from)} on {it} always saves"
    if break_even.page_first is not None:
        yield f"the first whole page at {at(break_even.page_first)}"


def table(break_evens: Sequence[BreakEven]) -> Table:
    """Return what is said of a few columns in sentences, as a table of many."""
    first = break_evens[0]
    head = (first.column.partition("=")[0], "always", "first", "page", "more")
    rows = []
    for each in break_evens:
        values = (each.less_from, each.less_first, each.page_first, each.more_last)
        cells = ["-" if value is None else each.over.label(value) for value in values]
        rows.append((each.column.partition("=")[2], *(cells if each.tried else ["not searched", "", "", ""])))
    what = "always saves from, first saves at, first whole page at, may cost more up to"
    return Table(head, tuple(rows), f"break-even against {first.baseline}, {reach(first)}: {what}")


def step(layout_step: LayoutStep) -> str:
    """Return where an order of slabs changes, and the figures that make it."""
    moved = ", ".join(f"{each.figure} {_change(each)}" for each in layout_step.moved[:-1])
    order = layout_step.moved[-1]
    column = f"{layout_step.column}, " if layout_step.column else ""
    at = layout_step.over.label(layout_step.at)
    return f"{column}at {layout_step.over.axis.name}={at} {order.figure} moves {_change(order)}: {moved}"


def _change(moved: Moved) -> str:
    return f"{numbers.interval(*moved.before)} -> {numbers.interval(*moved.after)}"
