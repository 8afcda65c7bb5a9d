"""What a QEMU VM's cgroup is charged, taken apart: the MMU's by what ptelist prints, the rest by name.

Two tables of one record of qemu_vm.py: `compared` holds what the MMU takes against printed figures, `rows` adds up to
the charge. Nothing is worked out here: a row is what one function asked for, or a line of memory.stat.
"""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from guest_steps import PAGE
from helpers import ledger, scenario

from kernel import life
from kernel.charged import Taken
from kernel.machine import CACHES, DESC, HEADER, flavour
from ptelist.engine.kmalloc import pool_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ptelist.engine.ledger import Ledger, Term

TABLES = "page_tables.bytes.raw"
ARRAYS = ("memslots.bytes.rmap_heads", "memslots.bytes.lpage_info", "memslots.bytes.write_track")
POINTER = life.POINTER
SLAB, PAGES = "slab", "pages"
TOPUP = re.compile(r"_*kvm_mmu_topup_memory_cache|mmu_topup_memory_caches|mmu_memory_cache_alloc\w*")
"""Fills a vCPU's caches, from which tables are drawn."""
SLOT = re.compile(r"_*kvm_set_memory_region|kvm_set_memslot")
"""Makes a memslot and its dirty bitmap."""
PAGE_HASH = re.compile("kvm_mmu_init_vm|kvm_mmu_alloc_page_hash|mmu_alloc_shadow_roots")
"""Make the page hash: with the VM, or with its first shadow page."""
STAT = {"percpu": "per-CPU memory", "kernel_stack": "stacks of QEMU's threads"}
"""Of memory.stat, what no tracepoint of allocations names."""
TOUCHED = "2 MiB"
"""Of RAM: SeaBIOS, at its end, runs below 1 MiB; what was mapped before went with the last memslot that it changed."""
ROOT_TABLE = PAGE
"""Not in sec_pagetables, where a table of the TDP MMU is once it is linked to another one.

tdp_mmu_link_sp() accounts it, kvm_tdp_mmu_alloc_root() does not (read at 0089c055b560).
"""
HEADERS = f"{HEADER}.bytes.used"
NAMES = {
    "kvm_dev_ioctl": "struct kvm, in it the page hash where it is embedded; its buses and statistics",
    "kvm_vm_ioctl": "struct kvm_vcpu, its kvm_run",
    "kvm_arch_vcpu_create": "MCE banks, emulator, page for port I/O",
    "kvm_set_irq_routing": "irq routing",
    "kvm_ioapic_init": "I/O APIC",
    "kvm_create_lapic": "local APIC",
    "kvm_recalculate_apic_map": "map of local APICs",
    "fpu_alloc_guest_fpstate": "FPU of the guest",
    "kvm_hv_vcpu_init": "Hyper-V context",
    "kvm_coalesced_mmio_init": "ring of coalesced MMIO",
    "svm_vcpu_create": "VMCB",
    "svm_vcpu_alloc_msrpm": "which MSRs are intercepted",
    "svm_alloc_permissions_map": "which MSRs are intercepted",
    "svm_alloc_apic_backing_page": "registers of the local APIC",
    "pte_alloc_one": "page tables of QEMU, level 1",
    "__pmd_alloc": "page tables of QEMU, level 2",
    "__pud_alloc": "page tables of QEMU, level 3",
    "pgd_alloc": "page tables of QEMU, level 4",
    "alloc_inode": "inodes of files that QEMU has or has looked up, of KVM's statistics in debugfs",
    "__d_alloc": "dentries of these",
    "vm_area_alloc": "QEMU's mappings",
    "vm_area_dup": "QEMU's mappings, split",
    "copy_process": "task_struct and signals of QEMU's threads",
}
"""What a function asks for, if that is more than the function's name says."""


class Compared(NamedTuple):
    """A printed figure, and what was measured of it."""

    figure: str
    measured: int
    low: int
    high: int
    why: str

    @property
    def agrees(self) -> bool:
        """Tell whether the one holds the other."""
        return self.low <= self.measured <= self.high


class Row(NamedTuple):
    """A part of what the cgroup is charged."""

    what: str
    bytes: int
    by_mmu: bool = False


class Charge:
    """One record."""

    def __init__(self, record: dict[str, Any]) -> None:
        """Take what `qemu_vm.run` returned."""
        self._record = record
        self.stat: dict[str, int] = record["stat"]
        self._taken = {Taken(*row[:-1]): row[-1] for row in record["taken"]}
        self._kernel = scenario(kernel=_version(record)).kernel
        self._printed = self._figures()

    def _figures(self) -> Ledger:
        """Return what ptelist prints of this VM: memslots came and went, so that tables were freed."""
        record = self._record
        (memory,) = re.findall(r"-m (\d+)", record["options"])
        host = {"kernel": _version(record), "config": flavour(record["release"]), "vendor": "amd", "cpus": 1}
        vm = {"memslots": record["machine"], "memory": f"{memory} MiB", "populated": TOUCHED, "leaf": "4K", "vcpus": 1}
        return ledger(**host, **vm, history="any", slab_merge=False)

    # what the MMU takes, beside what ptelist says

    def compared(self) -> list[Compared]:
        """Return each figure of which something can be seen, beside what was.

        Tables of devices and of SMM cannot be told from the others: all are compared with the figure of all. Headers
        and pages for them come out of vCPU caches, of which is open how far they were drawn.
        """
        seen = {name: self._bytes(each) for name, each in self._claims().items()}
        seen[f"{DESC}.objects"] = self._record["objects"][DESC]
        seen[TABLES] = self.stat["sec_pagetables"] + ROOT_TABLE
        printed = {name: self._printed[name] for name in seen}
        return [Compared(name, seen[name], term.low, term.high, _why(term)) for name, term in printed.items()]

    def headers(self) -> tuple[int, int]:
        """Return how many headers /proc/slabinfo has, and how many were asked for."""
        wanted = self._claims()[HEADERS]
        asked = sum(count for taken, count in self._taken.items() if wanted(taken))
        return self._record["objects"][HEADER], asked

    def _claims(self) -> dict[str, Callable[[Taken], bool]]:
        """Return the figures of which one sees the allocations, and which these are."""
        strides = {name: self._printed[f"{name}.stride"].low for name in CACHES}

        def cached(taken: Taken, what: str) -> bool:
            return bool(TOPUP.fullmatch(taken.site)) and taken.what == what and taken.charged

        claims: dict[str, Callable[[Taken], bool]] = {
            "memslots.bytes.dirty_bitmap": lambda taken: bool(SLOT.fullmatch(taken.site)) and not _is_struct(taken),
            "memslots.bytes.structs": lambda taken: bool(SLOT.fullmatch(taken.site)) and _is_struct(taken),
            "vcpu_caches.bytes.arrays": lambda taken: cached(taken, SLAB) and taken.size not in strides.values(),
            f"{DESC}.bytes.used": lambda taken: cached(taken, SLAB) and taken.size == strides[DESC],
            HEADERS: lambda taken: cached(taken, SLAB) and taken.size == strides[HEADER],
            "shadow_pages.bytes": lambda taken: cached(taken, PAGES),
        }
        claims |= {name: _asked_by(site) for name, site in self._sites().items()}
        if self._kernel.page_hash != "embedded":
            claims["page_hash.bytes"] = lambda taken: bool(PAGE_HASH.fullmatch(taken.site)) and taken.charged
        return claims

    def _sites(self) -> dict[str, str]:
        """Return which function asks for each kind of array of memslots: the most for what is printed as most.

        Which function has been inlined into which one differs. Two kinds in one function would show as a difference.
        """
        sizes: dict[str, int] = {}
        for taken, count in self._taken.items():
            if taken.site in life.VMALLOC["memslots"]:
                sizes[taken.site] = sizes.get(taken.site, 0) + count * taken.size
        names = sorted(ARRAYS, key=lambda name: -self._printed[name].low)
        sites = sorted(sizes, key=lambda site: -sizes[site])
        return dict(zip_longest(names, sites[: len(names)], fillvalue=""))

    def _bytes(self, wanted: Callable[[Taken], bool]) -> int:
        return sum(taken.size * count for taken, count in self._taken.items() if wanted(taken))

    def unclaimed(self) -> list[Taken]:
        """Return what the MMU was charged for that no figure has."""
        claims = self._claims().values()
        return [
            taken
            for taken in self._taken
            if taken.charged and life.MMU.fullmatch(taken.site) and not any(each(taken) for each in claims)
        ]

    def areas(self) -> dict[str, tuple[int, int]]:
        """Return the bytes of pages by function: as /proc/vmallocinfo has them, and as they were charged."""
        charged: dict[str, int] = {}
        for taken, count in self._taken.items():
            if taken.what == PAGES:
                charged[taken.site] = charged.get(taken.site, 0) + count * taken.size
        return {name: (size, charged.get(name, 0)) for name, size in self._record["vmalloc"].items()}

    # what all is charged

    def rows(self) -> list[Row]:
        """Return the parts of `kernel` in memory.stat; the last two are what is left unexplained, of slab and of pages.

        Objects of slab are charged by the byte, each with a pointer to the cgroup, all together with the percpu bytes
        by whole pages (obj_cgroup_charge()).
        """
        claims = self._claims()
        charged = {taken: count * taken.size for taken, count in self._taken.items() if taken.charged}
        mmu, rest = {}, dict(charged)
        for name, wanted in claims.items():
            mmu[name] = sum(rest.pop(taken) for taken in charged if wanted(taken))
        found = [Row(name, size, by_mmu=True) for name, size in mmu.items()]
        found += self._others(rest)
        found.append(Row("pointers to the cgroup, one an object", self._pointers()))
        found += [Row(f"memory.stat, {name}: {what}", self.stat[name]) for name, what in STAT.items()]
        by_byte = self.stat["slab"] + self.stat["percpu"]
        found.append(Row("the rest of the last page of slab", -by_byte % PAGE))
        slab = sum(size for taken, size in charged.items() if taken.what == SLAB) + self._pointers()
        of_slab = self.stat["slab"] - slab
        of_pages = self.stat["kernel"] - of_slab - sum(row.bytes for row in found)
        return [*found, Row("unexplained, of slab", of_slab), Row("unexplained, of pages", of_pages)]

    def _others(self, charged: dict[Taken, int]) -> list[Row]:
        sizes: dict[str, int] = {}
        for taken, size in charged.items():
            name = f"{taken.what}, {_named(taken.site)}"
            sizes[name] = sizes.get(name, 0) + size
        return [Row(name, sizes[name]) for name in sorted(sizes, key=lambda name: -sizes[name])]

    def _pointers(self) -> int:
        """Return the bytes of pointers; what is larger than any kmalloc cache is pages, though counted as slab."""
        largest = pool_of(self._kernel).buckets[-1]
        return POINTER * sum(
            count
            for taken, count in self._taken.items()
            if taken.charged and taken.what == SLAB and taken.size <= largest
        )


def _named(site: str) -> str:
    return f"{site}: {NAMES[site]}" if site in NAMES else site


def _version(record: dict[str, Any]) -> str:
    """Return the version of a series, which may be one of another flavour."""
    return str(record["series"]).partition("-")[0]


def _why(term: Term) -> str:
    """Return why a figure is open: the first reason on the way down."""
    return next((each.note for each in term.walk() if not each.exact and each.note), "")


def _asked_by(site: str) -> Callable[[Taken], bool]:
    return lambda taken: taken.site == site


def _is_struct(taken: Taken) -> bool:
    """Tell a struct kvm_memory_slot from a bitmap: its pages and, uncharged, vmalloc's pointers to them."""
    return taken.what == SLAB and taken.charged


def table(record: dict[str, Any]) -> str:
    """Return both tables as text."""
    charge = Charge(record)
    return "\n".join(_lines(record, charge)) + "\n"


def _lines(record: dict[str, Any], charge: Charge) -> Iterator[str]:
    yield f"{record['series']}, {record['qemu']}, {record['machine']}: kernel {charge.stat['kernel']:,} bytes"
    for row in charge.rows():
        yield f"{row.bytes:>10,}  {'MMU: ' if row.by_mmu else ''}{row.what}"
    for name, (size, paid) in charge.areas().items():
        if size != paid:
            yield f"{size - paid:>10,}  not charged: pages, {_named(name)}"
    yield "measured, and what ptelist prints"
    for each in charge.compared():
        printed = f"{each.low:,}" if each.low == each.high else f"{each.low:,}..{each.high:,} ({each.why})"
        yield f"{each.measured:>10,}  {each.figure}: {printed}{'' if each.agrees else '  DIFFERS'}"
