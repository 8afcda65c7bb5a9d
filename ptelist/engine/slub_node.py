"""What SLUB keeps of a cache on each node, step by step: slabs, and the list of the partial ones.

An object stands for its slab: which one of a slab's objects it is makes no difference to any slab. SLUB never moves
an object. The rules are those of mm/slub.c (read in 5.10.262, 6.1.192, 6.12.118, 7.2.13 and 7.3.4).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Rules(NamedTuple):
    """What decides how one cache is filled on one kernel and host."""

    per_slab: int
    min_partial: int
    """Slabs on a node's list from which on an empty one is given back."""
    cpus: int = 1
    nodes: int = 1
    cpu_partial: int = 0
    """Slabs, or free objects, that a CPU's partial list may have before it is moved to the node."""
    cpu_partial_unit: str = "slabs"
    sheaf: int = 0
    """Objects of a sheaf; 0: the cache has none."""
    full_sheaves: int = 0
    """Full sheaves of a node's barn (MAX_FULL_SHEAVES)."""
    debugged: bool = False
    """Whether slub_debug keeps slabs off the CPUs."""
    promoted: int = 0
    """Slabs with at most so many free objects are sorted by a shrink."""
    batch: int = 0
    """Objects of a main sheaf that are flushed at a time; 0: all."""
    lookahead: int = 0
    """Objects of other slabs at which the search for further ones of a slab ends, where many are freed at once."""

    def node_of(self, cpu: int) -> int:
        """Return the node of a CPU, each node having a row of CPUs."""
        return cpu * self.nodes // self.cpus


class Slab:
    """One slab: `free` objects on its own list; what is on a CPU's list or in use is not free."""

    __slots__ = ("free", "held", "listed", "node", "size")

    def __init__(self, size: int, node: int, free: int) -> None:
        """Make one of `size` objects."""
        self.size, self.node, self.free = size, node, free
        self.listed = False
        """Whether it is on its node's list of partial slabs."""
        self.held = False
        """Whether it is the slab from which a CPU allocates."""

    @property
    def empty(self) -> bool:
        """Tell whether all objects are on its own list."""
        return self.free == self.size


Objects = list[Slab]
"""Objects, each by its slab, in the order in which they were allocated."""


class SlubNode:
    """The slabs of one node, and the list of partial ones."""

    def __init__(self, number: int, rules: Rules) -> None:
        """Start without a slab."""
        self._number, self._rules = number, rules
        self.partial: OrderedDict[Slab, None] = OrderedDict()
        self.slabs = 0
        """All slabs, the empty ones among them."""

    @property
    def enough(self) -> bool:
        """Tell whether a further empty slab would be given back."""
        return len(self.partial) >= self._rules.min_partial

    def new(self, free: int) -> Slab:
        """Return a slab more, with so many objects on its own list."""
        self.slabs += 1
        return Slab(self._rules.per_slab, self._number, free)

    def add(self, slab: Slab, *, head: bool = False) -> None:
        """Put a slab on the list."""
        slab.listed = True
        self.partial[slab] = None
        if head:
            self.partial.move_to_end(slab, last=False)

    def take(self, slab: Slab) -> None:
        """Take a slab off the list."""
        slab.listed = False
        del self.partial[slab]

    def keep(self, slab: Slab) -> None:
        """Put a slab at the tail of the list, or give it back if it is empty and there are enough."""
        if slab.empty and self.enough:
            self.slabs -= 1
        else:
            self.add(slab)

    def free(self, slab: Slab, count: int) -> None:
        """Take objects back in one go (__slab_free(), free_to_partial_list()): a full slab comes to the tail."""
        full = slab.free == 0
        if not full and not slab.listed:
            slab.free += count
            return
        slab.free += count
        if full:
            self.keep(slab)
        elif slab.empty and self.enough:
            self.take(slab)
            self.slabs -= 1

    def shrink(self) -> None:
        """Give empty slabs back, and sort the fullest to the head (__kmem_cache_do_shrink())."""
        promoted: list[list[Slab]] = [[] for _ in range(self._rules.promoted)]
        rest = []
        for slab in self.partial:
            if slab.empty:
                self.slabs -= 1
                slab.listed = False
            elif slab.free <= self._rules.promoted:
                promoted[slab.free - 1].append(slab)
            else:
                rest.append(slab)
        sorted_ = [slab for bucket in promoted for slab in reversed(bucket)]
        self.partial = OrderedDict.fromkeys([*sorted_, *rest])


class SlubMachine(ABC):
    """One cache, whose objects any CPU allocates and frees; what a CPU keeps is up to the kind of machine."""

    def __init__(self, rules: Rules) -> None:
        """Start without a slab."""
        self.rules = rules
        self.nodes = [SlubNode(number, rules) for number in range(rules.nodes)]

    @property
    def slabs(self) -> int:
        """Return all slabs, as /proc/slabinfo counts them."""
        return sum(node.slabs for node in self.nodes)

    @abstractmethod
    def allocate(self, count: int, cpu: int = 0) -> Objects:
        """Return so many objects, allocated one after the other on a CPU."""

    @abstractmethod
    def free(self, objects: Iterable[Slab], cpu: int = 0) -> None:
        """Free objects one after the other on a CPU."""

    @abstractmethod
    def flush(self) -> None:
        """Take from CPUs what they keep for themselves, CPU after CPU (flush_all())."""

    def shrink(self) -> None:
        """Do what writing 1 to /sys/kernel/slab/CACHE/shrink does."""
        self.flush()
        for node in self.nodes:
            node.shrink()

    def others(self, home: SlubNode) -> Iterable[SlubNode]:
        """Yield the other nodes that have more partial slabs than they keep, the next one first.

        A node takes slabs of others before it makes new ones (get_any_partial()), but for 2 % of the time.
        """
        first = self.nodes.index(home)
        for node in (*self.nodes[first + 1 :], *self.nodes[:first]):
            if len(node.partial) > self.rules.min_partial:
                yield node
