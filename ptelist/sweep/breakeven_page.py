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
    over = break_even.over
    step = f" by {over.label(over.step)}" if over.step > 1 else ""
    return f"for every {over.axis.name}={over.label(over.low)}..{over.label(over.high)}{step}"


def sentence(break_even: BreakEven) -> str:
    """Return from where on one column costs less than the other."""
    column, baseline, axis = break_even.column, break_even.baseline, break_even.over.axis.name
    if not break_even.tried:
        return f"{column} was not searched, {axis} has too many values"
    if break_even.maybe_first is None and break_even.more_last is None:
        return f"{column} costs what {baseline} costs at every {axis}"
    if break_even.maybe_first is None:
        return f"{column} never costs less than {baseline}, at no {axis}"
    if break_even.less_first is None:
        return f"{column} may cost less than {baseline}, but at no {axis} is that sure"
    return "; ".join(_less(break_even, break_even.less_first))


def _less(break_even: BreakEven, first: int) -> Iterator[str]:
    over, axis, column = break_even.over, break_even.over.axis.name, break_even.column
    less = f"{column} costs less than {break_even.baseline}"
    if break_even.less_from is None:
        yield f"{less} first at {axis}={over.label(first)}, but not always beyond"
    elif break_even.less_from == over.low:
        yield f"{column} always costs less than {break_even.baseline}"
    else:
        yield f"{less} from {axis}={over.label(break_even.less_from)} on"
        if first != break_even.less_from:
            yield f"it first does at {over.label(first)}"
    if break_even.more_last is not None:
        yield f"up to {over.label(break_even.more_last)} it may cost more"
    if break_even.page_first is not None:
        yield f"it saves its first whole page at {over.label(break_even.page_first)}"


def table(break_evens: Sequence[BreakEven]) -> Table:
    """Return what is said of a few columns in sentences, as a table of many."""
    first = break_evens[0]
    head = (first.column.partition("=")[0], "always from", "first at", "page at", "more up to")
    rows = []
    for each in break_evens:
        values = (each.less_from, each.less_first, each.page_first, each.more_last)
        cells = ["-" if value is None else each.over.label(value) for value in values]
        rows.append((each.column.partition("=")[2], *(cells if each.tried else ["not searched", "", "", ""])))
    what = "always saves from, first saves at, saves its first whole page at, may cost more up to"
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
