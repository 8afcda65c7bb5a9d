"""What must hold between the fields of a VM's memory: what its tables, its memslots and their arrays can be."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from ptelist.engine import dirty_rings, memslots, mmu
from ptelist.engine.dirty_rings import pml
from ptelist.engine.guest_memory import dimms, ram, users
from ptelist.engine.memslots import write_tracking
from ptelist.engine.page_tables import window
from ptelist.engine.windows import GIB, guest_ranges
from ptelist.scenario.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.scenario.models import Host, Kernel, Scenario, Vm

Problem = tuple[str, str]
"""A field of the VM, and what is wrong with it."""


def problems(scenario: Scenario, vm: Vm) -> Iterator[Problem]:
    """Yield what the memory of a VM could not be on this kernel and host."""
    kernel, host = scenario.kernel, scenario.host
    yield from _memory(kernel, vm)
    yield from _slot_pages(kernel, vm)
    if text := _too_large(scenario, vm):
        yield "memory", text
    yield from _layout(kernel, host, vm)
    yield from _heads(kernel, host, vm)
    yield from _dirty_ring(kernel, host, vm)
    if vm.private_memory is not None and not kernel.memory_attributes:
        yield "private_memory", f"kernel {kernel.version} has no memory attributes: they came with v6.8"


def _memory(kernel: Kernel, vm: Vm) -> Iterator[Problem]:
    most = window(vm.root_level, kernel.page_bytes)
    if any(end > most for _, end in (*guest_ranges(vm.memory, vm.low_memory), *dimms(vm))):
        yield (
            "memory",
            f"{vm.root_level}-level tables map {format_size(most)} at most: use root_level 5, or less memory",
        )
    if vm.nested and vm.l2_memory > vm.memory:
        own, whole = format_size(vm.l2_memory), format_size(vm.memory)
        yield "l2_memory", f"L2 has {own} mapped, more than the {whole} of L1: say how much with --l2-memory"
    if vm.mapped == "listed" and mmu.tdp(kernel, vm):
        yield "mapped", '"listed" is for shadow paging: TDP tables follow from memory'


def _slot_pages(kernel: Kernel, vm: Vm) -> Iterator[Problem]:
    """Yield which memory makes a memslot of more pages than KVM takes (__kvm_set_memory_region(): EINVAL)."""
    if kernel.memslot_most_pages is None:
        return
    most = kernel.memslot_most_pages * kernel.page_bytes
    all_ram = ram(vm)
    spans = {
        "memory": (all_ram[: len(all_ram) - vm.dimms], "plug the rest in with --dimms and --dimm-size"),
        "dimm_size": (all_ram[len(all_ram) - vm.dimms :][:1], "use more and smaller ones"),
        "slots": ([(slot.base, slot.base + slot.size) for slot in vm.slots if slot.made_by == "vmm"], "use several"),
    }
    for field, (slots, what_to_do) in spans.items():
        size = max((end - first for first, end in slots), default=0)
        if size > most:
            text = f"a memslot of {format_size(size)} has {size // kernel.page_bytes:,} pages, and KVM takes"
            yield field, f"{text} {kernel.memslot_most_pages:,} at most (KVM_MEM_MAX_NR_PAGES): {what_to_do}"


def _too_large(scenario: Scenario, vm: Vm) -> str:
    """Return what is wrong with a VM of which a memslot's array is more than kvmalloc() gives, "" if none is."""
    kernel = scenario.kernel
    most = kernel.kvmalloc_most_bytes
    if kernel.memslot_alloc != "kvcalloc" or not most:
        return ""
    track = write_tracking(kernel, scenario.config, scenario.host, vm)
    name, size = memslots.largest_array(kernel, scenario.host, vm, track=track)
    if size <= most:
        return ""
    return (
        f"the {name} of a memslot take {size:,} bytes, and kvmalloc() of kernel {kernel.version} gives {most:,} at most"
    )


def _layout(kernel: Kernel, host: Host, vm: Vm) -> Iterator[Problem]:
    """Yield what is wrong with memslots, and with what was touched or written."""
    used, most = users(kernel, host, vm)
    if used > most:
        yield "dimms", f"{used} memslots, more than the {most} that kernel {kernel.version} has"
    slots = sorted((*ram(vm), *((slot.base, slot.base + slot.size) for slot in vm.slots if slot.spaces != "smm")))
    for (first, end), (base, _) in pairwise(slots):
        if base < end:
            yield "slots", f"memslots at {first:#x} and {base:#x} overlap: cut RAM with ram_holes"
            break
    whole = vm.memory + vm.dimms * (vm.dimm_size or GIB)
    for field in ("populated", "written", "private_memory"):
        size = getattr(vm, field)
        if size is not None and size > whole:
            yield field, f"{format_size(size)} are more than the {format_size(whole)} of the VM"


def _heads(kernel: Kernel, host: Host, vm: Vm) -> Iterator[Problem]:
    """Yield that there are more rmap lists than rmap heads, of which the memslots have one a window."""
    if not vm.rmaps:
        return
    lists = sum(each.count for each in vm.rmaps)
    heads = sum(map(sum, memslots.slots(kernel, host, vm).rows))
    if lists > heads:
        text = f"{lists:,} lists, more than the {heads:,} rmap heads of the VM's memslots"
        yield "rmaps", f"{text}: list fewer with --rmaps, or give it more memory"


def _dirty_ring(kernel: Kernel, host: Host, vm: Vm) -> Iterator[Problem]:
    """Yield what is wrong with the size of dirty rings (kvm_vm_ioctl_enable_dirty_log_ring())."""
    if not vm.dirty_ring:
        return
    if not kernel.dirty_ring:
        yield "dirty_ring", f"kernel {kernel.version} has no dirty rings: they came with v5.11"
    least = dirty_rings.least(kernel, host, vm)
    if vm.dirty_ring < least:
        kept = f"keeps {kernel.dirty_ring_reserved} free"
        kept += f" and the {kernel.pml_entries} of PML (host.pml)" if pml(kernel, host, vm) else ""
        yield (
            "dirty_ring",
            f"{vm.dirty_ring} entries: a ring has a page at least and KVM {kept}, so it takes {least} or more",
        )
    if vm.dirty_ring & (vm.dirty_ring - 1):
        yield "dirty_ring", f"{vm.dirty_ring} entries: KVM takes a power of two"
