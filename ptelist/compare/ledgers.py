"""The ledgers of many columns, worked out when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ptelist.engine.account import account

if TYPE_CHECKING:
    from ptelist.engine.ledger import Ledger
    from ptelist.settings.columns import Column

MANY, FEW = 1 << 10, 1 << 6
"""Of more columns than that so few ledgers are kept where they are gone through once: those asked for last."""


class Ledgers(Sequence["Ledger"]):
    """A ledger a column."""

    def __init__(self, columns: Sequence[Column], *, charged: bool, most: int | None = None) -> None:
        """Take the columns; `charged`: with what cgroups are charged. At `most` so many are kept, None for all."""
        self._columns, self._charged = columns, charged
        self._kept: dict[int, Ledger] = {}
        self._most = len(columns) if most is None else most

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
            ledger = self._ledger(self._columns[number])
            if len(self._kept) >= self._most:
                del self._kept[next(iter(self._kept))]
        self._kept[number] = ledger
        return ledger

    def _ledger(self, column: Column) -> Ledger:
        ledger = account(column.scenario)
        if self._charged:
            from ptelist.engine.charge import charged  # noqa: PLC0415 -- seldom wanted

            for term in charged(column.scenario, ledger):
                ledger.add(term)
        return ledger
