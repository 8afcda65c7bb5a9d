"""Where RAM and the other memslots of a VM lie in guest-physical space."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.recorded import remembered
from ptelist.engine.windows import FOUR_GIB, GIB, guest_ranges, without

if TYPE_CHECKING:
    from ptelist.engine.windows import Range
    from ptelist.scenario.models import Host, Kernel, Slot, Vm

NORMAL, SMM = "normal", "smm"
USUAL_DIMM = GIB
"""Bytes of a DIMM whose size nobody says."""


class Memslot(NamedTuple):
    """One memslot of one address space."""

    span: Range
    logged: bool
    """It has a dirty bitmap."""


def private_memory(vm: Vm) -> bool:
    """Return whether memory can have the attribute private (kvm_arch_has_private_mem())."""
    return vm.tdx or vm.private_memory is not None


def address_spaces(vm: Vm) -> int:
    """Return how many address spaces KVM gives the VM; private memory rules out that of SMM.

    KVM_ADDRESS_SPACE_NUM, kvm_arch_nr_memslot_as_ids() from v6.8 on (5.10 to 7.3).
    """
    return 1 if private_memory(vm) else 2


def ram(vm: Vm) -> tuple[Range, ...]:
    """Return the memslots of RAM: on both sides of the PCI hole, holes cut out, and each DIMM."""
    return _ram(vm.memory, vm.low_memory, vm.ram_holes) + dimms(vm)


@remembered
def _ram(memory: int, low_memory: int, holes: tuple[Range, ...]) -> tuple[Range, ...]:
    """Return RAM but for DIMMs: of the VMs of a fleet or a sweep many are alike."""
    return without(guest_ranges(memory, low_memory), holes)


def dimms(vm: Vm) -> tuple[Range, ...]:
    """Return where DIMMs are: one after the other from the first GiB above RAM and above 4 GiB.

    QEMU: device memory in pc_memory_init(), hw/i386/pc.c.
    """
    return _dimms(vm.memory, vm.low_memory, vm.dimms, vm.dimm_size or USUAL_DIMM) if vm.dimms else ()


@remembered
def _dimms(memory: int, low_memory: int, count: int, size: int) -> tuple[Range, ...]:
    end = max((end for _, end in guest_ranges(memory, low_memory)), default=0)
    start = max(FOUR_GIB, -(-end // GIB) * GIB)
    return tuple((start + number * size, start + (number + 1) * size) for number in range(count))


def touched_ram(vm: Vm) -> tuple[Range, ...]:
    """Return the parts of the memslots of RAM that were touched: `populated` bytes from 0 up, else all."""
    if vm.populated is None:
        return ram(vm)
    found = list(without(guest_ranges(min(vm.populated, vm.memory), vm.low_memory), vm.ram_holes))
    rest = vm.populated - vm.memory
    for first, end in dimms(vm):
        if rest <= 0:
            break
        found.append((first, min(end, first + rest)))
        rest -= end - first
    return tuple(found)


def memslots(host: Host, vm: Vm) -> tuple[Memslot, ...]:
    """Return all memslots: of RAM and the VMM's others in each space that it uses, KVM's own in all that there are."""
    found = []
    spaces = (NORMAL, SMM)[: address_spaces(vm)]
    for space in spaces:
        if space == NORMAL or vm.smm:
            found += [Memslot(span, vm.dirty_log and not vm.dirty_ring) for span in ram(vm)]
        found += [
            Memslot((slot.base, slot.base + slot.size), slot.dirty_log and not vm.dirty_ring)
            for slot in vm.slots
            if _in(slot, space, host, vm)
        ]
    return tuple(found)


def _in(slot: Slot, space: str, host: Host, vm: Vm) -> bool:
    """Return whether a slot is in this address space of this host.

    KVM's own are made for all address spaces (__x86_set_memory_region()): the APIC access page where the APIC is
    virtualized (VMX flexpriority; SVM with AVIC), TSS and identity map on Intel without unrestricted guests.
    """
    if slot.made_by == "apic-access":
        return not vm.tdx and (host.vendor == "intel" or host.avic)
    if slot.made_by == "real-mode":
        return not vm.tdx and host.vendor == "intel" and not host.unrestricted_guest
    return slot.spaces in {"all", space} and (space == NORMAL or vm.smm)


def users(kernel: Kernel, host: Host, vm: Vm) -> tuple[int, int]:
    """Return how many memslots of a VMM the fullest address space has, and how many it may have."""
    own = sum(slot.made_by == "vmm" and _in(slot, NORMAL, host, vm) for slot in vm.slots)
    return len(ram(vm)) + own, kernel.most_memslots
