"""Tables of what was measured beside what is predicted, and of the hosts that are farthest apart."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from ptelist.fleet.measured import unlike
from ptelist.output import numbers
from ptelist.output.note import Note
from ptelist.output.page import Table
from ptelist.output.sentence import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ptelist.fleet.measured import Compared, Measured, Unlike

WHY = (
    "slabs and objects as slabinfo counts them, page tables as SecPageTables does; predicted is what the VMs need, up"
    " to that and all that a host which ran may keep beside; still more slabs are left of VMs that are gone (--assume"
    " filling=aged bounds them), fewer page tables are memory that no guest has touched"
)
MOST_APART = 10
STRIDE, PER_SLAB = ".stride", ".objects_per_slab"
MOST_UNLIKE = 4
"""Layouts that a note names."""


def notes(measured: Measured) -> Iterator[Note]:
    """Yield how the counts are to be read, what they do not say, and which layouts refute what was predicted."""
    if measured.counts:
        yield Note("measured", WHY)
    if measured.merged:
        caches = ", ".join(f"{cache} on {plural(hosts, 'host')}" for cache, hosts in sorted(measured.merged.items()))
        yield Note("merged", f"{caches}: the counts include those of other caches, so they are not compared")
    if others := _telling(unlike(measured.layouts)):
        hosts = len({each.host for each in measured.layouts if each.predicted != each.measured})
        every = plural(len({each.host for each in measured.layouts}), "host")
        told = [
            f"{each.figure} is {each.measured:,}, not {each.predicted:,}, on {plural(each.hosts, 'host')}"
            f" of {each.kernel}"
            for each in others[:MOST_UNLIKE]
        ]
        told += [f"{len(others) - MOST_UNLIKE} more in JSON"] if len(others) > MOST_UNLIKE else []
        text = (
            f"on {hosts:,} of {every} slabs are not laid out as predicted, which refutes the kernel, or what else was"
        )
        yield Note("layout", f"{text} assumed there: {'; '.join(told)}")


def _telling(layouts: list[Unlike]) -> list[Unlike]:
    """Return layouts without the objects in a slab where the stride says it: they follow from it."""
    strides = {(each.kernel, each.figure.removesuffix(STRIDE)) for each in layouts}
    return [each for each in layouts if (each.kernel, each.figure.removesuffix(PER_SLAB)) not in strides]


def tables(compared: Iterable[Compared]) -> Iterator[Table]:
    """Yield both, if anything was measured, and if anything is beyond what is predicted."""
    by_figure: dict[str, list[Compared]] = {}
    for each in compared:
        by_figure.setdefault(each.figure, []).append(each)
    if not by_figure:
        return
    rows: list[tuple[str, ...]] = []
    owner = ""
    for figure, found in sorted(by_figure.items()):
        of, _, name = figure.partition(".")
        rows += [(of, "", "", "")] if of != owner else []
        rows.append((f"  {name}", *_summed(found)))
        owner = of
    hosts = plural(len({each.host for found in by_figure.values() for each in found}), "host")
    head = ("figure", "predicted", "measured", "beyond")
    yield Table(head, tuple(rows), f"measured on {hosts}, beside what is predicted")
    apart = sorted((each for found in by_figure.values() for each in found if each.beyond), key=attrgetter("rank"))
    if apart:
        told = f"{MOST_APART} of {len(apart):,}" if len(apart) > MOST_APART else f"{len(apart):,}"
        title = f"measured beyond what is predicted, {told}, the farthest first"
        lines = [
            (each.host, each.figure, numbers.interval(*each.predicted), numbers.integer(each.measured))
            for each in apart[:MOST_APART]
        ]
        yield Table(("host", "figure", "predicted", "measured"), tuple(lines), title, sortable=True)


def _summed(hosts: list[Compared]) -> tuple[str, ...]:
    """Return the sums of what is predicted and measured, and on how many hosts it is beyond that."""
    low, high = (sum(each.predicted[end] for each in hosts) for end in (0, 1))
    below, above = sum(each.beyond < 0 for each in hosts), sum(each.beyond > 0 for each in hosts)
    beyond = [f"{count:,} {where}" for count, where in ((below, "below"), (above, "above")) if count]
    return numbers.interval(low, high), numbers.integer(sum(each.measured for each in hosts)), ", ".join(beyond)
