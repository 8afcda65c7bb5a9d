"""Figures of a fleet added up, on several processors; the order does not matter, all are whole numbers."""

from __future__ import annotations

from operator import add
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.interval import Interval
from ptelist.fleet.values import HostValues

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ptelist.fleet.alike import HostKind
    from ptelist.fleet.fleet import Fleet
    from ptelist.fleet.records import Cells
    from ptelist.fleet.what_ifs import Unfit

CHUNK = 256
"""Kinds of hosts that one process takes at a time."""

Job = tuple["HostKind", int]
"""Hosts of a kind, and how many there are."""


Part = tuple[list[tuple[int, int]], "Sums"]
"""The figure that counts of so many kinds of hosts, and the sums over them."""


class Sums(NamedTuple):
    """Sums over some hosts: by group, every figure under every what-if, its ENDS in a row; and who is as it was."""

    by_group: dict[Cells, list[int]]
    unchanged: dict[tuple[int, Unfit], int]
    """Hosts to which a what-if cannot be applied, by its number and the reason."""
    each: dict[HostKind, Interval]
    """The figure that counts of each kind of host as it is."""


def add_up(
    fleet: Fleet, jobs: Sequence[Job], figures: Sequence[str], processes: int, progress: Callable[[int], object]
) -> Sums:
    """Return the sums over all hosts, and the figure that counts of each.

    `progress` is told how many kinds of hosts are done.
    """
    whole = Sums({}, {}, {})
    done = 0
    for ends, part in _parts(fleet, jobs, figures, processes):
        for (kind, _), (low, high) in zip(jobs[done : done + len(ends)], ends, strict=True):
            whole.each[kind] = Interval(low, high)
        for group, values in part.by_group.items():
            known = whole.by_group.get(group)
            whole.by_group[group] = [*map(add, known, values)] if known else values
        for reason, hosts in part.unchanged.items():
            whole.unchanged[reason] = whole.unchanged.get(reason, 0) + hosts
        done += len(ends)
        progress(done)
    _refuse_all_failed(whole, sum(times for kind, times in jobs if kind.groups))
    return whole


def _refuse_all_failed(whole: Sums, hosts: int) -> None:
    """Raise PtelistError for a what-if that can be applied to no host."""
    failed: dict[int, int] = {}
    for (number, reason), count in sorted(whole.unchanged.items()):
        failed[number] = failed.get(number, 0) + count
        if failed[number] == hosts:
            raise reason.error


_shared: tuple[HostValues, Sequence[Job]]


def _parts(fleet: Fleet, jobs: Sequence[Job], figures: Sequence[str], processes: int) -> Iterator[Part]:
    global _shared  # noqa: PLW0603 -- what a forked process is given without a copy
    _shared = HostValues(fleet, figures), jobs
    starts = range(0, len(jobs), CHUNK)
    busy = min(processes, len(starts))
    if busy <= 1:
        yield from map(_part, starts)
    else:
        from ptelist.fleet.pool import spread  # noqa: PLC0415 -- slow to load, for several processes only

        yield from spread(_part, starts, busy)


def _part(start: int) -> Part:
    hosts, jobs = _shared
    part, ends = Sums({}, {}, {}), []
    by_group: dict[Cells, list[list[int]]] = {}
    for kind, times in jobs[start : start + CHUNK]:
        values, failed = hosts.of(kind)
        ends.append(hosts.counting(values))
        for reason in failed:
            part.unchanged[reason] = part.unchanged.get(reason, 0) + times
        by_group.setdefault(kind.about.by, []).append(values if times == 1 else [times * value for value in values])
    for group, rows in by_group.items():
        part.by_group[group] = [*map(sum, zip(*rows, strict=True))]
    return ends, part
