"""The ledgers of many columns, worked out when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.account import account
from ptelist.engine.difference import difference
from ptelist.engine.ledger import TYPICAL
from ptelist.engine.repeated import Repeated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.engine.ledger import Ledger, Term, Unit
    from ptelist.engine.repeated import Told
    from ptelist.scenario.models import Scenario
    from ptelist.settings.columns import Column

    Figures = tuple[tuple[str, Unit, bool], ...]
    """Names, units, and whether there is a change."""

MANY, FEW = 1 << 10, 1 << 6
"""Of more columns than that so few ledgers are kept where they are gone through once: those asked for last."""


class Numbers(NamedTuple):
    """A figure of a column without its derivation, and the ends of its change; both None where there is none."""

    figure: str
    unit: Unit
    low: int
    high: int
    change_low: int | None = None
    change_high: int | None = None


class Ledgers(Sequence["Ledger"]):
    """A ledger a column."""

    def __init__(self, columns: Sequence[Column], *, charged: bool, most: int | None = None) -> None:
        """Take the columns; `charged`: with what cgroups are charged. At `most` so many are kept, None for all."""
        self._columns, self._charged = columns, charged
        self._kept: dict[int, Ledger] = {}
        self._most = len(columns) if most is None else most
        self._alone = Repeated(lambda scenario: told(self._ledger(scenario)))
        self._against = Repeated(lambda old, new: told(self._ledger(new), self._ledger(old)))

    def passing(self) -> Ledgers:
        """Return the same for who goes through them once, in little memory."""
        return Ledgers(self._columns, charged=self._charged, most=FEW) if len(self) > MANY else self

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self._columns)

    def __getitem__(self, number: int) -> Ledger:  # type: ignore[override]  # no slices
        """Return a column's ledger; raises IndexError for none."""
        ledger = self._kept.pop(number, None)
        if ledger is None:
            ledger = self._ledger(self._columns[number].scenario)
            if len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
        self._kept[number] = ledger
        return ledger

    def numbers(self, number: int) -> Iterator[Numbers]:
        """Yield all figures of a column, in the order of its ledger."""
        column = self._columns[number]
        if column.baseline == number:
            return numbers(*self._alone(column.scenario))
        return numbers(*self._against(self._columns[column.baseline].scenario, column.scenario))

    def _ledger(self, scenario: Scenario) -> Ledger:
        ledger = account(scenario)
        if self._charged:
            from ptelist.engine.charge import charged  # noqa: PLC0415 -- seldom wanted

            for term in charged(scenario, ledger):
                ledger.add(term)
        return ledger


def told(ledger: Ledger, old: Ledger | None = None) -> Told[Figures]:
    """Return in a row the ends of each figure, and of its change where the old ledger has it; and the figures."""
    found: list[int] = []
    figures = []
    for figure, term in ledger.items():
        before = term_of(old, figure)
        found += (term.low, term.high) if before is None else (term.low, term.high, *difference(before, term))
        figures.append((figure, term.unit, before is not None))
    return found, tuple(figures)


def term_of(ledger: Ledger | None, figure: str) -> Term | None:
    """Return a figure, None if the ledger has none: what is simulated of a host with a past all others have as well."""
    return ledger[figure] if ledger and (figure in ledger or figure.endswith(TYPICAL)) else None


def numbers(found: Sequence[int], figures: Figures) -> Iterator[Numbers]:
    """Yield what `told` has told, figure by figure."""
    ends = iter(found)
    for figure, unit, changes in figures:
        yield Numbers(figure, unit, *islice(ends, 4 if changes else 2))
