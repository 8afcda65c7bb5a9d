"""Which machines are booted for each kernel, and what is done on them: data."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kernel.changes import ORDERS, Changes
from kernel.charge import Charge
from kernel.fetch import TABLE
from kernel.history import History
from kernel.life import VmLife
from kernel.lists import Chain, Growth, HostUnmap, Parents, Statistics
from kernel.many_pages import ManyPages
from kernel.nested import FirstVmrun, NestedChain, NestedParents, Orphans
from kernel.tables import LiveTables
from kernel.vcpus import Layout, RawCounts, VcpuCaches, Vms

if TYPE_CHECKING:
    from kernel.experiment import Experiment


class Boot(NamedTuple):
    """One machine."""

    smp: str
    """What QEMU's -smp takes."""
    options: str
    """Of the kernel's command line. From v6.9 on (671776b32b26) slub_* are named slab_*; the old names still work."""
    experiments: tuple[Experiment, ...]
    live: bool = False
    """Whether a snapshot is taken with VMs alive, too."""


VCPUS = (1, 2, 8, 32, 64, 128, 256)
CAP = 1001
LENGTHS = (1, 2, 3, 4, 7, 8, 12, 13, 14, 15, 16, 28, 29, 30, 42, 43, 100, 128, 500, 512, 513)
AT_CAP = (999, 1000, CAP, CAP + 1, CAP + 2, CAP + 3, 1100, 1500, 2 * CAP - 2, 2 * CAP, 2 * CAP + 1, 2 * CAP + 2)

ON_VCPUS = (
    Layout(),
    *(VcpuCaches("tdp-mmu", "real", vcpus) for vcpus in VCPUS),
    *(VcpuCaches("tdp-mmu", "long", vcpus) for vcpus in (1, 8, 64)),
    Vms("tdp-mmu", 8, 3),
    RawCounts("tdp-mmu", 1),
    RawCounts("tdp-mmu", 64),
    LiveTables("tdp-mmu", 16),
    LiveTables("tdp-mmu", 64),
    Charge("tdp-mmu", 8),
    Charge("tdp-mmu", 64),
    *(VcpuCaches("tdp-legacy", mode, vcpus) for mode in ("real", "long") for vcpus in (1, 8, 64)),
    VcpuCaches("tdp-legacy", "long", 256),
    LiveTables("tdp-legacy", 16),
    LiveTables("tdp-legacy", 64),
    *(VcpuCaches("shadow", mode, vcpus) for mode in ("real", "long") for vcpus in (1, 8, 64)),
    VcpuCaches("shadow", "long", 256),
    Vms("shadow", 4, 2),
    RawCounts("shadow", 64),
    Charge("shadow", 8),
)
ON_LISTS = (
    *(Chain(entries) for entries in (*LENGTHS, *AT_CAP)),
    Growth(CAP + 9),
    *(ManyPages(100, each, interleaved) for each in (1, 2, 15) for interleaved in (True, False)),
    *(ManyPages(1000, 15, interleaved) for interleaved in (True, False)),
    ManyPages(3000, 2, interleaved=True),
    ManyPages(1000, 50, interleaved=True),
    ManyPages(1000, 50, interleaved=True, limit=2000),
    ManyPages(1000, 50, interleaved=False, limit=2000),
    ManyPages(3500, 30, interleaved=True, limit=2000),
    *(Parents(parents) for parents in (1, 2, 3, 14, 15, 28, 29, 100, 250, 512)),
    *(HostUnmap(entries) for entries in (1, 2, 15, 100, 1000)),
    *(Statistics(entries) for entries in (1, 100, CAP)),
)
ON_PARENTS = (Layout(), Parents(1040))
ON_CHANGES = (
    *(Changes(entries, order) for entries in (2, 3, 14, 15, 16, 30, 43) for order in ("oldest", "newest")),
    *(Changes(140, order) for order in ORDERS),
    *(Changes(500, order) for order in ("oldest", "newest", "alternating", "one-per-descriptor", "refill", "random-1")),
    *(Changes(CAP, order) for order in ("oldest", "one-per-descriptor", "random-2")),
    *(Changes(entries, "churn-1") for entries in (4, 29, 500)),
)
ON_NESTED = (
    FirstVmrun(),
    *(NestedChain(1, entries) for entries in (1, 2, 3, 14, 15, 28, 29, 42, 43, 100, 378, 392, 500, CAP)),
    *(NestedChain(gfns, entries) for gfns, entries in ((100, 2), (100, 15), (1000, 2), (30, 100))),
    *(NestedParents(parents) for parents in (1, 2, 14, 15, 28, 29, 100, 378, 512)),
    *(Orphans(gfns, rounds) for gfns, rounds in ((1, 30), (64, 16), (512, 4))),
)
A_FEW = (
    Layout(),
    *(VcpuCaches("tdp-mmu", "real", vcpus) for vcpus in (1, 8, 64)),
    VcpuCaches("shadow", "long", 8),
    *(Chain(entries) for entries in (2, 15, 100, 500, CAP)),
)
SPREAD = (
    Layout(),
    VcpuCaches("tdp-mmu", "real", 8),
    *(VcpuCaches("tdp-mmu", "real", vcpus, spread=True) for vcpus in (4, 8, 64)),
    *(RawCounts("tdp-mmu", 8, spread) for spread in (False, True)),
    RawCounts("tdp-mmu", 64, spread=True),
    *(Chain(entries) for entries in (15, 100, CAP)),
    Growth(200, spread=True),
    Changes(140, "churn-1"),
)
ON_HISTORY = tuple(
    History(paging, *what)
    for paging in ("tdp-mmu", "tdp-legacy")
    for what in (("leave", 64, 1), ("churn", 12, 1), ("churn", 8, 2), ("churn", 8, 3, False, True))
)
SPREAD_HISTORY = tuple(
    History(paging, *what)
    for paging in ("tdp-mmu", "tdp-legacy")
    for what in (("leave", 32, 1, True), ("churn", 12, 1, True), ("churn", 8, 2, True), ("churn", 8, 3, True, True))
)
LIFE = tuple(VmLife(paging, mib=4, high_mib=12, vcpus=2) for paging in ("tdp-mmu", "tdp-legacy", "shadow"))

BOOTS = {
    "one-cpu-vcpus": Boot("1", "slab_nomerge", ON_VCPUS, live=True),
    "one-cpu-lists": Boot("1", "slab_nomerge", ON_LISTS),
    "one-cpu-parents": Boot("1", "slab_nomerge", ON_PARENTS),
    "one-cpu-changes": Boot("1", "slab_nomerge", ON_CHANGES),
    "one-cpu-history": Boot("1", "slab_nomerge", ON_HISTORY),
    "one-cpu-nested": Boot("1", "slab_nomerge", ON_NESTED),
    "merged": Boot("1", "", (*A_FEW, RawCounts("tdp-mmu", 8)), live=True),
    "four-cpus": Boot("4", "slab_nomerge", SPREAD),
    "four-cpus-history": Boot("4", "slab_nomerge", SPREAD_HISTORY),
    "present-16": Boot("16", "slab_nomerge maxcpus=1", A_FEW),
    "present-64": Boot("64", "slab_nomerge maxcpus=1", A_FEW),
    "present-128": Boot("128", "slab_nomerge maxcpus=1", A_FEW),
    "possible-128": Boot("1,maxcpus=128", "slab_nomerge", A_FEW),
    "max-order-0": Boot("16", "slab_nomerge maxcpus=1 slub_max_order=0", A_FEW),
    "min-objects-16": Boot("1", "slab_nomerge slub_min_objects=16", A_FEW),
    "debug-FZPU": Boot("1", "slub_debug=FZPU", A_FEW),
    "debug-U": Boot("1", "slub_debug=U", A_FEW),
    "vm-life": Boot("1", "slab_nomerge", LIFE),
}


def boots_of(series: str) -> tuple[str, ...]:
    """Return which boots are there for a kernel: all, unless kernels.toml says which."""
    return tuple(TABLE["series"][series].get("boots", BOOTS))
