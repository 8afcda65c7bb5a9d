"""Brute-force model of the KVM shadow-MMU entry lists (rmap heads and parent_ptes).

A head word is nothing, one entry held directly, or a chain of descriptors.
walk (5.10 to 6.3): an entry goes into the first descriptor with room, a new
descriptor goes to the tail, a hole is filled from its own descriptor.
head (6.4 on): only the head descriptor may have room, a new descriptor becomes
the head, a hole anywhere is filled from the head descriptor.
"""

from __future__ import annotations


class Descriptor:
    """A fixed array of slots, used from index 0 without gaps, and a link."""

    def __init__(self, ext: int) -> None:
        """Start with every slot empty."""
        self.slots: list[object] = [None] * ext
        self.used = 0
        self.tail = 0  # policy head only: entries in all descriptors after this one
        self.more: Descriptor | None = None


class KernelList:
    """One list under one policy; entries are compared with ==."""

    def __init__(self, ext: int, policy: str) -> None:
        """Start empty; ext is the number of slots of a descriptor."""
        if ext <= 1 or policy not in {"walk", "head"}:
            raise ValueError(ext, policy)
        self.ext = ext
        self.policy = policy
        self.head: tuple[object] | Descriptor | None = None
        self.allocs = self.frees = self.kernel_count = 0

    def add(self, entry: object) -> int:
        """Add an entry; return how many there were before.

        ``kernel_count`` is then what the kernel's pte_list_add returns: under walk it
        leaves out whatever lies behind the descriptor that had room.
        """
        self.kernel_count = before = len(self.entries())
        if self.head is None:
            self.head = (entry,)
            return before
        if isinstance(self.head, tuple):
            desc = self._alloc()
            desc.slots[0], desc.used = self.head[0], 1
            self.head = desc
        elif self.policy == "walk":
            desc = self._room_walk(self.head)
        else:
            desc = self._room_head(self.head)
        desc.slots[desc.used] = entry
        desc.used += 1
        return before

    def _room_walk(self, desc: Descriptor) -> Descriptor:
        passed = 0
        while desc.used == self.ext:
            passed += self.ext
            if desc.more is None:
                desc.more = self._alloc()
            desc = desc.more
        self.kernel_count = passed + desc.used
        return desc

    def _room_head(self, desc: Descriptor) -> Descriptor:
        self.kernel_count = desc.tail + desc.used
        if desc.used < self.ext:
            return desc
        self.head = new = self._alloc()
        new.more = desc
        new.tail = self.kernel_count
        return new

    def remove(self, entry: object) -> None:
        """Remove an entry; KeyError if it is not there."""
        if isinstance(self.head, tuple) and self.head[0] == entry:
            self.head = None
            return
        chain = self.chain()
        n, i = self._locate(chain, entry)
        g = n if self.policy == "walk" else 0
        giver = chain[g]
        giver.used -= 1
        chain[n].slots[i] = giver.slots[giver.used]
        giver.slots[giver.used] = None
        if giver.used == 0:
            self.frees += 1
            if g == 0:
                self.head = giver.more
            else:
                chain[g - 1].more = giver.more

    @staticmethod
    def _locate(chain: list[Descriptor], entry: object) -> tuple[int, int]:
        for n, desc in enumerate(chain):
            for i in range(desc.used):
                if desc.slots[i] == entry:
                    return n, i
        raise KeyError(entry)

    def zap(self) -> None:
        """Drop every entry and free every descriptor."""
        self.frees += self.descriptors
        self.head = None

    def entries(self) -> list[object]:
        """Return the entries in chain order."""
        if isinstance(self.head, tuple):
            return [self.head[0]]
        return [entry for desc in self.chain() for entry in desc.slots[: desc.used]]

    def chain(self) -> list[Descriptor]:
        """Return the live descriptors from the head on."""
        found = []
        desc = self.head if isinstance(self.head, Descriptor) else None
        while desc is not None:
            found.append(desc)
            desc = desc.more
        return found

    @property
    def descriptors(self) -> int:
        """The number of live descriptors."""
        return len(self.chain())

    def _alloc(self) -> Descriptor:
        self.allocs += 1
        return Descriptor(self.ext)


class RmapHead(KernelList):
    """The list of one guest page, which has a cap."""

    def __init__(self, ext: int, policy: str, threshold: int = 1000) -> None:
        """Start empty; threshold is the recycle threshold."""
        super().__init__(ext, policy)
        self.threshold = threshold

    def add_rmap(self, entry: object) -> bool:
        """Add an entry; zap the list if the kernel's count is too high, and say so."""
        self.add(entry)
        if self.kernel_count > self.threshold:
            self.zap()
            return True
        return False
