"""struct kvm_mmu_memory_cache: objects kept ready so that a fault cannot fail.

The top-up rule (__kvm_mmu_topup_memory_cache(), virt/kvm/kvm_main.c, same in
v5.10 to v7.3): a fault that finds fewer objects than the minimum allocates until
the capacity is reached. Tables and descriptors are drawn from the cache, and what
is freed goes back to its allocator, never to the cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.recorded import remembered

if TYPE_CHECKING:
    from collections.abc import Iterator


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


class CacheHoldings(NamedTuple):
    """What equal caches of some vCPUs hold, and with that what was drawn from them, in objects."""

    left_low: int
    left_high: int
    low: int
    high: int


class DrawLaw(NamedTuple):
    """How faults draw from the caches of one VM's vCPUs, each filled at its vCPU's first KVM_RUN.

    A cache is refilled after `shortest` draws at the earliest. Up to `at_once` - 1
    draws more come before the refill if the last of these faults drew several.
    """

    capacity: int
    minimum: int
    """Objects that a fault must find, at most the capacity."""
    caches: int
    at_once: int
    """The most objects that one fault draws, at most the minimum."""
    beyond_first: int
    """The most draws, over all faults, that were not the first of their fault."""
    followed: bool
    """Whether a fault came after the last draw, so that one cache is not below its minimum."""

    @property
    def shortest(self) -> int:
        """Return the fewest draws between two refills of a cache."""
        return self.capacity - self.minimum + 1

    @property
    def most_missing(self) -> int:
        """Return the most objects that the caches together may lack."""
        return self.caches * self.shortest + self._late(self._below, self.beyond_first) - self.followed

    @property
    def _below(self) -> int:
        """Return how many caches may be below their minimum."""
        return self.caches - self.followed

    def _late(self, caches: int, beyond_first: int) -> int:
        """Return the most draws that the faults which took so many caches below their minimum made after that."""
        return min(caches * (self.at_once - 1), beyond_first)

    def _most_refilled(self, draws: int) -> int:
        most = draws // self.shortest
        return min(draws, most * self.shortest + self._late(most, self.beyond_first))

    def _least_refilled(self, draws: int) -> int:
        surely = draws - self.most_missing
        if surely <= 0:
            return 0
        shortest = self.shortest
        beyond = self.beyond_first - self._late(self._below, self.beyond_first)
        least = max(-(-surely // (shortest + self.at_once - 1)), -(-(surely - beyond) // shortest))
        return max(surely, least * shortest)

    @remembered
    def held(self, low: int, high: int) -> CacheHoldings:
        """Return what is left and what is held in all after low..high draws, of which none were freed."""
        filled = self.capacity * self.caches
        least, most = self._least_refilled(low), self._most_refilled(high)
        fewest = min(draws - self._most_refilled(draws) for draws in self._just_refilled(low, high))
        missing = max(draws - self._least_refilled(draws) for draws in self._before_refills(low, high))
        return CacheHoldings(filled - missing, filled - fewest, filled + least, filled + most)

    def _just_refilled(self, low: int, high: int) -> Iterator[int]:
        """Yield the draws within low..high of which refills may have replaced most: the first, or whole rounds."""
        yield low
        whole = -(-low // self.shortest) * self.shortest
        if whole <= high:
            yield whole

    def _before_refills(self, low: int, high: int) -> Iterator[int]:
        """Yield the draws within low..high of which refills may have replaced fewest: the last, or one before a refill.

        The least refills grow by steps of two lengths, and so does what is missing between two steps.
        """
        yield high
        missing = self.most_missing
        if missing >= high:
            return
        longest = self.shortest + self.at_once - 1
        beyond = self.beyond_first - self._late(self._below, self.beyond_first)
        for start, step in ((missing, longest), (missing + beyond, self.shortest)):
            end = high - (high - start) % step
            yield from (draws for draws in (end, end - step) if draws >= low)

    def any_left(self) -> tuple[int, int]:
        """Return the fewest and the most objects left if draws are not known, for tables or lists were freed."""
        filled = self.capacity * self.caches
        return filled - self.most_missing, filled
