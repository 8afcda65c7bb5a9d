"""Memslot metadata: rmap heads, lpage_info, write tracking, dirty bitmaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import mmu
from ptelist.engine import vmalloc as areas
from ptelist.engine.guest_memory import address_spaces, memslots
from ptelist.engine.kmalloc import Pool, kmalloc, kvmalloc, vmalloc
from ptelist.engine.ledger import Term, Unit, fixed, nothing, rule, total
from ptelist.engine.page_tables import window
from ptelist.engine.recorded import remembered
from ptelist.engine.windows import touched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.engine.facts import Facts
    from ptelist.engine.windows import Range
    from ptelist.scenario.models import Config, Host, Kernel, Vm

B = Unit.BYTES
LEVELS = ("4K", "2M", "1G")

WindowCounts = tuple[int, int, int]
"""How many windows of each of these sizes a memslot touches."""


class Slots(NamedTuple):
    """Array lengths by page size, one row a memslot."""

    rows: tuple[WindowCounts, ...]
    logged: tuple[int, ...]
    """The pages of those with a dirty bitmap."""
    note: str


def slots(kernel: Kernel, host: Host, vm: Vm) -> Slots:
    """Return, for each memslot of all address spaces, its windows of each size.

    The number of naturally aligned windows that the slot touches
    (kvm_alloc_memslot_metadata(), same in 5.10 to 7.3).
    """
    if vm.rmap_heads is not None:
        published = (vm.rmap_heads[0],) if vm.dirty_log and not vm.dirty_ring else ()
        return Slots((vm.rmap_heads,), published, "as published, all memslots in one")
    found = memslots(host, vm)
    rows = _rows(tuple(slot.span for slot in found), kernel.page_bytes)
    logged = tuple(row[0] for row, slot in zip(rows, found, strict=True) if slot.logged)
    return Slots(rows, logged, f"{len(rows)} memslots ({vm.memslots})")


@remembered
def _rows(spans: tuple[Range, ...], page_bytes: int) -> tuple[WindowCounts, ...]:
    """Return how many windows of each size each range touches."""
    sizes = [window(level, page_bytes) for level in range(len(LEVELS))]
    return tuple((touched(span, sizes[0]), touched(span, sizes[1]), touched(span, sizes[2])) for span in spans)


def pages(found: Slots) -> int:
    """Return the guest pages in all memslots."""
    return sum(row[0] for row in found.rows)


def largest_array(kernel: Kernel, host: Host, vm: Vm, *, track: bool) -> tuple[str, int]:
    """Return which array of the VM's memslots is the largest one, and its bytes before any rounding."""
    rows = slots(kernel, host, vm).rows
    pages = max((row[0] for row in rows), default=0)
    sizes = {
        "rmap_heads": pages * kernel.rmap_head_bytes if has_rmaps(kernel, vm) else 0,
        "lpage_info": max((row[1] for row in rows), default=0) * kernel.lpage_info_bytes,
        "write_track": pages * kernel.write_track_bytes if track else 0,
        "dirty_bitmap": bitmap(pages) if vm.dirty_log else 0,
    }
    name = max(sizes, key=lambda name: sizes[name])
    return name, sizes[name]


def has_rmaps(kernel: Kernel, vm: Vm) -> bool:
    """Return whether memslots have rmap heads: from v5.14 on only where KVM uses them."""
    return kernel.rmap_lazy == "never" or mmu.uses_rmaps(kernel, vm)


def write_tracking(kernel: Kernel, config: Config, host: Host, vm: Vm) -> bool:
    """Return whether memslots have arrays that count who tracks writes to a gfn.

    Up to v5.15 always; from v5.16 on if there is a shadow root, or for users outside of KVM: up to v6.8 where
    CONFIG_KVM_EXTERNAL_WRITE_TRACKING is built, from v6.9 on once one has registered
    (kvm_page_track_write_tracking_enabled(), arch/x86/kvm/mmu/page_track.c).
    """
    forced = config.external_write_tracking if kernel.write_track_forced == "if_built" else host.external_write_tracking
    return kernel.write_track_lazy == "never" or mmu.shadow_root(kernel, vm) or forced


def bitmap(pages: int) -> int:
    """Return the bytes of a dirty bitmap: two halves of a bit a page, each rounded up to 64 pages."""
    return 2 * (-(-pages // 64) * 8)


def sizes(kernel: Kernel, vm: Vm, row: WindowCounts, *, track: bool) -> Iterator[int]:
    """Yield the bytes asked for each array of a memslot but its dirty bitmap."""
    if has_rmaps(kernel, vm):
        yield from (windows * kernel.rmap_head_bytes for windows in row)
    yield from (windows * kernel.lpage_info_bytes for windows in row[1:])
    if track:
        yield row[0] * kernel.write_track_bytes


class Taken(NamedTuple):
    """What the allocator takes for some arrays: the least and the most bytes, and the areas that vmalloc has."""

    low: int
    high: int
    areas: areas.Areas


@remembered
def _taken(sizes: tuple[int, ...], pool: Pool, *, always: bool) -> Taken:
    """Return what arrays of these sizes take; VMs of a fleet or a sweep have the same ones again and again.

    `always`: whole pages and their page-pointer arrays (__vcalloc), else kmalloc if contiguous memory is at hand.
    """
    counts: list[tuple[int, int]] = []
    for size in sizes:
        alike = next((n for n, (known, _) in enumerate(counts) if known == size), len(counts))
        counts[alike:] = [(size, counts[alike][1] + 1 if alike < len(counts) else 1), *counts[alike + 1 :]]
    low = high = 0
    for size, number in counts:
        least, most = (vmalloc(size, pool),) * 2 if always else kvmalloc(size, pool)
        low += number * least
        high += number * most
    return Taken(low, high, areas.count(counts, pool, always=always))


class Arrays:
    """The arrays of one VM's memslots, as terms."""

    def __init__(self, facts: Facts, kernel: Kernel, vm: Vm, found: Slots) -> None:
        """Take the memslots of a VM."""
        self._facts, self._kernel, self._vm, self._found = facts, kernel, vm, found
        self._always = kernel.memslot_alloc == "vcalloc"
        self._areas = areas.Areas(0, 0, 0)

    def terms(self, *, track: bool) -> dict[str, Term]:
        """Return the bytes of each kind of array, allocator's rounding included."""
        kernel, vm, facts = self._kernel, self._vm, self._facts
        rmaps = has_rmaps(kernel, vm)
        return {
            "rmap_heads": self._arrays("rmap_heads", (0, 1, 2), "rmap_head_bytes")
            if rmaps
            else nothing("rmap_heads", B, facts.source("kernel.rmap_lazy")),
            "lpage_info": self._arrays("lpage_info", (1, 2), "lpage_info_bytes"),
            "write_track": self._arrays("write_track", (0,), "write_track_bytes")
            if track
            else nothing("write_track", B, facts.source("kernel.write_track_lazy")),
            "dirty_bitmap": self._dirty() if self._found.logged else nothing("dirty_bitmap", B, "no dirty logging"),
            "structs": self._structs(),
            "vmap_areas": areas.descriptions(facts, self._areas),
        }

    def page_tables(self) -> Term:
        """Return what vmalloc's own page tables may add for the arrays; call after `terms`."""
        return areas.page_tables(self._facts, self._areas)

    def _structs(self) -> Term:
        """Return the structs kvm_memory_slot: one by one, or in an array for each address space with one to spare."""
        kernel, facts, count = self._kernel, self._facts, len(self._found.rows)
        each, pool = facts.kernel("memslot_bytes", B), facts.pool
        source = facts.source("kernel.memslots_in")
        if kernel.memslots_in == "tree":
            return fixed(
                "structs", count * kmalloc(each.low, pool), B, f"a kmalloc for each of {count}: {source}", each
            )
        spaces = address_spaces(self._vm)
        ends = [self._array_of_slots(-(-count // spaces) + more, pool) for more in (0, 1)]
        return rule("structs", spaces * ends[0][0], spaces * ends[1][1], B, f"{count} slots: {source}", each)

    def _array_of_slots(self, count: int, pool: Pool) -> tuple[int, int]:
        kernel = self._kernel
        return kvmalloc(kernel.memslots_fixed_bytes + count * kernel.memslot_bytes, pool)

    def _arrays(self, name: str, levels: tuple[int, ...], field: str) -> Term:
        each = self._facts.kernel(field, B)
        parts = [
            self._allocated(f"{name}.{LEVELS[level]}", [row[level] * each.low for row in self._found.rows], each)
            for level in levels
        ]
        return total(name, B, parts)

    def _dirty(self) -> Term:
        sizes = [bitmap(pages) for pages in self._found.logged]
        return self._allocated("dirty_bitmap", sizes)

    def _allocated(self, name: str, sizes: list[int], *parts: Term) -> Term:
        """Return what the allocator takes for arrays of these sizes."""
        taken = _taken(tuple(sizes), self._facts.pool, always=self._always)
        self._areas = self._areas.beside(taken.areas)
        asked = fixed("asked", sum(sizes), B, f"{self._found.note}: windows x bytes each", *parts)
        if self._always:
            return fixed(name, taken.low, B, "whole pages and their page-pointer arrays (__vcalloc)", asked)
        why = "kmalloc if contiguous memory is at hand, else vmalloc (kvcalloc)"
        return rule(name, taken.low, taken.high, B, why, asked)
