"""The figures of a host under every what-if: the usual ones in few sums, all others out of its whole ledgers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.difference import difference
from ptelist.engine.figure_kinds import is_aside
from ptelist.errors import PtelistError
from ptelist.fleet.summed import counting
from ptelist.fleet.usual import ENDS, USUAL, Usual
from ptelist.fleet.what_ifs import unfit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ptelist.engine.ledger import Ledger
    from ptelist.fleet.alike import HostKind
    from ptelist.fleet.fleet import Fleet
    from ptelist.fleet.what_ifs import Unfit

LOW, HIGH, CHANGE_LOW, CHANGE_HIGH = range(ENDS)


class HostValues:
    """Gives the figures of hosts."""

    def __init__(self, fleet: Fleet, figures: Sequence[str]) -> None:
        """Take what knows the hosts, and the figures."""
        self._fleet, self._figures = fleet, figures
        self._usual = Usual(fleet, tuple(figures)) if USUAL.issuperset(figures) else None
        self._aside = any(map(is_aside, figures))
        self._counting = list(figures).index(counting(figures)) * ENDS

    def of(self, kind: HostKind) -> tuple[list[int], list[tuple[int, Unfit]]]:
        """Return the ENDS of each figure under each what-if in a row, and which what-ifs cannot be applied to it."""
        if not kind.groups:
            return [0] * (ENDS * len(self._figures) * len(self._fleet.what_ifs)), []
        return self._usual.values(kind) if self._usual else self._values(kind)

    def counting(self, values: Sequence[int]) -> tuple[int, int]:
        """Return the ends of the figure that counts, of the host as it is."""
        return values[self._counting + LOW], values[self._counting + HIGH]

    def _values(self, kind: HostKind) -> tuple[list[int], list[tuple[int, Unfit]]]:
        base = self._fleet.ledger(0, kind, aside=self._aside)
        values = [*_ends(base, base, self._figures)]
        failed = []
        for number in range(1, len(self._fleet.what_ifs)):
            try:
                values += _ends(base, self._fleet.ledger(number, kind, aside=self._aside), self._figures)
            except PtelistError as error:
                failed.append((number, unfit(error)))
                values += values[: len(values) // number]
        return values, failed


def _ends(base: Ledger, ledger: Ledger, figures: Iterable[str]) -> Iterator[int]:
    """Yield each figure's ends and those of its change; what follows in the same way does not change."""
    for figure in figures:
        old, new = base[figure], ledger[figure]
        yield from (new.low, new.high)
        yield from difference(old, new)
