"""What the collector tells of a host beside what it is: what was measured there, and VMs of which it knows nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.engine.figure_kinds import DESC, HEADER
from ptelist.fleet.records import NoRecordError

if TYPE_CHECKING:
    from collections.abc import Mapping

FACTS, MEASURED, VMS, UNKNOWN_VMS = "facts", "measured", "vms", "unknown-vms"
READ = frozenset((MEASURED, UNKNOWN_VMS))
"""Keys that are no option, and are read of any object that has them."""
BESIDE = READ | {FACTS, "name", "unread"}
"""Keys of the collector's that are no option."""

TABLES = "page_tables.bytes.raw"
COUNTS = {"active": "objects.raw", "slabs": "slabs.raw"}
"""Counts of slabinfo, and the figures of a kmem_cache that predict them."""

LAYOUTS = {"stride": "stride", "per_slab": "objects_per_slab"}
"""What slabinfo says of a kmem_cache's layout, and the figures that predict it."""

MERGED = "merged"
"""What the collector has of a cache that lies in others' slabs: its counts are theirs too, its layout is its own."""

FIGURES = (TABLES, *(f"{cache}.{figure}" for cache in (DESC, HEADER) for figure in COUNTS.values()))
"""Figures for which there is something measured."""

MOST = 1 << 63


class Collected(NamedTuple):
    """What was told of one host."""

    measured: dict[str, int]
    """By the figure that predicts it."""
    layouts: dict[str, int]
    """Of slabs, by the figure that predicts it."""
    merged: tuple[str, ...]
    """Caches of which the counts are of others too."""
    unknown_vms: int
    nested_by_cpu: int
    """VMs that are nested because their CPU model lets an L2 run, and no counter says whether one did."""


NOTHING = Collected({}, {}, (), 0, 0)


def collected(whole: Mapping[str, Any]) -> Collected:
    """Return what a host's object tells beside what it is; raises NoRecordError for what no collector prints."""
    if MEASURED not in whole and UNKNOWN_VMS not in whole:
        return NOTHING
    measured = _object(whole, MEASURED)
    slabs = _object(measured, "slabs")
    caches = {cache: _object(slabs, cache) for cache in (DESC, HEADER)}
    merged = tuple(cache for cache, counts in caches.items() if MERGED in counts)
    counted = {cache: counts for cache, counts in caches.items() if cache not in merged}
    tables = {TABLES: _number(measured, "sec_pagetables")} if "sec_pagetables" in measured else {}
    unknown = whole.get(UNKNOWN_VMS, [])
    if not isinstance(unknown, list):
        raise NoRecordError(f"{UNKNOWN_VMS}: expected a list")
    by_cpu = sum(map(_nested_by_cpu, whole[VMS])) if isinstance(whole.get(VMS), list) else 0
    return Collected(tables | _figures(counted, COUNTS), _figures(caches, LAYOUTS), merged, len(unknown), by_cpu)


def _nested_by_cpu(vm: Any) -> bool:
    """Return whether a VM is nested as far as its processor can run an L2; what is no VM is told elsewhere."""
    said = _dict(vm)
    is_told = "nested_run" in _dict(_dict(said.get(MEASURED)).get("kvm"))
    return said.get("nested") is True and _dict(said.get(FACTS)).get("cpu_nests") is True and not is_told


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _figures(caches: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> dict[str, int]:
    """Return numbers of caches by the figures that predict them."""
    return {
        f"{cache}.{figure}": _number(told, name)
        for cache, told in caches.items()
        for name, figure in names.items()
        if name in told
    }


def _object(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = of.get(name, {})
    if not isinstance(found, dict):
        raise NoRecordError(f"{name}: expected an object, as the collector prints")
    return found


def _number(of: Mapping[str, Any], name: str) -> int:
    value = of[name]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MOST:
        raise NoRecordError(f"{MEASURED}: {name}: expected a whole number of 0 or more")
    return value
