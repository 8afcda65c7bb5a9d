"""Memslot metadata: rmap heads, lpage_info, write tracking, dirty bitmaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import rules
from ptelist.engine.kmalloc import kvmalloc, vmalloc
from ptelist.engine.ledger import Term, Unit, fixed, nothing, rule, total
from ptelist.engine.pagetables import window
from ptelist.engine.windows import guest_ranges, touched

if TYPE_CHECKING:
    from ptelist.engine.facts import Facts
    from ptelist.scenario import Kernel, Vm

B = Unit.BYTES
LEVELS = ("4K", "2M", "1G")


class Slots(NamedTuple):
    """Array lengths by page size, one row a memslot."""

    rows: tuple[tuple[int, int, int], ...]
    note: str


def slots(kernel: Kernel, vm: Vm) -> Slots:
    """Return, for each memslot of all address spaces, its windows of each size.

    `entries(level)` is the number of naturally aligned windows that the slot
    touches. An SMM address space repeats every slot.
    """
    if vm.rmap_heads is not None:
        return Slots((vm.rmap_heads,), "as published, all memslots in one")
    spans = guest_ranges(vm.memory, vm.low_memory)
    sizes = [window(level, kernel.page_bytes) for level in range(len(LEVELS))]
    row = [(touched(span, sizes[0]), touched(span, sizes[1]), touched(span, sizes[2])) for span in spans]
    spaces = address_spaces(vm)
    return Slots(tuple(row * spaces), f"{len(spans)} RAM slots in {spaces} address spaces")


def address_spaces(vm: Vm) -> int:
    """Return 2 where SMM has its own memslots; private memory rules that out."""
    return 2 if vm.smm and not vm.tdx else 1


def pages(found: Slots) -> int:
    """Return the guest pages in all memslots."""
    return sum(row[0] for row in found.rows)


def largest_array(kernel: Kernel, vm: Vm, *, track: bool) -> tuple[str, int]:
    """Return which array of the VM's memslots is the largest one, and its bytes before any rounding."""
    rows = slots(kernel, vm).rows
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
    return kernel.rmap_lazy == "never" or rules.uses_rmaps(kernel, vm)


def bitmap(pages: int) -> int:
    """Return the bytes of a dirty bitmap: two halves of a bit a page, each rounded up to 64 pages."""
    return 2 * (-(-pages // 64) * 8)


class Arrays:
    """The arrays of one VM's memslots, as terms."""

    def __init__(self, facts: Facts, kernel: Kernel, vm: Vm, found: Slots) -> None:
        """Take the memslots of a VM."""
        self._facts, self._kernel, self._vm, self._found = facts, kernel, vm, found

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
            "dirty_bitmap": self._dirty() if vm.dirty_log else nothing("dirty_bitmap", B, "no dirty logging"),
        }

    def _arrays(self, name: str, levels: tuple[int, ...], field: str) -> Term:
        each = self._facts.kernel(field, B)
        parts = [
            self._allocated(f"{name}.{LEVELS[level]}", [row[level] * each.low for row in self._found.rows], each)
            for level in levels
        ]
        return total(name, B, parts)

    def _dirty(self) -> Term:
        sizes = [bitmap(row[0]) for row in self._found.rows]
        return self._allocated("dirty_bitmap", sizes)

    def _allocated(self, name: str, sizes: list[int], *parts: Term) -> Term:
        """Return what the allocator takes for arrays of these sizes."""
        pool, how = rules.pool(self._kernel), self._kernel.memslot_alloc
        asked = fixed("asked", sum(sizes), B, f"{self._found.note}: windows x bytes each", *parts)
        if how == "vcalloc":
            taken = sum(vmalloc(size, pool) for size in sizes)
            return fixed(name, taken, B, "whole pages and their page-pointer arrays (__vcalloc)", asked)
        ranges = [kvmalloc(size, pool) for size in sizes]
        low, high = sum(r[0] for r in ranges), sum(r[1] for r in ranges)
        why = "kmalloc if contiguous memory is at hand, else vmalloc (kvcalloc)"
        return rule(name, low, high, B, why, asked)
