"""Limits for figures: how they are written, and when two of them cannot both be meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError, Where
from ptelist.scenario.units import parse_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from fractions import Fraction

_PERCENT = r"([0-9]{1,9})(?:\.([0-9]{1,9}))? ?%"
MAX, EXACT, GROWTH = LIMIT_KINDS = ("max", "exact", "max_growth")
BASELINE = "baseline"
"""As a limit: what the baseline has."""


class Bound(NamedTuple):
    """An amount as it was written; its unit is "bytes", "percent", "baseline", or "" for that of the figure."""

    text: str
    amount: int | Fraction
    unit: str


def amount(value: object) -> Bound:
    """Return a number in the figure's own unit, or a size in bytes; raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError('expected a whole number or a size such as "1.25 MiB"')  # noqa: TRY004 -- for pydantic
    if isinstance(value, str):
        return Bound(value, parse_size(value), "bytes")
    if value < 0:
        raise ValueError(f"should be 0 or more, got {value}")
    return Bound(str(value), value, "")


def exactly(value: object) -> Bound:
    """Return the same, or what the baseline has; raises ValueError."""
    return Bound(BASELINE, 0, BASELINE) if value == BASELINE else amount(value)


def growth(value: object) -> Bound:
    """Return an amount, or a part of the baseline in percent; raises ValueError."""
    if isinstance(value, str) and "%" in value:
        match = re.fullmatch(_PERCENT, value.strip())
        if match is None:
            raise ValueError(f'expected a percentage such as "0.5 %", got "{value[:40]}"')
        from fractions import Fraction  # noqa: PLC0415 -- loads decimal, which few limits need

        digits = match[2] or ""
        return Bound(value, Fraction(int(match[1] + digits), 100 * 10 ** len(digits)), "percent")
    return amount(value)


class Rule(NamedTuple):
    """One limit for one figure of one scenario."""

    scenario: str
    figure: str
    kind: str
    """`max`, `exact` or `max_growth`."""
    limit: Bound
    severity: str
    message: str
    place: Where
    """Its file and line."""

    @property
    def relative(self) -> bool:
        """Return whether it is held against the baseline."""
        return self.kind == GROWTH or self.limit.unit == BASELINE


def consistent(rules: Iterable[Rule]) -> Iterator[Rule]:
    """Yield limits; raises PtelistError for one given twice, and for two of which one never matters or never holds."""
    seen: dict[tuple[str, str], list[Rule]] = {}
    for rule in rules:
        others = seen.setdefault((rule.scenario, rule.figure), [])
        for other in others:
            if problem := _contradiction(other, rule):
                raise PtelistError(
                    f"{rule.place}: {rule.kind} of {rule.figure} in {rule.scenario} {problem} ({other.place})"
                )
        others.append(rule)
        yield rule


def _contradiction(first: Rule, second: Rule) -> str:
    if first.kind == second.kind:
        if first.severity == second.severity:
            return "is given twice"
        warn, fail = (first, second) if first.severity == "warn" else (second, first)
        alike = first.limit.unit == second.limit.unit or first.kind != GROWTH
        if first.kind == EXACT or (alike and warn.limit.amount >= fail.limit.amount):
            return f"contradicts the other severity: warning at {warn.limit.text} and failing at {fail.limit.text}"
    limits = {rule.kind: rule.limit for rule in (first, second) if rule.limit.unit != BASELINE}
    if EXACT in limits and MAX in limits and limits[EXACT].amount > limits[MAX].amount:
        return f"contradicts the other limit: exactly {limits[EXACT].text} is more than at most {limits[MAX].text}"
    return ""
