"""How many CPUs a host has, to a power of two, as the slabs of its caches tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import slab_layout, slub_parameters
from ptelist.output.note import Note
from ptelist.scenario.limits import MOST_CPUS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ptelist.readers.host.slabinfo import SlabinfoRow
    from ptelist.scenario.models import Scenario

MOST_BITS = MOST_CPUS.bit_length() - 1
"""Of the number of CPUs; the most that there can be have one more, and no further class."""

COUNTED = {"present": "present CPUs count, or possible ones if one is present", "nr_cpu_ids": "possible CPUs count"}


class CpuClass(NamedTuple):
    """What lines of slabinfo tell of the CPUs that calculate_order() counts."""

    low: int
    high: int
    fitting: int
    """Lines that are laid out as on a host of so many CPUs."""
    lines: int

    @property
    def said(self) -> str:
        """Return the CPUs in words."""
        return f"{self.low:,} to {self.high:,} CPUs" if self.low < self.high else "1 CPU"


def told(rows: Collection[SlabinfoRow], scenario: Scenario) -> CpuClass | None:
    """Return the CPUs of the host that lines are from, on the scenario's kernel with its boot options.

    Those with which most lines agree: objects and pages of a slab follow from objsize and 4 * (fls(CPUs) + 1)
    (calculate_order(), mm/slub.c). None if no line agrees with any, or slub_min_objects is said, which comes first.
    """
    if scenario.host.slub_min_objects:
        return None
    rule = slub_parameters.order_rule(scenario.kernel, scenario.host)
    counts = {}
    for bits in range(1, MOST_BITS + 1):
        each = rule._replace(min_objects=slab_layout.min_objects(1 << (bits - 1)))
        counts[bits] = sum(_fits(row, slab_layout.layout(row.stride, each)) for row in rows)
    best = max(counts.values())
    fitting = [bits for bits, count in counts.items() if count == best]
    return CpuClass(1 << (fitting[0] - 1), (1 << fitting[-1]) - 1, best, len(rows)) if best else None


def _fits(row: SlabinfoRow, found: slab_layout.SlabLayout) -> bool:
    return (row.per_slab, row.pages) == (found.objects, 1 << found.order)


def notes(found: CpuClass, scenario: Scenario, *, given: bool) -> Iterator[Note]:
    """Yield what was told, and whether the CPUs that were given for the host are among them."""
    how = f"{found.fitting:,} of {found.lines:,} lines are laid out so ({COUNTED[scenario.kernel.slub_cpus]};"
    how += " with slub_min_objects set it tells nothing)"
    yield Note("CPUs", f"slabinfo is of a host with {found.said}: {how}")
    counted = slub_parameters.counted_cpus(scenario.kernel, scenario.host)
    if given and not found.low <= counted <= found.high:
        yield Note("CPUs", f"{counted:,} were given, which slabinfo does not agree with")
