"""What was measured of hosts, beside what is predicted for them as they are."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import ran
from ptelist.engine.figure_kinds import DESC, HEADER
from ptelist.engine.interval import Interval
from ptelist.fleet.collected import COUNTS, FIGURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ptelist.engine.ledger import Ledger
    from ptelist.fleet.alike import HostKind
    from ptelist.fleet.census import Census
    from ptelist.fleet.collected import Collected
    from ptelist.fleet.fleet import Fleet


class Compared(NamedTuple):
    """One figure of one host."""

    host: str
    figure: str
    predicted: Interval
    measured: int

    @property
    def beyond(self) -> int:
        """Return by how much the measured number is above what is predicted, or below if it is less than 0."""
        low, high = self.predicted
        return max(self.measured - high, 0) + min(self.measured - low, 0)

    @property
    def rank(self) -> tuple[float, str, str]:
        """Return what sorts those first that are farthest from what is predicted, in proportion."""
        end = self.predicted.high if self.beyond > 0 else self.predicted.low
        return -abs(self.beyond) / max(end, 1), self.host, self.figure


class Layout(NamedTuple):
    """How the slabs of one host are laid out, by one figure."""

    host: str
    kernel: str
    figure: str
    predicted: int
    measured: int


class Measured(NamedTuple):
    """What was measured of all hosts."""

    counts: tuple[Compared, ...] = ()
    layouts: tuple[Layout, ...] = ()
    merged: Mapping[str, int] = MappingProxyType({})
    """By cache, on how many hosts its counts are of others too."""


def compared(
    census: Census, collected: Mapping[str, Collected], fleet: Fleet, kernel: Callable[[HostKind], str]
) -> Measured:
    """Return what is known of each host, in the order of their names."""
    counts: list[Compared] = []
    layouts: list[Layout] = []
    merged: Counter[str] = Counter()
    for kind, names in census.hosts.items() if collected else ():
        told = {name: collected[name] for name in names if name in collected}
        merged.update(cache for each in told.values() for cache in each.merged)
        if not any(each.measured or each.layouts for each in told.values()):
            continue
        ledger = fleet.ledger(0, kind, aside=True)
        spans = _predicted(fleet, kind, ledger)
        for name, each in told.items():
            counts += [Compared(name, figure, spans[figure], value) for figure, value in each.measured.items()]
            layouts += [
                Layout(name, kernel(kind), figure, ledger[figure].low, value) for figure, value in each.layouts.items()
            ]
    return Measured(tuple(sorted(counts)), tuple(sorted(layouts)), merged)


def _predicted(fleet: Fleet, kind: HostKind, ledger: Ledger) -> dict[str, Interval]:
    """Return what may be counted on a host, as `observe` bounds it: one that ran keeps some of what is free.

    Where it is said what it has been through before, it is what slabinfo says after that.
    """
    spans = {figure: Interval.of(ledger[figure]) for figure in FIGURES}
    if fleet.says_filling(kind.about):
        return spans
    host = fleet.host(0, kind.groups[-1]) if kind.groups else fleet.bare(kind.about)
    for cache in (DESC, HEADER):
        spans[f"{cache}.{COUNTS['active']}"] = ran.objects(ledger, cache, host)
        spans[f"{cache}.{COUNTS['slabs']}"] = ran.slabs(ledger, cache)
    return spans


class Unlike(NamedTuple):
    """Hosts of one kernel of which slabs are laid out as is not predicted."""

    kernel: str
    figure: str
    predicted: int
    measured: int
    hosts: int


def unlike(layouts: Iterable[Layout]) -> list[Unlike]:
    """Return what refutes the kernels that hosts are assumed to have, that of the most hosts first."""
    found = Counter(each[1:] for each in layouts if each.predicted != each.measured)
    every = [Unlike(*said, hosts) for said, hosts in found.items()]
    return sorted(every, key=lambda each: (-each.hosts, each))
