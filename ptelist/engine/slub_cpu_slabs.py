"""SLUB with a slab of its own for each CPU (up to v6.19), and without any for debugged caches, step by step."""

from __future__ import annotations

from itertools import groupby, islice
from typing import TYPE_CHECKING

from ptelist.engine.slub_node import Objects, Rules, Slab, SlubMachine, SlubNode

if TYPE_CHECKING:
    from collections.abc import Iterable


class KmemCacheCpu:
    """What one CPU has: its slab, that slab's free objects taken over, and slabs that are partly free."""

    __slots__ = ("free", "home", "partial", "slab")

    def __init__(self, home: SlubNode) -> None:
        """Start with nothing."""
        self.home = home
        self.slab: Slab | None = None
        self.free = 0
        """Objects on the CPU's own list, all of `slab`; objects that other CPUs free come to the slab's list."""
        self.partial: list[tuple[Slab, int]] = []
        """Newest last, each with what it counted for when it came."""


class CpuSlabs(SlubMachine):
    """A CPU allocates from its slab, then from its partial ones, then from the node's, then from a new one."""

    def __init__(self, rules: Rules) -> None:
        """Start without a slab."""
        super().__init__(rules)
        self.cpus = [KmemCacheCpu(self.nodes[rules.node_of(number)]) for number in range(rules.cpus)]
        self._objects = rules.cpu_partial_unit == "objects"

    def allocate(self, count: int, cpu: int = 0) -> Objects:
        """Return so many objects, allocated one after the other on a CPU."""
        here = self.cpus[cpu]
        found: Objects = []
        while len(found) < count:
            slab = here.slab if here.slab and here.free else self._refill(here)
            taken = min(count - len(found), here.free)
            here.free -= taken
            found += [slab] * taken
        return found

    def _refill(self, here: KmemCacheCpu) -> Slab:
        """Give a CPU free objects (___slab_alloc()); a slab without any is on no list."""
        if here.slab is None or here.slab.free == 0:
            if here.slab:
                here.slab.held = False
            here.slab = here.partial.pop()[0] if here.partial else self._from_nodes(here)
            here.slab.held = True
        slab = here.slab
        here.free, slab.free = slab.free, 0
        return slab

    def _from_nodes(self, here: KmemCacheCpu) -> Slab:
        for node in (here.home, *self.others(here.home)):
            if node.partial:
                return self._from_node(here, node)
        return here.home.new(self.rules.per_slab)

    def _from_node(self, here: KmemCacheCpu, node: SlubNode) -> Slab:
        """Take the first partial slab of a node, and for later some more (get_partial_node())."""
        limit = self.rules.cpu_partial // 2
        first, *more = islice(node.partial, limit + 2)
        node.take(first)
        counted = first.free if self._objects else 0
        for slab in more:
            if counted > limit:
                break
            node.take(slab)
            here.partial.append((slab, self._weight(slab)))
            counted += self._weight(slab)
        return first

    def _weight(self, slab: Slab) -> int:
        return slab.free if self._objects else 1

    def free(self, objects: Iterable[Slab], cpu: int = 0) -> None:
        """Free objects one after the other on a CPU."""
        here = self.cpus[cpu]
        for slab, group in groupby(objects):
            count = len(list(group))
            if slab is here.slab:
                here.free += count
            else:
                self._free(here, slab, count)

    def _free(self, here: KmemCacheCpu, slab: Slab, count: int) -> None:
        """Free objects of a slab that is not the CPU's: a full one becomes partial, and this CPU's (__slab_free())."""
        if slab.held:
            slab.free += count
        elif slab.free:
            self.nodes[slab.node].free(slab, count)
        else:
            slab.free = 1
            self._put(here, slab)
            slab.free = count

    def _put(self, here: KmemCacheCpu, slab: Slab) -> None:
        """Put a slab on a CPU's partial list; what is there already is moved to the node if it is enough."""
        held = sum(weight for _, weight in here.partial)
        if held > self.rules.cpu_partial if self._objects else held >= self.rules.cpu_partial:
            self._unload(here)
        here.partial.append((slab, self._weight(slab)))

    def _unload(self, here: KmemCacheCpu) -> None:
        """Move a CPU's partial slabs to the tail of the nodes' lists, the newest first (unfreeze_partials())."""
        for slab, _ in reversed(here.partial):
            self.nodes[slab.node].keep(slab)
        here.partial = []

    def flush(self) -> None:
        """Take from CPUs what they keep for themselves, CPU after CPU."""
        for here in self.cpus:
            if here.slab:
                self._deactivate(here, here.slab)
            self._unload(here)

    def _deactivate(self, here: KmemCacheCpu, slab: Slab) -> None:
        """Give a CPU's slab up: to the head of the node's list, to its tail if other CPUs freed objects of it."""
        node = self.nodes[slab.node]
        head = slab.free == 0
        slab.free += here.free
        here.slab, here.free, slab.held = None, 0, False
        if slab.empty and node.enough:
            node.slabs -= 1
        elif slab.free:
            node.add(slab, head=head)


class Debugged(SlubMachine):
    """With slub_debug no CPU has a slab: objects come from the first partial one of the node, or from a new one."""

    def allocate(self, count: int, cpu: int = 0) -> Objects:
        """Return so many objects, allocated one after the other on a CPU."""
        home = self.nodes[self.rules.node_of(cpu)]
        found: Objects = []
        while len(found) < count:
            node = next((node for node in (home, *self.others(home)) if node.partial), home)
            slab = next(iter(node.partial), None)
            if slab is None:
                slab = node.new(self.rules.per_slab)
                node.add(slab, head=True)
            taken = min(count - len(found), slab.free)
            slab.free -= taken
            found += [slab] * taken
            if slab.free == 0:
                self.nodes[slab.node].take(slab)
        return found

    def free(self, objects: Iterable[Slab], cpu: int = 0) -> None:
        """Free objects one after the other on a CPU."""
        del cpu
        for slab in objects:
            self.nodes[slab.node].free(slab, 1)

    def flush(self) -> None:
        """No CPU keeps anything."""
