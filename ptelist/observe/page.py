"""What `ptelist observe` found: tables of measured beside predicted, or rows for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.observe.counters import TELLING_COUNTERS
from ptelist.output.note import Note
from ptelist.output.numbers import integer, interval
from ptelist.output.page import AGREES, DIFFERS, GAP, Document, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ptelist.engine.interval import Interval
    from ptelist.observe.observation import Observation
    from ptelist.observe.watcher import Check, Observed
    from ptelist.readers.host.vms import Vm

WHY_IT_DIFFERS = {
    "size": "another PTE_LIST_EXT, or a struct that a patch or the configuration changed",
    "stride": "slub_debug, KASAN, or a free pointer that may lie elsewhere",
    "slab_order": "another slub_min_objects, slub_max_order or number of CPUs counted",
    "objects_per_slab": "another order or stride",
    "min_partial": "may have been written through sysfs",
    "cpu_partial": "may have been written through sysfs; 0 with slub_debug",
    "sheaf_capacity": "0 with slub_debug; a cache may ask for its own",
    "objects": "other VMs, vCPUs that have not run, other memory or leaves, or lists that the scenario does not name",
    "objects.raw": "another past of the host, or what objects may differ by",
    "slabs": "other VMs, or slabs that one or more CPUs filled partly",
}
"""What makes a figure differ, most likely first."""

VERDICT_OF = {None: "", True: AGREES, False: DIFFERS}
ZEROS = Note("", "VM counters not shown are 0")
CHECK_HEAD = ("measured", "predicted", "verdict")


def document(observation: Observation, width: int | None) -> Document:
    """Return a table a cache, one of what differs among all, and one for the VMs."""
    tables = [_cache(cache) for cache in observation.caches]
    if observation.others:
        tables += _others(observation)
    tables += _vms(observation, width)
    tables = [table.within(width) for table in tables]
    notes = [note for cache in observation.caches for note in cache.notes]
    notes += [
        Note(f"{name} differs", WHY_IT_DIFFERS[name])
        for name in dict.fromkeys(check.name for _, check in observation.differing)
    ]
    notes += [ZEROS] if observation.vms else []
    return Document(
        tuple(tables), (*notes, *observation.notes, *observation.comparison.assumptions), observation.comparison.command
    )


def _cache(cache: Observed) -> Table:
    return Table((cache.name, *CHECK_HEAD), tuple((f"  {check.name}", *_cells(check)) for check in cache.checks))


def _cells(check: Check) -> tuple[str, str, str]:
    return _span(check.measured), _span(check.predicted), VERDICT_OF[check.agrees]


def _span(span: Interval | None) -> str:
    return "-" if span is None else interval(*span)


def _others(observation: Observation) -> Iterator[Table]:
    """Return how many caches agree, figure by figure, and each that does not."""
    counts: dict[str, list[int]] = {}
    for cache in observation.others:
        for check in cache.checks:
            agreeing, differing = counts.setdefault(check.name, [0, 0])
            counts[check.name] = [agreeing + (check.agrees is True), differing + (check.agrees is False)]
    rows = tuple((f"  {name}", *map(integer, pair)) for name, pair in counts.items())
    other = "other " if observation.caches else ""
    yield Table((f"{len(observation.others)} {other}caches", "agreeing", "differing"), rows)
    rows = tuple(
        (f"{cache.name}.{check.name}", *_cells(check)[:2])
        for cache in observation.others
        for check in cache.checks
        if check.agrees is False
    )
    if rows:
        yield Table(("differing", *CHECK_HEAD[:2]), rows, sortable=True)


def _vms(observation: Observation, width: int | None) -> Iterator[Table]:
    """Return the VMs beside each other, as many as fit, and the histograms of their lists."""
    yield from (_beside(group) for group in _fitting(observation.vms, width))
    for vm in observation.vms:
        if vm.rmaps_stat:
            head, *rows = zip(*vm.rmaps_stat, strict=False)
            yield Table(head, tuple(rows), f"VM {vm.name}: rmap lists by length (mmu_rmaps_stat)")


def _fitting(vms: Iterable[Vm], width: int | None) -> Iterator[list[Vm]]:
    """Yield the VMs in groups that fit beside each other, each as large as can be; one VM alone may be too wide.

    A column is as wide beside others as alone: what these add to it is a 0 or "-", narrower than any head.
    """
    group: list[Vm] = []
    labels = taken = 0
    for vm in vms:
        label, column = _beside([vm]).widths()
        labels, taken = max(labels, label), taken + GAP + column
        if group and width is not None and labels + taken > width:
            yield group
            group, labels, taken = [], label, GAP + column
        group.append(vm)
    if group:
        yield group


def _beside(group: Sequence[Vm]) -> Table:
    names = dict.fromkeys(name for vm in group for name, value in vm.stats.items() if value or name in TELLING_COUNTERS)
    rows = [(f"  {name}", *(integer(vm.stats[name]) if name in vm.stats else "-" for vm in group)) for name in names]
    return Table(("VM", *(vm.name for vm in group)), tuple(rows))
