"""How accurate the predictions are, by kind of observation: an interval always agrees if it is wide enough.

Ground truth and recorded boots are taken together. Width is high - low as a part of the measured value: of 1 where that
is 0, of a page where a change of a charge is less. Beside it stand two estimates that need no ptelist, on the same
rows: the objects that slabinfo says times sizeof, and 40 objects for each vCPU that ran. All in integers and fractions.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import test_ground_truth as truth
import test_nested_tables as nested_tables
from helpers import table as rows_of
from kernel import recording
from kernel.charge import Charge
from kernel.history import History
from kernel.life import VmLife
from kernel.lists import Statistics
from kernel.machine import CACHES, DESC, HEADER, Between
from kernel.many_pages import ManyPages
from kernel.nested import FirstVmrun, NestedChain, NestedParents, Orphans
from kernel.tables import LiveTables
from kernel.vcpus import Layout, RawCounts, VcpuCaches
from test_nested import ends

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kernel.experiment import Difference
    from kernel.machine import Machine

LAYOUT = "slab layout: stride, order, objects"
OBJECTS = "descriptors after a shrink"
HEADERS = "page headers after a shrink"
SLABS = "slabs after a shrink"
RAW_OBJECTS, RAW_SLABS = "raw objects", "raw slabs"
MERGED_OBJECTS, MERGED_SLABS = "objects of merged caches", "slabs of merged caches"
RECYCLED = "lists past the limit of shadow pages"
STATISTICS = "KVM's statistics, mmu_rmaps_stat"
CHARGE = "charge to a cgroup, bytes"
LIFE = "change of a cgroup's charge with a step of a VM's life, bytes"
NESTED = "descriptors of nested TDP"
NESTED_HEADERS = "page headers of a nested boot"
HISTORY = "slabs while VMs come and go"
KINDS = (
    LAYOUT, OBJECTS, HEADERS, SLABS, MERGED_OBJECTS, MERGED_SLABS, RAW_OBJECTS, RAW_SLABS,
    HISTORY, RECYCLED, NESTED, NESTED_HEADERS, STATISTICS, CHARGE, LIFE,
)  # fmt: skip
PAGE = 4096
PER_VCPU = 40
"""Objects, as KVM_ARCH_NR_OBJS_PER_MEMORY_CACHE says and the thread counts."""


class Observation(NamedTuple):
    """A number that was measured, what was predicted, and what is estimated without ptelist."""

    kind: str
    measured: int
    low: int
    high: int | None
    """None where nothing bounds it from above."""
    by_objects: Fraction | None = None
    """Error of objects x size, as a part of the memory that their slabs take; None where it says nothing."""
    by_vcpus: Fraction | None = None
    """Error of 40 objects a vCPU, or of 40 x size x vCPUs, likewise."""

    @property
    def width(self) -> Fraction:
        """Return high - low as a part of the measured value, of a page where a charge is less: it comes in pages."""
        assert self.high is not None
        return Fraction(self.high - self.low, max(abs(self.measured), PAGE if self.kind == LIFE else 1))

    @property
    def agrees(self) -> bool:
        """Tell whether the number lies in what was predicted."""
        return self.low <= self.measured and (self.high is None or self.measured <= self.high)


def error(estimate: int, measured: int) -> Fraction:
    """Return by how much an estimate is off, as a part of what was measured."""
    return Fraction(abs(estimate - measured), max(measured, 1))


class Memory(NamedTuple):
    """Slabs of one cache: what an object and a slab take, in bytes."""

    size: int
    slab: int

    def errors(self, slabs: int, objects: int, vcpus: int | None) -> tuple[Fraction, Fraction | None]:
        """Return how far objects x size and 40 x size x vCPUs are off what the slabs take."""
        taken = slabs * self.slab
        by_vcpus = None if vcpus is None else error(PER_VCPU * self.size * vcpus, taken)
        return error(objects * self.size, taken), by_vcpus


# recorded boots


def recorded(path: Path) -> Iterator[Observation]:
    """Yield the observations of one recorded boot."""
    machine = recording.parse(path.read_text(encoding="utf-8")).machine
    for each, found in recording.compared(path):
        measured = {pair.name: pair.measured for pair in found}
        for pair in found:
            low, high = _ends(pair)
            kind = _kind(machine, each.experiment, pair)
            observed = Observation(kind, pair.measured or 0, low, high)
            yield observed._replace(**_estimates(machine, each.experiment, pair, measured))


def _ends(pair: Difference) -> tuple[int, int | None]:
    if isinstance(pair.predicted, Between):
        return pair.predicted.low, pair.predicted.high
    assert isinstance(pair.predicted, int)
    return pair.predicted, pair.predicted


OF_EXPERIMENT = {
    Layout: LAYOUT, Charge: CHARGE, Statistics: STATISTICS, History: HISTORY,
    NestedChain: NESTED, NestedParents: NESTED, Orphans: NESTED,
}  # fmt: skip
"""Experiments of which all numbers are of one kind."""


def _kind(machine: Machine, experiment: object, pair: Difference) -> str:
    """Return what a number is."""
    if kind := OF_EXPERIMENT.get(type(experiment)):
        return kind
    if isinstance(experiment, VmLife | FirstVmrun) and not pair.name.endswith(CACHES):
        return LIFE
    if pair.name.startswith(("rmaps.", "pages_", "max_mmu")):
        return STATISTICS
    if isinstance(experiment, ManyPages) and isinstance(pair.predicted, Between):
        return RECYCLED
    return _counted(machine, experiment, pair.name)


def _counted(machine: Machine, experiment: object, name: str) -> str:
    """Return what a count of objects or slabs is."""
    of_tables = isinstance(experiment, LiveTables) and name != "descriptors"
    headers = HEADER in name or "headers" in name or of_tables
    slabs = int("slabs" in name)
    if isinstance(experiment, RawCounts):
        return (RAW_OBJECTS, RAW_SLABS)[slabs]
    if (HEADER if headers else DESC) in machine.merged:
        return (MERGED_OBJECTS, MERGED_SLABS)[slabs]
    return (HEADERS if headers else OBJECTS, SLABS)[slabs]


def _estimates(
    machine: Machine, experiment: object, pair: Difference, measured: dict[str, int | None]
) -> dict[str, Fraction | None]:
    """Return what the two estimates are off, for counts of a cache that vCPUs alone fill, and for its slabs."""
    kind, _, index = pair.name.partition("[")
    if not isinstance(experiment, VcpuCaches | RawCounts) or pair.measured is None:
        return {}
    moment, name, what = kind.split(".")
    vcpus = {"ran": int(index[:-1]) + 1 if index else experiment.vcpus, "again": experiment.vcpus}.get(moment, 0)
    vcpus = experiment.vcpus if moment == "deleted" else vcpus
    if what == "objects":
        return {"by_vcpus": error(PER_VCPU * vcpus, pair.measured)}
    objects = measured[pair.name.replace("slabs", "objects")]
    assert objects is not None
    by_objects, by_vcpus = memory(machine, name).errors(pair.measured, objects, vcpus)
    return {"by_objects": by_objects, "by_vcpus": by_vcpus}


def memory(machine: Machine, name: str) -> Memory:
    """Return what an object and a slab of a cache take on a machine."""
    figures = machine.vm()
    return Memory(figures[f"{name}.size"].low, machine.kernel.page_bytes << figures[f"{name}.slab_order"].low)


# ground truth


def ground_truth() -> Iterator[Observation]:
    """Yield what the files of tests/ground_truth hold of objects and slabs, but for the lists of nested TDP."""
    for each in truth.all_seen():
        yield from _vcpu_caches(each)
    for name, moment_of in truth.COUNTED.items():
        for row in truth.undisturbed(name):
            if name == "many-gfns.csv" and truth.recycled(row):
                yield from _recycled(row)
                continue
            off = truth.off_by(row)
            counts = moment_of(row).counts
            for what, predicted in zip(("held", "cached", "in_use"), counts, strict=True):
                slack = off if what != "in_use" else range(1)
                kind = MERGED_OBJECTS if len(off) > 1 and what != "in_use" else OBJECTS
                low, high = predicted + slack[0], predicted + slack[-1]
                yield Observation(kind, int(row[what]), low, high)
    for counted, figures in nested_tables.headers():
        low, high = ends(figures[nested_tables.HEADERS])
        yield Observation(NESTED_HEADERS, counted, low, high)
    for row in rows_of("observations/notifier.csv"):
        for moment, what in zip(truth.unmapped(row), truth.UNMAPPED, strict=True):
            yield Observation(OBJECTS, int(row[what]), moment.held, moment.held)


def _vcpu_caches(each: truth.Seen) -> Iterator[Observation]:
    merged, raw = each.row["cache"] == "pid", each.row["state"] == truth.RAW
    vcpus = int(each.row["vcpus_run"])
    found = Memory(each.figures[f"{each.cache}.size"].low, int(each.row["pagesperslab"]) << 12)
    objects: tuple[int, int | None] = truth.object_bounds(each)
    slabs: tuple[int, int | None] = truth.slab_bounds(each)
    if merged and not raw and each.row["moment"] == "before":  # what other rows are held against
        objects, slabs = (objects[0], None), (slabs[0], None)
    plain = HEADERS if each.cache == HEADER else OBJECTS
    kinds = (RAW_OBJECTS, RAW_SLABS) if raw else (MERGED_OBJECTS, MERGED_SLABS) if merged else (plain, SLABS)
    yield Observation(kinds[0], each.active, *objects, None, error(PER_VCPU * vcpus, each.active))
    yield Observation(kinds[1], each.slabs, *slabs, *found.errors(each.slabs, each.active, vcpus))


def _recycled(row: dict[str, str]) -> Iterator[Observation]:
    rmaps = truth.recycled_rmaps(row)
    yield Observation(RECYCLED, int(row["in_use"]), rmaps.low, rmaps.high)


# the table


class Row(NamedTuple):
    """All observations of one kind."""

    kind: str
    observations: int
    as_one: int
    widths: tuple[Fraction, ...]
    by_objects: tuple[Fraction, ...]
    by_vcpus: tuple[Fraction, ...]
    differing: int
    below_only: int


@cache
def rows() -> tuple[Row, ...]:
    """Return a row for each kind, those of experiments that are not known here last."""
    found: dict[str, list[Observation]] = {kind: [] for kind in KINDS}
    for path in recording.recorded():
        for each in recorded(path):
            found.setdefault(each.kind, []).append(each)
    for each in ground_truth():
        found[each.kind].append(each)
    return tuple(_row(kind, each) for kind, each in found.items() if each)


def _row(kind: str, found: list[Observation]) -> Row:
    bounded = [each for each in found if each.high is not None]
    return Row(
        kind,
        len(found),
        sum(each.low == each.high for each in bounded),
        tuple(sorted(each.width for each in bounded)),
        tuple(sorted(each.by_objects for each in found if each.by_objects is not None)),
        tuple(sorted(each.by_vcpus for each in found if each.by_vcpus is not None)),
        sum(not each.agrees for each in found),
        len(found) - len(bounded),
    )


def percentile(values: tuple[Fraction, ...], percent: int) -> Fraction | None:
    """Return the least of the sorted values that so many percent of them do not exceed."""
    return values[-(-percent * len(values) // 100) - 1] if values else None


def shown(value: Fraction | None) -> str:
    """Return a part in percent, rounded half up to a tenth."""
    if value is None:
        return "-"
    tenths = (2000 * value.numerator + value.denominator) // (2 * value.denominator)
    return f"{tenths // 10:,}.{tenths % 10}%"


HEAD = (
    "observations of", "number", "as one number", "width: median", "width: 95th", "objects x size off: median",
    "objects x size off: 95th", "40 x size x vCPUs off: median", "40 x size x vCPUs off: 95th", "differing",
    "bounded below only",
)  # fmt: skip


def table() -> str:
    """Return the rows as a Markdown table."""
    cells = [HEAD, ("---", *["---:"] * (len(HEAD) - 1))]
    for row in rows():
        parts = [
            shown(percentile(values, percent))
            for values in (row.widths, row.by_objects, row.by_vcpus)
            for percent in (50, 95)
        ]
        counts = (f"{count:,}" for count in (row.observations, row.as_one))
        cells.append((row.kind, *counts, *parts, f"{row.differing:,}", f"{row.below_only:,}"))
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)
