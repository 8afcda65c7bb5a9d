"""The hosts' own memory where not all of them say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.interval import Interval
from ptelist.fleet.fields import HOST_MEMORY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptelist.fleet.alike import HostKind
    from ptelist.fleet.census import Census
    from ptelist.fleet.fleet import Parse


class HostMemory(NamedTuple):
    """Of the hosts that say theirs."""

    hosts: int
    size: int
    """Bytes."""
    taken: Interval
    """Of the figure that counts, by these hosts."""


def said(census: Census, each: Mapping[HostKind, Interval], read: Parse) -> HostMemory:
    """Return what those hosts have that say it, and take as they are; `read` reads a cell."""
    hosts = size = low = high = 0
    for kind, names in census.hosts.items():
        if cell := kind.about.memory:
            count = len(names)
            hosts += count
            size += count * int(read((HOST_MEMORY,), (cell,))[HOST_MEMORY].value)
            low, high = low + count * each[kind].low, high + count * each[kind].high
    return HostMemory(hosts, size, Interval(low, high))
