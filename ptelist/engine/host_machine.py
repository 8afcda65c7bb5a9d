"""All VMs of a host step by step, and the slabs of their objects if a step asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.vcpu_machine import Totals
from ptelist.engine.vm_machine import VmMachine

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ptelist.engine.memslot_steps import MadeMemslot
    from ptelist.engine.population import Population
    from ptelist.engine.vcpu_machine import Counts, Mmu
    from ptelist.engine.vm_slabs import HostSlabs

    Key = Hashable


class Machine:
    """All VMs of a host, of one kernel and one kind, by name."""

    def __init__(self, mmu: Mmu, follow: Callable[[], HostSlabs] | None = None) -> None:
        """Start without a VM; `follow` makes the slabs of the host, for steps that ask for them."""
        self.mmu = mmu
        self.totals = Totals()
        self.slabs: HostSlabs | None = None
        """What follows slabs, if a step has asked for it."""
        self.opened = False
        """Whether a step has created a VM, so that all that it takes is known."""
        self._follow = follow
        self._vms: dict[Key, VmMachine] = {}

    def followed(self) -> HostSlabs:
        """Follow slabs from now on; raises ValueError if objects were taken before."""
        if self.slabs is None:
            if self._follow is None or self.totals.peak_headers:
                raise ValueError("slabs are followed from the first object on: expected before the first run or touch")
            self.slabs = self._follow()
            self.totals.descriptor_slabs = tuple(self.slabs.descriptors.values())
            self.totals.header_slabs = tuple(self.slabs.headers.values())
        return self.slabs

    def vm(self, name: Key) -> VmMachine:
        """Return a VM, a new one if there is none of this name."""
        found = self._vms.get(name)
        if found is None:
            found = self._vms[name] = VmMachine(self.mmu, self.totals)
        return found

    def open(self, name: Key) -> None:
        """Create a VM without a memslot; raises ValueError if there is one of this name."""
        if name in self._vms:
            raise ValueError("there is such a VM already")
        self._vms[name] = VmMachine(self.mmu, self.totals, bare=True)
        self.opened = True

    def known(self, name: Key) -> VmMachine:
        """Return a VM that there is; raises ValueError if there is none of this name."""
        if name not in self._vms:
            raise ValueError("there is no such VM")
        return self._vms[name]

    def close(self, name: Key) -> None:
        """Destroy a VM; raises ValueError if there is none of this name."""
        self.known(name).close()
        del self._vms[name]

    def counts(self) -> Counts:
        """Return what there is now, of all VMs together."""
        return self.totals.counts()

    @property
    def limited(self) -> bool:
        """Return whether the kernel would have recycled tables of a VM that there is."""
        return self.totals.limited > 0

    @property
    def vms(self) -> int:
        """Return how many VMs there are."""
        return len(self._vms)

    def memslots(self) -> Population[MadeMemslot | None]:
        """Return how many memslots there are of each kind; None: those of a VM's options, all together."""
        return self.totals.memslots

    def lengths(self) -> Population[int]:
        """Return how many rmap lists there are of each length."""
        return self.totals.lengths
