"""Figures of a fleet added up, on several processors; the order does not matter, all are whole numbers."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
from concurrent.futures.process import BrokenProcessPool, ProcessPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ptelist.engine.difference import difference
from ptelist.engine.figure_kinds import DESC, DESC_TOTAL, HEADER, HEADER_TOTAL, TOTAL
from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ptelist.engine.ledger import Ledger
    from ptelist.fleet.fleet import Fleet, HostKind
    from ptelist.fleet.inventory import Cells
    from ptelist.fleet.settled import Settled

CHUNK = 256
"""Kinds of hosts that one process takes at a time."""

OF_CACHES = ("objects", "slabs", "pages", "bytes.used", "bytes.slab", "bytes.memcg", "bytes.total")
USUAL = frozenset((TOTAL, *(f"{cache}.{name}" for cache in (DESC, HEADER) for name in OF_CACHES)))
"""Figures that follow from few sums over the VMs of a host."""

T = TypeVar("T")
Job = tuple["HostKind", dict["Cells", int]]
LOW, HIGH, CHANGE_LOW, CHANGE_HIGH = range(4)
ENDS = 4
"""Numbers of a figure under a what-if: its ends, and those of its change."""


class Sums(NamedTuple):
    """Sums over some hosts: by group, every figure under every what-if, its ENDS in a row; and who is as it was."""

    by_group: dict[Cells, list[int]]
    unchanged: dict[tuple[int, str], int]
    """Hosts to which a what-if cannot be applied, by its number and the reason."""


def add_up(
    fleet: Fleet, jobs: Sequence[Job], figures: Sequence[str], processes: int, progress: Callable[[int], object]
) -> Sums:
    """Return the sums over all hosts; `progress` is told how many kinds of them are done."""
    whole = Sums({}, {})
    done = 0
    for count, part in _parts(fleet, jobs, figures, processes):
        for group, values in part.by_group.items():
            known = whole.by_group.setdefault(group, [0] * len(values))
            whole.by_group[group] = [old + new for old, new in zip(known, values, strict=True)]
        for reason, hosts in part.unchanged.items():
            whole.unchanged[reason] = whole.unchanged.get(reason, 0) + hosts
        done += count
        progress(done)
    _refuse_all_failed(whole, sum(sum(groups.values()) for kind, groups in jobs if kind.groups))
    return whole


def _refuse_all_failed(whole: Sums, hosts: int) -> None:
    """Raise PtelistError for a what-if that can be applied to no host."""
    failed: dict[int, int] = {}
    for (number, reason), count in sorted(whole.unchanged.items()):
        failed[number] = failed.get(number, 0) + count
        if failed[number] == hosts:
            raise PtelistError(reason)


_shared: tuple[Fleet, Sequence[Job], Sequence[str]]


def _parts(fleet: Fleet, jobs: Sequence[Job], figures: Sequence[str], processes: int) -> Iterator[tuple[int, Sums]]:
    global _shared  # noqa: PLW0603 -- what a forked process is given without a copy
    _shared = fleet, jobs, figures
    starts = range(0, len(jobs), CHUNK)
    if processes == 1 or len(starts) == 1 or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(_part, starts)
        return
    gc.freeze()  # or the collector writes to pages that the processes share
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("fork"), _quiet)
    try:
        yield from pool.map(_part, starts)
    except BrokenProcessPool:
        raise PtelistError("a process was killed, perhaps for want of memory: try --processes 1") from None
    except BaseException:
        for process in multiprocessing.active_children():
            process.terminate()  # or it would be waited for
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _quiet() -> None:
    """Leave Ctrl-C to the parent, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(1)


def _part(start: int) -> tuple[int, Sums]:
    fleet, jobs, figures = _shared
    mine = jobs[start : start + CHUNK]
    part = Sums({}, {})
    for kind, groups in mine:
        values, failed = _values(fleet, kind, figures)
        for reason in failed:
            part.unchanged[reason] = part.unchanged.get(reason, 0) + sum(groups.values())
        for group, hosts in groups.items():
            known = part.by_group.setdefault(group, [0] * len(values))
            for number, value in enumerate(values):
                known[number] += hosts * value
    return len(mine), part


def _values(fleet: Fleet, kind: HostKind, figures: Sequence[str]) -> tuple[list[int], list[tuple[int, str]]]:
    """Return a host's figures under each what-if, and which of these cannot be applied to it."""
    count = len(fleet.what_ifs)
    if not kind.groups:
        return [0] * (ENDS * len(figures) * count), []
    if USUAL.issuperset(figures):
        return _told(fleet.settled, kind, count, lambda base, each: _usual_ends(base, each, figures))
    return _told(fleet.ledger, kind, count, lambda base, each: _ends(base, each, figures))


def _told(
    work: Callable[[int, HostKind], T], kind: HostKind, count: int, ends: Callable[[T, T], Iterable[int]]
) -> tuple[list[int], list[tuple[int, str]]]:
    """Return the ends of what a host is under each what-if, and which of these cannot be applied to it."""
    base = work(0, kind)
    values = list(ends(base, base))
    failed = []
    for number in range(1, count):
        try:
            values += ends(base, work(number, kind))
        except PtelistError as error:
            failed.append((number, str(error)))
            values += values[: len(values) // number]
    return values, failed


def _ends(base: Ledger, ledger: Ledger, figures: Iterable[str]) -> Iterator[int]:
    """Yield each figure's ends and those of its change; what follows in the same way does not change."""
    for figure in figures:
        old, new = base[figure], ledger[figure]
        yield from (new.low, new.high)
        yield from difference(old, new)


def _usual_ends(base: Settled, new: Settled, figures: Iterable[str]) -> Iterator[int]:
    """Yield the same of the usual figures."""
    for figure in figures:
        if figure != TOTAL:
            term = new.caches[figure]
            yield from (term.low, term.high)
            yield from difference(base.caches[figure], term)
            continue
        low, high = new.total
        yield from (low, high)
        parts = [difference(base.caches[name], new.caches[name]) for name in (DESC_TOTAL, HEADER_TOTAL)]
        old = base.total
        yield max(sum(part.low for part in parts) + new.rest_change.low, low - old.high)
        yield min(sum(part.high for part in parts) + new.rest_change.high, high - old.low)
