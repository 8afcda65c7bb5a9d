"""How one figure is spread over the hosts of a fleet: percentiles, and the hosts and kernels that take the most."""

from __future__ import annotations

from collections import Counter
from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ptelist.fleet.alike import HostKind
    from ptelist.fleet.census import Census

    Kernel = Callable[[HostKind], str]
    """What tells the kernel of a host."""

PERCENTS = (50, 90, 99, 100)


class Most(NamedTuple):
    """A host, or all hosts of one kernel."""

    name: str
    """The host, or the kernel."""
    kernel: str
    hosts: int
    ends: Interval


class Spread(NamedTuple):
    """One figure of each host as it is."""

    figure: str
    percentiles: dict[int, Interval]
    """So many percent of the hosts take no more; each end for itself, so that the true one lies between."""
    hosts: tuple[Most, ...]
    kernels: tuple[Most, ...]
    """Those of the greatest high ends, the most first; as many as were asked for."""
    counts: dict[str, int]
    """How many there are of each in all."""


def spread(census: Census, each: Mapping[HostKind, Interval], figure: str, top: int, place: int | None) -> Spread:
    """Return how a figure is spread over hosts; `place` is that of the kernel in what is said of hosts."""
    counts = {kind: len(names) for kind, names in census.hosts.items()}

    def kernel(kind: HostKind) -> str:
        return kind.about.cells[place] if place is not None else ""

    percentiles = {}
    if each:
        lows, highs = (_ranked((ends[n], counts[kind]) for kind, ends in each.items()) for n in (0, 1))
        percentiles = {percent: Interval(lows[percent], highs[percent]) for percent in PERCENTS}
    kernels = _kernels(counts, each, kernel)
    return Spread(
        figure,
        percentiles,
        tuple(_hosts(census, each, kernel, top)) if top else (),
        tuple(kernels[:top]),
        {"host": sum(counts.values()), "kernel": len(kernels)},
    )


def _ranked(values: Iterable[tuple[int, int]]) -> dict[int, int]:
    """Return the value of the nearest rank at each percent; of each value there are so many."""
    times: Counter[int] = Counter()
    for value, count in values:
        times[value] += count
    total, seen, found = times.total(), 0, {}
    left = list(PERCENTS)
    for value in sorted(times):
        seen += times[value]
        while left and seen * 100 >= left[0] * total:
            found[left.pop(0)] = value
    return found


def _hosts(census: Census, each: Mapping[HostKind, Interval], kernel: Kernel, top: int) -> Iterator[Most]:
    """Yield the hosts that take the most."""
    left = top
    kinds = nsmallest(top, each, key=lambda kind: (-each[kind].high, -each[kind].low, min(census.hosts[kind])))
    for kind in kinds:
        for name in nsmallest(left, census.hosts[kind]):
            yield Most(name, kernel(kind), 1, each[kind])
        left -= len(census.hosts[kind])
        if left <= 0:
            return


def _kernels(counts: Mapping[HostKind, int], each: Mapping[HostKind, Interval], kernel: Kernel) -> list[Most]:
    """Return each kernel with what all its hosts take, the most first."""
    sums: dict[str, list[int]] = {}
    for kind, (low, high) in each.items():
        known, hosts = sums.setdefault(kernel(kind), [0, 0, 0]), counts[kind]
        for n, value in enumerate((hosts, hosts * low, hosts * high)):
            known[n] += value
    found = [Most(name, name, hosts, Interval(low, high)) for name, (hosts, low, high) in sums.items()]
    return sorted(found, key=lambda most: (-most.ends.high, -most.ends.low, most.name))
