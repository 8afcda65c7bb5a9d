"""VMs that come and go on one host, and what is left of the slabs of a cache: step by step, and as a simulation.

The order in which KVM allocates and frees (virt/kvm/kvm_main.c, arch/x86/kvm/mmu/mmu.c): at its first run a vCPU
fills its memory cache, and tables take from the end of it. When the VM ends, its tables go first, but for the root,
which goes with the last vCPU; the TDP MMU's go by RCU, which KVM waits for at the end (kvm_mmu_uninit_tdp_mmu()). Each
vCPU's cache goes from its end, vCPU after vCPU (kvm_mmu_free_memory_cache()). Before kvm_arch_vcpu_destroy() unloaded
its MMU roots went before any cache (kvm_unload_vcpu_mmus()).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.past import SEEDS, VmKind
from ptelist.engine.slub_cpu_slabs import CpuSlabs, Debugged
from ptelist.engine.slub_sheaves import Sheaves

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ptelist.engine.past import Shape
    from ptelist.engine.slub_node import Objects, Rules, SlubMachine

MOST_OBJECTS = 1 << 16
"""Objects at the peak from which on a part of the host is simulated."""
WORD = (1 << 64) - 1


class Event(NamedTuple):
    """A VM starts or ends."""

    shape: Shape | None
    """Of the VM that starts; None: one ends."""
    number: int
    """Which VM it is, counted in the order of their start."""
    cpus: tuple[int, ...]
    """On which each of its vCPUs first runs, or on which it ends."""


class VmObjects(NamedTuple):
    """What a VM holds."""

    caches: list[Objects]
    tables: Objects
    rest: Objects
    by_rcu: bool
    roots_first: bool = False

    def objects(self) -> Iterator[Objects]:
        """Yield its objects in the order in which they are freed."""
        *caches, last = [cache[::-1] for cache in self.caches] or [[]]
        root, lower = self.tables[:1], self.tables[1:]
        yield self.rest
        if self.by_rcu:
            yield from (*caches, last, lower, root)
        elif self.roots_first:
            yield from (lower, root, *caches, last)
        else:
            yield from (lower, *caches, root, last)


class Slabs(NamedTuple):
    """Slabs of a cache."""

    in_use: int
    """Those with objects of VMs."""
    all: int
    """Those that the cache has, as /proc/slabinfo counts them."""


def machine(rules: Rules) -> SlubMachine:
    """Return the step machine for a cache with these rules."""
    if rules.debugged:
        return Debugged(rules)
    return Sheaves(rules) if rules.sheaf else CpuSlabs(rules)


class HostHistory:
    """A host on which VMs come and go, seen from one cache."""

    def __init__(self, rules: Rules) -> None:
        """Start it without a VM."""
        self.cache = machine(rules)
        self.vms: dict[int, VmObjects] = {}

    @property
    def slabs(self) -> Slabs:
        """Return its slabs as they stand."""
        used = {slab for vm in self.vms.values() for objects in vm.objects() for slab in objects}
        return Slabs(len(used), self.cache.slabs)

    def do(self, event: Event) -> None:
        """Let a VM start or end."""
        if event.shape:
            self.vms[event.number] = self._started(event.shape, event.cpus)
        else:
            for objects in self.vms.pop(event.number).objects():
                self.cache.free(objects, event.cpus[0])

    def _started(self, shape: Shape, cpus: Sequence[int]) -> VmObjects:
        caches = [self.cache.allocate(size, cpu) for size, cpu in zip(shape.caches, cpus, strict=False)]
        tables = [caches[0].pop() for _ in range(shape.tables)]
        return VmObjects(caches, tables, self.cache.allocate(shape.rest, cpus[0]), shape.by_rcu, shape.roots_first)


class Random:
    """Numbers that are the same everywhere: splitmix64."""

    def __init__(self, seed: int) -> None:
        """Start from a seed."""
        self._state = seed

    def below(self, limit: int) -> int:
        """Return one of 0 up to limit - 1."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & WORD
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & WORD
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & WORD
        return (mixed ^ (mixed >> 31)) % limit

    def shuffled(self, count: int) -> list[int]:
        """Return 0 up to count - 1 in a random order."""
        numbers = list(range(count))
        for last in range(count - 1, 0, -1):
            other = self.below(last + 1)
            numbers[last], numbers[other] = numbers[other], numbers[last]
        return numbers


def events(cpus: int, kinds: Sequence[VmKind], seed: int) -> Iterator[Event]:
    """Yield the simulated history of a host.

    All VMs of the peak start, kind after kind, each vCPU on a random CPU; then they end in random order, each on a
    random CPU, until those that are left are left.
    """
    random = Random(seed)
    kind_of = [kind for kind in kinds for _ in range(kind.peak)]
    for number, kind in enumerate(kind_of):
        yield Event(kind.shape, number, tuple(random.below(cpus) for _ in kind.shape.caches) or (0,))
    ending = {kind: kind.peak - kind.left for kind in kinds}
    for number in random.shuffled(len(kind_of)):
        kind = kind_of[number]
        if ending[kind]:
            ending[kind] -= 1
            yield Event(None, number, (random.below(cpus),))


@lru_cache(maxsize=1 << 10)
def left(rules: Rules, kinds: tuple[VmKind, ...], seed: int) -> Slabs:
    """Return the slabs at the end of a simulated history."""
    host = HostHistory(rules)
    for event in events(rules.cpus, kinds, seed):
        host.do(event)
    return host.slabs


def objects_at_peak(kinds: Iterable[VmKind]) -> int:
    """Return how many objects there are at the peak."""
    return sum((sum(kind.shape.caches) + kind.shape.rest) * kind.peak for kind in kinds)


def part(kinds: tuple[VmKind, ...]) -> tuple[int, tuple[VmKind, ...]]:
    """Return which part of a host is simulated, as 1/n, and its VMs: all of them while they have few objects."""
    whole = max(-(-objects_at_peak(kinds) // MOST_OBJECTS), 1)
    return whole, tuple(VmKind(kind.shape, -(-kind.peak // whole), -(-kind.left // whole)) for kind in kinds)


def typical(rules: Rules, kinds: tuple[VmKind, ...]) -> tuple[Slabs, Slabs] | None:
    """Return the fewest and the most slabs that histories with SEEDS leave, in use and in all.

    None if one VM alone has more objects than are simulated.
    """
    whole, some = part(kinds)
    if objects_at_peak(some) > 2 * MOST_OBJECTS:
        return None
    found = [left(rules, some, seed) for seed in SEEDS]
    low, high = (Slabs(*(end(each) * whole for each in zip(*found, strict=True))) for end in (min, max))
    return low, high
