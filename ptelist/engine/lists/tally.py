"""Many lists at once, event after event, under several rules at the same time.

Which entries a list has does not depend on PTE_LIST_EXT or policy, so the lists
are kept once; each rule keeps a tally of the descriptors that they would take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.engine.lists.descriptors import HEAD, List, descriptors

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    Key = Hashable


class ListRules(NamedTuple):
    """How one kernel keeps its lists and the caches that their descriptors come from."""

    ext: int
    policy: str
    capacity: int
    """Objects of a full memory cache."""
    minimum: int
    """A top-up fills a cache that has fewer."""


class Tally:
    """What the lists take under one rule."""

    def __init__(self, rule: ListRules) -> None:
        """Start with nothing."""
        self.rule = rule
        self.allocs = 0
        self.frees = 0
        self.peak = 0
        self.peak_at = 0
        """The event at which there were as many for the first time."""
        self.held_peak = 0
        """The most descriptors in lists and caches together."""
        self.topups = 0
        self.short = 0
        """Descriptors that came from a cache of which the trace did not show enough."""
        self.caches: dict[Key, int] = {}
        """Objects that are left in each cache that was topped up."""
        self.cached = 0
        """Those of all of them."""
        self.chains: dict[Key, List] = {}
        """Chains entry by entry, where it matters in which descriptor one is."""
        self.at_peak: dict[int, int] = {}
        """Chains by length when there were the most descriptors, just before an entry left a list again."""
        self.growing = False
        """Whether nothing has left a list since the peak."""

    @property
    def live(self) -> int:
        """Return the descriptors in lists."""
        return self.allocs - self.frees

    def take(self, at: int, cache: Key) -> None:
        """Take a descriptor out of a cache, None if the trace does not say which."""
        self.allocs += 1
        live = self.allocs - self.frees
        if live > self.peak:
            self.peak, self.peak_at = live, at
            self.growing = True
        left = self.caches.get(cache, 0)
        if left:
            self.caches[cache] = left - 1
            self.cached -= 1
            return
        self.short += cache is not None
        self.held_peak = max(self.held_peak, live + self.cached)

    def topup(self, cache: Key) -> None:
        """Fill a cache that has too few objects, up to its capacity."""
        left = self.caches.get(cache, 0)
        if left < self.rule.minimum:
            self.caches[cache] = self.rule.capacity
            self.cached += self.rule.capacity - left
            self.topups += 1
            self.held_peak = max(self.held_peak, self.live + self.cached)

    def free(self, cache: Key) -> None:
        """Free a cache with what is left in it."""
        self.cached -= self.caches.pop(cache, 0)


class Lists:
    """All lists of a trace; memory grows with their entries, not with the events.

    As in a head word, a list is its only entry, or else a chain: a set of entries.
    With the policy head a chain's descriptors follow from their number alone.
    """

    def __init__(self, rules: Iterable[ListRules]) -> None:
        """Start with empty lists."""
        self.tallies = [Tally(rule) for rule in rules]
        self._heads = [(tally.rule.ext, tally) for tally in self.tallies if tally.rule.policy == HEAD]
        self._walks = [tally for tally in self.tallies if tally.rule.policy != HEAD]
        self._lists: dict[Key, Any] = {}
        self._chains = [0]
        """How many chains there are of each length, up to the longest that there was."""
        self._growing = False
        """Whether a descriptor was taken since something last left a chain."""

    @property
    def longest(self) -> int:
        """Return the most entries that a list has had, lists of one left out."""
        return len(self._chains) - 1

    def add(self, at: int, key: Key, entry: Key, cache: Key = None) -> bool:
        """Add an entry to a list; return whether it was not there yet."""
        held = self._lists.get(key)
        if held is None:
            self._lists[key] = entry
            return True
        if type(held) is not set:
            if held == entry:
                return False
            self._chain(at, key, (held, entry), cache)
            return True
        count = len(held)
        held.add(entry)
        if len(held) == count:
            return False
        chains = self._chains
        chains[count] -= 1
        if len(chains) == count + 1:
            chains.append(1)
        else:
            chains[count + 1] += 1
        for ext, tally in self._heads:
            if not count % ext:
                tally.take(at, cache)
                self._growing = True
        if self._walks:
            self._walk(at, key, entry, cache)
        return True

    def _walk(self, at: int, key: Key, entry: Key, cache: Key) -> None:
        for tally in self._walks:
            chain = tally.chains[key]
            before = chain.allocs
            chain.add(entry)
            if chain.allocs > before:
                tally.take(at, cache)
                self._growing = True

    def _chain(self, at: int, key: Key, pair: tuple[Key, Key], cache: Key) -> None:
        """Let a list have its second entry: its first descriptor, whatever the rule."""
        self._lists[key] = set(pair)
        self._chains += [0] * (len(pair) - self.longest)
        self._chains[len(pair)] += 1
        self._growing = True
        for tally in self.tallies:
            tally.take(at, cache)
        for tally in self._walks:
            chain = tally.chains[key] = List(tally.rule.ext, tally.rule.policy)
            for entry in pair:
                chain.add(entry)

    def remove(self, key: Key, entry: Key) -> bool:
        """Remove an entry from a list; return whether it was there."""
        held = self._lists.get(key)
        if type(held) is not set:
            if held is None or held != entry:
                return False
            del self._lists[key]
            return True
        count = len(held) - 1
        held.discard(entry)
        if len(held) > count:
            return False
        if self._growing:
            self._leaving()
        self._chains[count + 1] -= 1
        self._chains[count] += 1
        for ext, tally in self._heads:
            if not count % ext:
                tally.frees += 1
        if self._walks:
            self._unwalk(key, entry)
        if not count:
            self._drop(key)
        return True

    def _unwalk(self, key: Key, entry: Key) -> None:
        for tally in self._walks:
            chain = tally.chains[key]
            before = chain.frees
            chain.remove(entry)
            tally.frees += chain.frees - before

    def zap(self, key: Key) -> bool:
        """Empty a list at once; return whether it had entries."""
        held = self._lists.get(key)
        if held is None:
            return False
        if type(held) is set:
            self._leaving()
            self._chains[len(held)] -= 1
            for ext, tally in self._heads:
                tally.frees += max(descriptors(len(held), ext), 1)
            for tally in self._walks:
                tally.frees += tally.chains[key].descriptors
        self._drop(key)
        return True

    def _drop(self, key: Key) -> None:
        del self._lists[key]
        for tally in self._walks:
            tally.chains.pop(key, None)

    def topup(self, cache: Key) -> None:
        """Top a vCPU's cache up, under each rule if it needs it there."""
        for tally in self.tallies:
            tally.topup(cache)

    def free(self, cache: Key) -> None:
        """Free a vCPU's cache with what is left in it."""
        for tally in self.tallies:
            tally.free(cache)

    def _leaving(self) -> None:
        """Keep what the chains were at a peak before the first entry goes after it."""
        self._growing = False
        for tally in self.tallies:
            if tally.growing:
                tally.at_peak, tally.growing = self._lengths_of_chains(), False

    def _lengths_of_chains(self) -> dict[int, int]:
        return {length: count for length, count in enumerate(self._chains) if length and count}

    def at_peak(self) -> list[dict[int, int]]:
        """Return, for each rule, how many lists with descriptors there were of each length at its peak.

        A list of one entry is among them if it once had two: it keeps a descriptor.
        """
        return [self._lengths_of_chains() if tally.growing else tally.at_peak for tally in self.tallies]

    def lengths(self) -> dict[int, int]:
        """Return how many lists there are of each length."""
        by_length: dict[int, int] = {}
        for entries in self._lists.values():
            length = len(entries) if type(entries) is set else 1
            by_length[length] = by_length.get(length, 0) + 1
        return by_length
