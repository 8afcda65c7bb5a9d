"""How numbers read: exact, grouped by thousands, intervals as low..high."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.ledger import Unit
from ptelist.output.signed import Number, signed
from ptelist.scenario.units import UNITS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptelist.engine.interval import Change, Ratio
    from ptelist.engine.ledger import Term


UNITLESS = frozenset((Unit.COUNT, Unit.ORDER))
"""Units that go without saying."""


def integer(value: int) -> str:
    """Return 1310720 as 1,310,720."""
    return Number(f"{value:,}", 2 * value)


def term(value: Term) -> str:
    """Return a figure, e.g. 320 or 320..321."""
    return interval(value.low, value.high)


def with_unit(value: Term) -> str:
    """Return a figure with its unit, e.g. 1,280 bytes; 14 where it goes without saying."""
    return term(value) if value.unit in UNITLESS else f"{term(value)} {value.unit.value}"


def interval(low: int, high: int) -> str:
    """Return both ends, or the one that they are."""
    return Number(f"{low:,}" if low == high else f"{low:,}..{high:,}", low + high)


def human(low: int, high: int) -> str:
    """Return bytes in the largest unit of which there is one, with one decimal: 6.0 MiB, 4.1..5.2 MiB."""
    return _in_units(low, high, _one_decimal)


def human_shortly(low: int, high: int) -> str:
    """Return the same in less room, from ten on without a decimal: 6.0 MiB, 9.6..12 KiB."""
    return _in_units(low, high, _two_digits)


def _in_units(low: int, high: int, told: Callable[[int, int], str]) -> str:
    unit, size = next((name, size) for name, size in reversed(UNITS.items()) if size <= max(high, 1))
    if size == 1:
        return Number(f"{interval(low, high)} B", low + high)
    ends = dict.fromkeys(told(end, size) for end in (low, high))
    return Number(f"{'..'.join(ends)} {unit}", low + high)


def _one_decimal(part: int, whole: int) -> str:
    return f"{_rounded(10 * part, whole) / 10:,.1f}"


def _two_digits(part: int, whole: int) -> str:
    text = _one_decimal(part, whole)
    return text if len(text) <= len("9.9") else f"{_rounded(part, whole):,}"


def _rounded(part: int, whole: int) -> int:
    """Return a ratio to the nearest whole number, halves up."""
    return (2 * part + whole) // (2 * whole)


def change(value: Change | None) -> str:
    """Return a signed difference; nothing for the baseline itself."""
    if value is None:
        return ""
    low, high = (f"{end:+,}" if end else "0" for end in (value.low, value.high))
    return signed(low if low == high else f"{low}..{high}", value.low, value.high)


def percent(value: Change | None) -> str:
    """Return a difference in percent of the baseline, e.g. -70.6%, if that says anything."""
    if value is None or value.ratio is None or value.low == value.high == 0:
        return ""
    return signed(_percents(value.ratio, sign="+"), value.low, value.high, _order(value.ratio))


def share(value: tuple[Ratio, Ratio]) -> str:
    """Return a part of a whole in percent, e.g. 89.4..89.5%."""
    return Number(_percents(value, sign=""), _order(value))


def share_shortly(value: tuple[Ratio, Ratio]) -> str:
    """Return the same in whole percents, e.g. 89% or 12..85%; what is too small to show, and not nothing, is <1%."""
    ends = dict.fromkeys(_rounded(100 * end.part, end.whole) for end in value)
    is_seen = any(ends) or not any(end.part for end in value)
    return Number(f"{'..'.join(map(str, ends))}%" if is_seen else "<1%", _order(value))


def _order(ends: tuple[Ratio, Ratio]) -> float:
    return sum(end.part / end.whole for end in ends)


def _percents(ends: tuple[Ratio, Ratio], sign: str) -> str:
    """Return both ends; what is too small to show, and not nothing, is <0.1%."""
    low, high = (tenths(end, sign) for end in ends)
    if low == high == "0.0" and any(end.part for end in ends):
        return "<0.1%"
    return f"{low}%" if low == high else f"{low}..{high}%"


def tenths(ratio: Ratio, sign: str = "") -> str:
    """Return a ratio in percent with one decimal, halves away from zero."""
    count = (2000 * abs(ratio.part) + ratio.whole) // (2 * ratio.whole)
    text = f"{count // 10:,}.{count % 10}"
    if count == 0:
        return "0.0"
    if ratio.part < 0:
        return f"-{text}"
    return f"{sign}{text}"
