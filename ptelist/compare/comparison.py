"""Ledgers side by side: what changes against the baseline, and under what."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.assumptions import assume
from ptelist.compare.clause import touched
from ptelist.compare.ledgers import Ledgers, numbers, told
from ptelist.engine.difference import difference
from ptelist.engine.figure_kinds import DESC, DESC_TOTAL, HEADER, TOTAL
from ptelist.engine.interval import NONE, Change, Ratio
from ptelist.engine.ledger import TYPICAL, Unit
from ptelist.settings.catalog.names import one, select
from ptelist.settings.work import bound_histories

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ptelist.compare.ledgers import Numbers
    from ptelist.engine.ledger import Ledger, Term
    from ptelist.output.note import Note
    from ptelist.settings.columns import Column, Columns

SIMULATED_CACHES = DESC, HEADER
"""Caches of which a host with a history has simulated figures."""


class Comparison(NamedTuple):
    """Columns with their ledgers, and what was assumed for all of them."""

    columns: tuple[Column, ...]
    ledgers: Sequence[Ledger]
    baseline: str
    assumptions: tuple[Note, ...]
    command: str

    def passing(self) -> Comparison:
        """Return the same for who goes through its columns once, in little memory."""
        return self._replace(ledgers=self.ledgers.passing()) if isinstance(self.ledgers, Ledgers) else self

    def change(self, figure: str, number: int) -> Change | None:
        """Return how a column's figure differs from its baseline's; None for itself."""
        against = self.columns[number].baseline
        if against == number:
            return None
        return change(self.ledgers[against][figure], self.ledgers[number][figure])

    def numbers(self, number: int) -> Iterator[Numbers]:
        """Yield all figures of a column without their derivations."""
        if isinstance(self.ledgers, Ledgers):
            return self.ledgers.numbers(number)
        against = self.columns[number].baseline
        return numbers(*told(self.ledgers[number], None if against == number else self.ledgers[against]))

    def share(self, number: int) -> tuple[Ratio, Ratio]:
        """Return the part of pte_list_desc in all MMU metadata of a column."""
        return share(self.ledgers[number][DESC_TOTAL], self.ledgers[number][TOTAL])


def compare(columns: Columns, command: str, *, charged: bool = False, shown: tuple[str, ...] = ()) -> Comparison:
    """Return the comparison of all columns, with what cgroups are charged if that is asked for.

    `shown` are the figures that are, if they are not all; what bears on none of them is small print.
    """
    bound_histories(column.scenario for column in columns.columns)
    ledgers = Ledgers(columns.columns, charged=charged)
    seen = touched(ledger[figure] for ledger in ledgers for figure in pick(ledger, shown)) if shown else None
    assumptions = assume([column.scenario for column in columns.columns], by_preset=columns.by_preset, touched=seen)
    return Comparison(columns.columns, ledgers, columns.baseline, assumptions, command)


def change(old: Term, new: Term) -> Change:
    """Return the interval of new - old, which is `difference`, and its part of old."""
    low, high = difference(old, new)
    if low == high == 0:
        return Change(0, 0, (NONE, NONE))
    if old.low == 0 or old.unit is Unit.ORDER:
        return Change(low, high, None)
    least = Ratio(new.low - old.high, old.high).most(Ratio(low, old.low if low < 0 else old.high))
    most = Ratio(new.high - old.low, old.low).least(Ratio(high, old.high if high < 0 else old.low))
    return Change(low, high, (least, most))


def share(part: Term, whole: Term) -> tuple[Ratio, Ratio]:
    """Return part / whole, for a whole that is a sum with that part in it."""
    rest = whole.low - part.low, whole.high - part.high
    return _ratio(part.low, part.low + rest[1]), _ratio(part.high, part.high + rest[0])


def _ratio(part: int, whole: int) -> Ratio:
    return Ratio(part, whole) if whole else NONE


def pick(ledger: Mapping[str, object], wanted: Iterable[str]) -> list[str]:
    """Return the figures asked for by name, group or pattern, each once; raises PtelistError for what names none."""
    return list(dict.fromkeys(figure for name in wanted for figure in _named(ledger, name)))


def pick_common(comparison: Comparison, wanted: Iterable[str]) -> list[str]:
    """Return the figures asked for that every column has; raises PtelistError for what names none."""
    return [
        figure
        for figure in pick(comparison.ledgers[0], wanted)
        if _simulated(figure) or all(figure in ledger for ledger in comparison.ledgers)
    ]


def pick_one(ledger: Ledger, name: str) -> str:
    """Return the one figure asked for; raises PtelistError for what names none, or several."""
    return name if _simulated(name) else one(name, ledger)


def _named(ledger: Mapping[str, object], name: str) -> list[str]:
    return [name] if _simulated(name) else select((name,), ledger)


def _simulated(name: str) -> bool:
    """Return whether a figure is simulated: it can stand beside fresh hosts, of which every history is the same."""
    return name.endswith(TYPICAL) and name.partition(".")[0] in SIMULATED_CACHES
