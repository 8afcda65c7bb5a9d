"""SLUB with sheaves (from v7.0), step by step: arrays of objects on each CPU and in each node's barn.

Empty sheaves make no difference to any slab: where there is none, one is allocated. (With too little memory for one
the kernel does without; that is not modelled.)
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from ptelist.engine.slub_node import Objects, Rules, Slab, SlubMachine, SlubNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class PercpuSheaves:
    """The two sheaves of a CPU: `spare` is empty or full."""

    __slots__ = ("barn", "home", "main", "spare")

    def __init__(self, home: SlubNode, barn: list[Objects]) -> None:
        """Start with two empty ones."""
        self.home, self.barn = home, barn
        self.main: Objects = []
        self.spare: Objects = []


class Sheaves(SlubMachine):
    """A CPU allocates from the end of its main sheaf, and frees to it."""

    def __init__(self, rules: Rules) -> None:
        """Start without a slab."""
        super().__init__(rules)
        self.barns: list[list[Objects]] = [[] for _ in self.nodes]
        """Full sheaves of each node, the first to be taken last."""
        homes = [rules.node_of(number) for number in range(rules.cpus)]
        self.cpus = [PercpuSheaves(self.nodes[home], self.barns[home]) for home in homes]

    @property
    def parked(self) -> Iterator[Slab]:
        """Yield the objects that lie in sheaves."""
        for sheaf in (*(sheaf for barn in self.barns for sheaf in barn), *(c.main for c in self.cpus)):
            yield from sheaf
        for cpu in self.cpus:
            yield from cpu.spare

    def allocate(self, count: int, cpu: int = 0) -> Objects:
        """Return so many objects, allocated one after the other on a CPU."""
        here = self.cpus[cpu]
        found: Objects = []
        while len(found) < count:
            if not here.main:
                self._replace_empty(here)
            start = max(len(here.main) - (count - len(found)), 0)
            found += reversed(here.main[start:])
            del here.main[start:]
        return found

    def _replace_empty(self, here: PercpuSheaves) -> None:
        """Put a full sheaf for an empty one: the spare, one of the barn, or one filled from slabs."""
        if here.spare:
            here.main, here.spare = here.spare, here.main
        elif here.barn:
            here.main = here.barn.pop()
        else:
            here.main = self._filled(here.home)

    def _filled(self, home: SlubNode) -> Objects:
        """Return a sheaf of objects from partial slabs, then from new ones (refill_objects())."""
        sheaf: Objects = []
        for node in (home, *self.others(home)):
            self._from_partial(node, sheaf)
        while (lacking := self.rules.sheaf - len(sheaf)) > 0:
            taken = min(lacking, self.rules.per_slab)
            slab = home.new(self.rules.per_slab - taken)
            sheaf += [slab] * taken
            if slab.free:
                home.add(slab, head=True)
        return sheaf

    def _from_partial(self, node: SlubNode, sheaf: Objects) -> None:
        """Take slabs from the head of a node's list until they have enough; what is left of the last one goes back.

        The kernel stops short of a slab that would make more than the most wanted only once it has the least wanted;
        a refill wants as many at least as at most.
        """
        while node.partial and len(sheaf) < self.rules.sheaf:
            slab = next(iter(node.partial))
            node.take(slab)
            taken = min(slab.free, self.rules.sheaf - len(sheaf))
            slab.free -= taken
            sheaf += [slab] * taken
            if slab.free:
                node.add(slab)

    def free(self, objects: Iterable[Slab], cpu: int = 0) -> None:
        """Free objects one after the other on a CPU."""
        here = self.cpus[cpu]
        if len(self.nodes) == 1:
            self._free_local(here, iter(objects))
            return
        for slab in objects:
            if self.nodes[slab.node] is here.home:
                self._free_local(here, iter((slab,)))
            else:
                self.nodes[slab.node].free(slab, 1)

    def _free_local(self, here: PercpuSheaves, objects: Iterator[Slab]) -> None:
        while True:
            room = self.rules.sheaf - len(here.main)
            some = list(islice(objects, room))
            here.main += some
            if len(some) < room:
                return
            rest = next(objects, None)
            if rest is None:
                return
            self._replace_full(here)
            here.main.append(rest)

    def _replace_full(self, here: PercpuSheaves) -> None:
        """Put an empty sheaf for a full one; a barn that has enough full ones makes the spare go to its slabs."""
        if not here.spare:
            here.main, here.spare = here.spare, here.main
        elif len(here.barn) < self.rules.full_sheaves:
            here.barn.append(here.main)
            here.main = []
        else:
            self._flush(here.spare)
            here.spare, here.main = here.main, []

    def _flush(self, objects: Objects) -> None:
        for slab, count in detached(objects, self.rules.lookahead):
            self.nodes[slab.node].free(slab, count)

    def flush(self) -> None:
        """Take from CPUs what they keep for themselves, CPU after CPU."""
        for here in self.cpus:
            self._flush(here.spare)
            here.spare = []
            while here.main:
                self._flush(here.main[-self.rules.batch :])
                del here.main[-self.rules.batch :]

    def shrink(self) -> None:
        """Flush CPUs and barns, then shrink the nodes."""
        self.flush()
        for barn in self.barns:
            while barn:
                self._flush(barn.pop())
        for node in self.nodes:
            node.shrink()


def detached(objects: Objects, most_others: int) -> Iterator[tuple[Slab, int]]:
    """Yield slabs and how many objects of each are freed at once, from the end (build_detached_freelist()).

    The search for further ones of a slab ends at so many objects of others.
    """
    left = list(objects)
    size = len(left)
    while size:
        size -= 1
        slab, count, at, lookahead = left[size], 1, size, most_others
        while at and lookahead:
            at -= 1
            if left[at] is slab:
                count += 1
                size -= 1
                left[at], left[size] = left[size], left[at]
            else:
                lookahead -= 1
        yield slab, count
