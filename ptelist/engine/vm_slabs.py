"""The slabs of both kmem_caches while VMs come and go, object by object, as far as KVM says in which order it frees.

Objects lie on the stack of a vCPU's memory cache until they are drawn for a table or a list. When a VM ends they are
freed in the order of `host_history.VmObjects`. Of other frees the order is not said: of tables that RCU frees, of
shadow pages whose children may be unsync, of the tables of a deleted memslot, of descriptors that lists give back. With
the first of these the slabs are open, and stay so: which slab an object came from is not known from then on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import host_history

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from ptelist.engine.slub_node import Objects, Rules, Slab

NODES = "a node may take slabs of others, by chance"
LISTS = "in which order lists give descriptors back is not followed"
BY_RCU = "tables of the TDP MMU are freed by RCU"
UNSYNC = "in which order shadow pages are freed is not followed"
UNSLOT = "in which order the tables of a deleted memslot are freed is not followed"


class CacheSlabs:
    """The slabs of one kmem_cache under one set of rules."""

    def __init__(self, rules: Rules) -> None:
        """Start without a slab."""
        self.cpus = rules.cpus
        self.cpu = 0
        """On which CPU steps happen."""
        self.open = NODES if rules.nodes > 1 else ""
        """Why the number of slabs is not known any more; "" while it is."""
        self.shrunk = False
        """Whether no object was taken or freed since a shrink."""
        self._cache = host_history.machine(rules)
        self._ready: dict[Hashable, Objects] = {}
        """What lies in memory caches, by vCPU."""
        self._drawn: dict[Hashable, Slab] = {}
        """The objects of page tables, by table."""

    @property
    def count(self) -> int:
        """Return all slabs, as /proc/slabinfo counts them; raises ValueError if they are open."""
        if self.open:
            raise ValueError(self.open)
        return self._cache.slabs

    def fill(self, vcpu: Hashable, objects: int) -> None:
        """Let a vCPU's memory cache take so many objects."""
        self.shrunk = False
        if not self.open:
            self._ready.setdefault(vcpu, []).extend(self._cache.allocate(objects, self.cpu))

    def draw(self, vcpu: Hashable, table: Hashable = None) -> None:
        """Let a vCPU take one out of its cache, or if that is empty of the allocator, for a table or a list."""
        self.shrunk = False
        if not self.open:
            ready = self._ready.get(vcpu) or self._cache.allocate(1, self.cpu)
            found = ready.pop()
            if table is not None:
                self._drawn[table] = found

    def scatter(self, why: str) -> None:
        """Let objects be freed in an order that is not said."""
        self.open = self.open or why
        self.shrunk = False

    def end(self, vcpus: Iterable[Hashable], tables: Sequence[Hashable] = (), *, roots_first: bool = False) -> None:
        """Let a VM with these vCPUs and tables, the root first, end on the CPU; see `host_history.VmObjects`."""
        self.shrunk = False
        if self.open:
            return
        caches = [self._ready.pop(vcpu, []) for vcpu in vcpus]
        drawn = [self._drawn.pop(table) for table in tables]
        held = host_history.VmObjects(caches, drawn, [], by_rcu=False, roots_first=roots_first)
        for objects in held.objects():
            self._cache.free(objects, self.cpu)

    def shrink(self) -> None:
        """Give back what is empty, as writing 1 to /sys/kernel/slab/CACHE/shrink does."""
        self._cache.shrink()
        self.shrunk = True


class HostSlabs:
    """The slabs of both caches, under each set of rules that there is."""

    def __init__(self, descriptors: Iterable[Rules], headers: Iterable[Rules]) -> None:
        """Start without a slab."""
        self.descriptors = {rules: CacheSlabs(rules) for rules in descriptors}
        self.headers = {rules: CacheSlabs(rules) for rules in headers}
        self.all = (*self.descriptors.values(), *self.headers.values())

    def move(self, cpu: int) -> None:
        """Let steps happen on this CPU; raises ValueError if a host has none of this number."""
        cpus = min(slabs.cpus for slabs in self.all)
        if cpu >= cpus:
            raise ValueError(f"there is no CPU {cpu}: the host has {cpus}, from 0 on (--cpus)")
        for slabs in self.all:
            slabs.cpu = cpu

    def shrink(self) -> None:
        """Shrink both caches."""
        for slabs in self.all:
            slabs.shrink()
