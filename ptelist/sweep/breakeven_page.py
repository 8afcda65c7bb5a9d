"""Break-evens and steps in words, or as a table where there are many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output import numbers
from ptelist.output.page import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.compare.moved import Step
    from ptelist.sweep.breakeven import BreakEven, LayoutStep


def reach(found: BreakEven) -> str:
    """Return what a break-even holds for."""
    over = found.over
    step = f" by {over.label(over.step)}" if over.step > 1 else ""
    return f"for every {over.axis.name}={over.label(over.low)}..{over.label(over.high)}{step}"


def sentence(found: BreakEven) -> str:
    """Return from where on one column takes less than the other."""
    axis = found.over.axis.name
    if not found.tried:
        return f"{found.column} was not searched, {axis} has too many values"
    if found.maybe_first is None and found.more_last is None:
        return f"{found.column} takes what {found.baseline} takes, at any {axis}"
    if found.maybe_first is None:
        return f"{found.column} takes no less than {found.baseline} at any {axis}"
    if found.less_first is None:
        return f"{found.column} may take less than {found.baseline}, but for sure at no {axis}"
    return f"{found.column} {'; '.join(_less(found, found.less_first))}"


def _less(found: BreakEven, first: int) -> Iterator[str]:
    over, axis = found.over, found.over.axis.name
    if found.less_from is None:
        yield f"takes less than {found.baseline} first at {axis}={over.label(first)}, but not always beyond"
    elif found.less_from == over.low:
        yield f"takes less than {found.baseline} from {axis}={over.label(over.low)} on"
    else:
        up_to = over.label(found.less_from - over.step)
        yield f"may take no less than {found.baseline} up to {axis}={up_to}, takes less for sure beyond"
        if first != found.less_from:
            yield f"less for sure first at {over.label(first)}"
    if found.more_last is not None:
        yield f"may take more up to {over.label(found.more_last)}"
    if found.page_first is not None:
        yield f"saves its first page at {over.label(found.page_first)}"


def table(found: Sequence[BreakEven]) -> Table:
    """Return what is said of a few columns in sentences, as a table of many."""
    first = found[0]
    head = (first.column.partition("=")[0], "less from", "first", "page", "more to")
    rows = []
    for each in found:
        values = (each.less_from, each.less_first, each.page_first, each.more_last)
        cells = ["-" if value is None else each.over.label(value) for value in values]
        rows.append((each.column.partition("=")[2], *(cells if each.tried else ["not searched", "", "", ""])))
    what = "less for sure from, less first, a page saved first, maybe more up to"
    return Table(head, tuple(rows), f"break-even against {first.baseline}, {reach(first)}: {what}")


def step(found: LayoutStep) -> str:
    """Return where an order of slabs changes, and the figures that make it."""
    moved = ", ".join(f"{each.figure} {_change(each)}" for each in found.moved[:-1])
    order = found.moved[-1]
    column = f"{found.column}, " if found.column else ""
    at = found.over.label(found.at)
    return f"{column}at {found.over.axis.name}={at} {order.figure} moves {_change(order)}: {moved}"


def _change(moved: Step) -> str:
    return f"{numbers.interval(*moved.before)} -> {numbers.interval(*moved.after)}"
