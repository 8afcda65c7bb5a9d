"""Numbers in words, for the sentence that an answer begins with: how much, how much more or less, which ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.interval import Interval
from ptelist.engine.ledger import Unit
from ptelist.output import numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ptelist.engine.interval import Change, Ends

KIB = 1 << 10
"""Fewer bytes than this need no other unit beside."""

PAIR = 2
"""So many are told as one against the other."""

MOST_NAMED = 3
"""More names than these are a list, not a sentence."""

LESS, FEWER, MORE = "less", "fewer", "more"


def amount(value: Ends, unit: Unit, *beside: str, more: str = "") -> str:
    """Return how much: 983,040 bytes (960.0 KiB), between 2 and 5 slabs, up to 128 bytes.

    What stands beside it goes into the same brackets; `more` is the word for a difference, if it is one.
    """
    low, high = value.low, value.high
    said = numbers.integer(high) if low == high else f"between {numbers.integer(low)} and {numbers.integer(high)}"
    if low == 0 < high:
        said = f"up to {numbers.integer(high)}"
    inside = ", ".join(text for text in (_human(low or high, high, unit), *beside) if text)
    brackets = f"({inside})" if inside else ""
    counted = "" if unit in numbers.UNITLESS else _counted(unit, high)
    words = (said, counted, brackets, more) if unit is Unit.BYTES else (said, more, counted, brackets)
    return " ".join(word for word in words if word)


def brief(value: Ends, unit: Unit) -> str:
    """Return how much, of bytes only as people say it: for what a table below tells to the byte."""
    return _human(value.low or value.high, value.high, unit) or amount(value, unit)


def _human(low: int, high: int, unit: Unit) -> str:
    """Return bytes in other units, each end in its own if they are far apart; nothing for a few bytes or for things."""
    if unit is not Unit.BYTES or high < KIB:
        return ""
    both = numbers.human(low, high)
    return both if not both.startswith("0.0") else f"{numbers.human(low, low)} to {numbers.human(high, high)}"


def _counted(unit: Unit, count: int) -> str:
    """Return a unit, in the singular where there is one of it."""
    if count != 1:
        return unit.value
    return "entry" if unit is Unit.ENTRIES else unit.value.removesuffix("s")


def difference(change: Change, unit: Unit, *beside: str) -> str:
    """Return how much more or less: 983,040 bytes (960.0 KiB) less, up to 768 bytes more or 3,584 bytes less.

    What stands beside it is about an amount in one direction; a change that may go in either has none.
    """
    less = FEWER if _countable(unit) else LESS
    if change.low < 0 < change.high:
        return f"{amount(Interval(0, change.high), unit, more=MORE)} or {amount(_one(-change.low), unit, more=less)}"
    if change.high <= 0:
        return amount(Interval(-change.high, -change.low), unit, *beside, more=less)
    return amount(change, unit, *beside, more=MORE)


def _one(value: int) -> Interval:
    return Interval(value, value)


def _countable(unit: Unit) -> bool:
    """Return whether a unit is of things, of which there are fewer, not less."""
    return unit is not Unit.BYTES and unit not in numbers.UNITLESS


def part(change: Change) -> str:
    """Return what part of the old figure a change is, without its sign if it has one: 2.1%, up to 41.2%."""
    if change.ratio is None or change.low == change.high == 0:
        return ""
    if change.low < 0 < change.high:
        return numbers.percent(change)
    least, most = change.ratio
    if change.low < 0:
        least, most = (ratio._replace(part=-ratio.part) for ratio in (most, least))
    return numbers.share((least, most)) if least.part else f"up to {numbers.share((most, most))}"


def takes(unit: Unit, subjects: int = 1) -> str:
    """Return the verb: what is compared takes bytes, and has things."""
    if unit is Unit.BYTES:
        return "takes" if subjects == 1 else "take"
    return "has" if subjects == 1 else "have"


def changes(change: Change, unit: Unit) -> str:
    """Return the verb of a change, which may be none where it is open."""
    return f"may {takes(unit, PAIR)}" if change.low <= 0 <= change.high and change.low < change.high else takes(unit)


def named(names: Sequence[str]) -> str:
    """Return names as they are said: a, b and c; of too many the first one, and how many others."""
    if len(names) == 1:
        return names[0]
    if len(names) > MOST_NAMED:
        return f"{names[0]} and {len(names) - 1} others"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def best_and_worst(figure: str, unit: Unit, baseline: str, changes: Iterable[tuple[Change, str]]) -> str:
    """Say which change against a baseline is best and which is worst; each has its name."""
    ordered = sorted(changes, key=lambda each: (each[0].high, each[0].low))
    best, worst = (
        f"{difference(change, unit, part(change)) if change[:2] != (0, 0) else 'the same'} with {name}"
        for change, name in (ordered[0], ordered[-1])
    )
    return f"Against {baseline}, {figure} is at best {best}; at worst {worst}."


def no_winner(name: str, value: Ends, unit: Unit, rivals: Sequence[str], subjects: int = 1) -> str:
    """Say which one takes the least at most, or which ones if a name is of so many, and that others may take less."""
    most = amount(_one(value.high), unit)
    others = rivals[0] if len(rivals) == 1 else f"any of {len(rivals)} others"
    has = "has" if subjects == 1 else "have"
    return f"No clear winner: {name} {has} the lowest upper bound, {most}, but {others} may be smaller."


def plural(count: int, what: str) -> str:
    """Return 1 host, 2 hosts."""
    return several(_one(count), what)


def several(value: Ends, what: str) -> str:
    """Return how many there are of what: 1 slab, 0..6 slabs."""
    return f"{numbers.interval(value.low, value.high)} {what}{'' if value.high == 1 else 's'}"
