"""struct kvm_mmu_memory_cache: objects kept ready so that a fault cannot fail.

The top-up rule (virt/kvm/kvm_main.c, all versions): with fewer than the minimum
left, allocate until the capacity is reached, not until the minimum is.
"""

from __future__ import annotations


class MemoryCache:
    """One cache, step by step: `objects` ready, `allocated` so far."""

    __slots__ = ("allocated", "capacity", "minimum", "objects")

    def __init__(self, capacity: int, minimum: int) -> None:
        """Start empty, as at vCPU creation; minimum is within 1..capacity."""
        if not 1 <= minimum <= capacity:
            raise ValueError(f"top-up minimum {minimum} is not within 1..{capacity}")
        self.capacity = capacity
        self.minimum = minimum
        self.objects = 0
        self.allocated = 0

    def top_up(self) -> int:
        """Refill before a fault is handled; return the objects that it took."""
        if self.objects >= self.minimum:
            return 0
        taken = self.capacity - self.objects
        self.objects = self.capacity
        self.allocated += taken
        return taken

    def draw(self) -> None:
        """Use one object; an empty cache falls back to an atomic allocation."""
        if self.objects:
            self.objects -= 1
        else:
            self.allocated += 1


def drawn_bounds(capacity: int, *, drawn: bool) -> tuple[int, int]:
    """Return the least and the most objects a filled cache can hold.

    Just topped up it holds its capacity. Once faults draw from it, all of it
    may have been used since: the minimum is only restored by the next top-up.
    """
    return (0 if drawn else capacity), capacity
