"""A figure's eras as a table, and why each one ended."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from ptelist.engine.ledger import Unit
from ptelist.output import numbers, plain
from ptelist.output.page import Table, barred, richest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.compare.alone import Cause
    from ptelist.sweep.history.eras import Era, Impossible

MOST_CAUSES = 8
"""That a screen has room for: the largest ones."""
HEAD = ("first", "last", "low", "high", "unit", "change_low", "change_high", "causes")


def tables(
    eras: Sequence[Era], impossible: Sequence[Impossible], width: int | None, *, whole: bool
) -> tuple[Table, ...]:
    """Return the eras, below them the largest causes or all of them, and what versions cannot have the scenario."""
    unit = eras[0].term.unit
    ends = [(era.term.low, era.term.high) for era in eras]
    human = {" human": [numbers.human(*each) for each in ends]} if unit is Unit.BYTES else {}
    columns = {
        "kernel": [span(era) for era in eras],
        unit.value: [numbers.term(era.term) for era in eras],
        **human,
        "change": [numbers.change(era.change) for era in eras],
    }
    few = ("kernel", " human" if human else unit.value, "change")
    choices = (tuple(columns), ("kernel", unit.value, "change"), few, few[:2])
    drawn = barred(richest(columns, choices, width)._replace(sortable=True), ends, width)
    whys = list(_whys(eras, width, None if whole else MOST_CAUSES))
    return drawn, *(
        Table((head,), tuple((line,) for line in lines))
        for head, lines in (
            ("why it changed", whys),
            ("not possible", list(_impossible(impossible, width))),
        )
        if lines
    )


def span(era: Era) -> str:
    """Return the versions of an era."""
    return era.first if era.first == era.last else f"{era.first}..{era.last}"


def _whys(eras: Sequence[Era], width: int | None, most: int | None) -> Iterator[str]:
    """Yield the largest causes in the order of their versions, and how many there are beside."""
    causes = [(era, cause) for era in eras for cause in era.causes]
    largest = sorted(causes, key=lambda pair: -pair[1].size)[:most]
    for era, cause in causes:
        if (era, cause) in largest:
            yield from _wrapped(f"{era.first}: {reads(cause)}: {cause.said}", width)
    for era in eras[1:]:
        if not era.causes:
            yield from _wrapped(f"{era.first}: several inputs together; none of them alone changes it", width)
    if len(largest) < len(causes):
        yield f"({len(causes) - len(largest)} smaller causes: --all)"


def _wrapped(text: str, width: int | None) -> list[str]:
    return plain.wrapped(text, width, "    ").split("\n") if width else [text]


def _impossible(versions: Sequence[Impossible], width: int | None) -> Iterator[str]:
    """Yield a reason for all versions that fail at the same place, as the first of them says it."""
    for _, group in groupby(versions, key=lambda each: each.where):
        first, *others = group
        called = f"{first.version}..{others[-1].version}" if others else first.version
        yield from _wrapped(f"{called}: {first.why}", width)


def reads(cause: Cause) -> str:
    """Return which field changes from what to what, and by how much that alone changes the figure."""
    return f"{changed(cause)} (alone {numbers.change(cause.alone)})"


def changed(cause: Cause) -> str:
    """Return which field changes from what to what."""
    return f"{cause.field} {_value(cause.old)} -> {_value(cause.new)}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if value is None or value == ():
        return "none"
    return ",".join(map(_value, value)) if isinstance(value, tuple) else str(value)


def body(eras: Sequence[Era], impossible: Sequence[Impossible]) -> dict[str, Any]:
    """Return all of it for programs."""
    return {
        "eras": [
            {
                "first": era.first,
                "last": era.last,
                "low": era.term.low,
                "high": era.term.high,
                "unit": era.term.unit.value,
                "change": {"low": era.change.low, "high": era.change.high} if era.change else None,
                "causes": [
                    {
                        "field": cause.field,
                        "old": cause.old,
                        "new": cause.new,
                        "source": cause.said,
                        "alone": {"low": cause.alone.low, "high": cause.alone.high},
                    }
                    for cause in era.causes
                ],
            }
            for era in eras
        ],
        "not_possible": {each.version: each.why for each in impossible},
    }


def rows(eras: Sequence[Era]) -> Iterator[tuple[object, ...]]:
    """Yield a row for each era."""
    yield HEAD
    for era in eras:
        change = (era.change.low, era.change.high) if era.change else ("", "")
        causes = "; ".join(f"{reads(cause)}: {cause.said}" for cause in era.causes)
        yield era.first, era.last, era.term.low, era.term.high, era.term.unit.value, *change, causes
