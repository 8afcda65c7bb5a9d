"""What a host shows beside what the ledger says: each difference is named."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import attributes, rules
from ptelist.engine.ledger import Unit
from ptelist.sources import slabinfo, vms
from ptelist.sources import snapshot as shot
from ptelist.sources.caches import Caches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.comparison import Comparison
    from ptelist.engine.ledger import Ledger
    from ptelist.scenario import Host, Kernel
    from ptelist.sources.caches import Seen
    from ptelist.sources.snapshot import Snapshot

KVM_CACHES = ("pte_list_desc", "kvm_mmu_page_header")

SYSFS = {
    "size": "object_size",
    "stride": "slab_size",
    "slab_order": "order",
    "objects_per_slab": "objs_per_slab",
    "min_partial": "min_partial",
    "cpu_partial": "cpu_partial",
    "sheaf_capacity": "sheaf_capacity",
}
"""The files of /sys/kernel/slab by the names that ptelist has for their figures."""

MOST_NAMED = 6
"""Members of a merged cache that are named."""

LAYOUT = ("slab_order", "objects_per_slab", "min_partial", "cpu_partial", "sheaf_capacity")
UNITS = {
    "size": Unit.BYTES,
    "stride": Unit.BYTES,
    "slab_order": Unit.ORDER,
    "objects_per_slab": Unit.OBJECTS,
    "min_partial": Unit.SLABS,
    "cpu_partial": Unit.OBJECTS,
    "sheaf_capacity": Unit.OBJECTS,
    "objects": Unit.OBJECTS,
    "slabs": Unit.SLABS,
}


class Span(NamedTuple):
    """What a value may be: exact where both ends meet."""

    low: int
    high: int


class Check(NamedTuple):
    """One figure, measured and predicted; None is what was not read, or not asked for."""

    name: str
    unit: Unit
    measured: Span | None
    predicted: Span | None

    @property
    def agrees(self) -> bool | None:
        """Return whether the two can be the same; None if one is missing."""
        if self.measured is None or self.predicted is None:
            return None
        return self.measured.low <= self.predicted.high and self.predicted.low <= self.measured.high


class Observed(NamedTuple):
    """One cache with its checks, and what to know when reading them."""

    name: str
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()


class Observation(NamedTuple):
    """All that `ptelist observe` found."""

    caches: tuple[Observed, ...]
    others: tuple[Observed, ...]
    """With --all-caches, every cache of the host."""
    vms: tuple[vms.Vm, ...]
    notes: tuple[str, ...]
    comparison: Comparison

    @property
    def differing(self) -> list[tuple[Observed, Check]]:
        """Return where measurement and prediction cannot be the same."""
        return [
            (cache, check) for cache in (*self.caches, *self.others) for check in cache.checks if check.agrees is False
        ]


class Watcher:
    """Holds caches of one host against the ledger of a scenario."""

    def __init__(self, comparison: Comparison, *, counts: bool) -> None:
        """Take the scenario's comparison; `counts` says whether its VMs are those of the host."""
        self._ledger: Ledger = comparison.ledgers[0]
        scenario = comparison.columns[0].scenario
        self._kernel: Kernel = scenario.kernel
        self._host: Host = scenario.host
        self._counts = counts

    def kvm(self, seen: Seen) -> Observed:
        """Return one of KVM's caches, whose struct the ledger knows."""
        name = seen.name
        stride = self._ledger[f"{name}.stride"].low
        found = attributes.layout(name, stride, self._host.slub_debug, self._kernel, self._host)
        predicted = {each: self._span(f"{name}.{each}") for each in ("size", "stride")}
        predicted |= {each: Span(found[SYSFS[each]], found[SYSFS[each]]) for each in LAYOUT}
        checks = [Check(each, UNITS[each], _layout(seen, each), span) for each, span in predicted.items()]
        held = self._objects(seen, found["sheaf_capacity"])
        total = None if seen.slabs is None else Span(0 if seen.shared else seen.slabs, seen.slabs)
        checks.append(Check("objects", UNITS["objects"], held, self._span(f"{name}.objects") if self._counts else None))
        checks.append(Check("slabs", UNITS["slabs"], total, self._slabs(name) if self._counts else None))
        return Observed(name, _there(checks, seen), tuple(self._notes(seen, held)))

    def any(self, seen: Seen) -> Observed | None:
        """Return what the layout rules say of any cache; None if sysfs does not show it."""
        made, size = seen.made(), seen.number(SYSFS["stride"])
        if made is None or size is None:
            return None
        found = attributes.layout(seen.name, size, made.debug, self._kernel, self._host)
        predicted = {"stride": attributes.stride(made, self._kernel)} | {each: found[SYSFS[each]] for each in LAYOUT}
        checks = [Check(each, UNITS[each], _layout(seen, each), Span(n, n)) for each, n in predicted.items()]
        return Observed(seen.name, _there(checks, seen))

    def _span(self, figure: str) -> Span:
        term = self._ledger[figure]
        return Span(term.low, term.high)

    def _slabs(self, name: str) -> Span:
        """Return the slabs that the objects need, and those that a busy host may retain beside."""
        needed, retained = self._span(f"{name}.slabs"), self._span(f"{name}.slabs.retained")
        return Span(needed.low, needed.high + retained.high)

    def _objects(self, seen: Seen, sheaf: int) -> Span | None:
        """Return the live objects: those on per-CPU slabs and in sheaves count as active, live or not."""
        if seen.active is None:
            return None
        sheaf = seen.number("sheaf_capacity") or (0 if seen.cells else sheaf)
        if sheaf:
            free = sheaf * rules.sheaves(self._kernel, self._host)
        else:
            stride, per_slab = (self._span(f"{seen.name}.{each}").low for each in ("stride", "objects_per_slab"))
            slabs = seen.cpu_slabs
            if slabs is None:
                slabs = self._host.cpus * rules.slabs_of_cpu(self._kernel, stride, per_slab)
            free = slabs * per_slab
        return Span(0 if seen.shared else max(seen.active - free, 0), seen.active)

    def _notes(self, seen: Seen, held: Span | None) -> Iterator[str]:
        name = seen.name
        if seen.shared:
            others = [each for each in seen.members if each != name]
            shown = ", ".join(others[:MOST_NAMED]) + (", ..." if len(others) > MOST_NAMED else "")
            listed = f" and {seen.listed} in slabinfo" if seen.row else ""
            yield (
                f"{name}: merged, {seen.directory} in sysfs{listed}, shared with {shown}:"
                " counts include theirs (slab_nomerge tells them apart)"
            )
        elif held and held.low < held.high:
            yield (
                f"{name}: counts are raw, with free objects of per-CPU slabs or sheaves among the active ones;"
                f" exact right after: echo 1 > {shot.SLABS}/{name}/shrink"
            )
        elif held:
            yield f"{name}: counts are exact, for no slab is on a CPU"


def _there(checks: Sequence[Check], seen: Seen) -> tuple[Check, ...]:
    """Return the checks without those of files that this kernel does not have."""
    return tuple(check for check in checks if check.measured or not seen.cells)


def _layout(seen: Seen, name: str) -> Span | None:
    """Return a figure of the layout, from sysfs or else slabinfo."""
    number = seen.number(SYSFS[name])
    if number is None and seen.row:
        row = seen.row
        rest = {"stride": row.stride, "objects_per_slab": row.per_slab, "slab_order": row.pages.bit_length() - 1}
        number = rest.get(name)
    if number is None:
        return None
    return Span(0 if name == "size" and seen.shared else number, number)


def observe(snapshot: Snapshot, label: str, comparison: Comparison, *, counts: bool, every: bool) -> Observation:
    """Return what a snapshot shows beside a scenario.

    `counts`: the scenario says which VMs the host runs. `every`: all caches are
    checked. Raises PtelistError for a snapshot that cannot be read.
    """
    text = snapshot.files.get(shot.SLABINFO)
    caches = Caches(snapshot, slabinfo.parse(text, f"{label}: {shot.SLABINFO}") if text else {})
    watcher = Watcher(comparison, counts=counts)
    kvm = [seen for name in KVM_CACHES if (seen := caches.find(name))]
    found = vms.vms(snapshot, label)
    return Observation(
        tuple(map(watcher.kvm, kvm)),
        tuple(each for seen in caches.every() if (each := watcher.any(seen))) if every else (),
        found,
        tuple(_notes(snapshot, comparison.columns[0].scenario.kernel, kvm, found, counts=counts)),
        comparison if counts else comparison._replace(assumptions=tuple(_of_host(comparison.assumptions))),
    )


def _notes(
    snapshot: Snapshot, kernel: Kernel, kvm: Sequence[Seen], found: Sequence[vms.Vm], *, counts: bool
) -> Iterator[str]:
    """Yield what was not read, what VMs tell, and how to have more predicted."""
    missing = [name for name in KVM_CACHES if name not in {seen.name for seen in kvm}]
    if missing and (snapshot.slabs or shot.SLABINFO in snapshot.files):
        why = "kvm is not loaded" if snapshot.slabs else "merged under another name (a copy of sysfs says which)"
        yield f"no cache {' or '.join(missing)}: {why}"
    for path, reason in sorted(snapshot.unread.items()):
        yield f"not read: {path} ({reason})" + ("; root may" if reason == os.strerror(errno.EACCES) else "")
    for vm in found:
        yield from (f"VM {vm.name}: {sentence}" for sentence in vms.tells(vm, kernel))
    if kvm and not counts:
        sizes = {vm.vcpus for vm in found}
        equal = len(sizes) == 1 and 0 not in sizes
        options = f"--vms {len(found)} --vcpus {sizes.pop()}" if equal else "e.g. --vms 2 --vcpus 8"
        yield f"counts are not predicted: say which VMs run, {options}"


def _of_host(assumptions: Sequence[str]) -> Iterator[str]:
    """Yield what a layout rests on, which no VM changes."""
    return (line for line in assumptions if line.startswith(("kernel:", "host:", "UNVERIFIED kernel.slub")))
