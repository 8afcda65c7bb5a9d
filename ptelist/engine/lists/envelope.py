"""The most that rmap lists may hold, from a trace that tells which SPTEs were set but not which were removed.

The event kvm_mmu_set_spte says which page an SPTE maps from then on. An SPTE that is set again, for
another page, has left the list of the first. An SPTE that was zapped leaves no event, so a list may
have fewer entries than are counted, and never more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.lists.descriptors import HEAD, MIN_EXT, descriptors

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from ptelist.engine.lists.tally import ListRules

    Key = Hashable


def most(count: int, peak: int, rule: ListRules, spaces: int) -> int:
    """Return the most descriptors of a page's lists with at most `count` entries.

    `peak`: the most since they were last known to be empty. A chain of the policy walk
    keeps the descriptors of its peak while each has an entry. With two address
    spaces (SMM) a page may have a list in each; each list then had at most the peak.
    """
    if peak < MIN_EXT:
        return 0
    if rule.policy != HEAD:
        return min(count, spaces * descriptors(peak, rule.ext))
    return max(descriptors(count, rule.ext), 1) + (spaces - 1 if count >= spaces else 0)


class Envelope:
    """Upper bounds under several rules; memory grows with the SPTEs that were ever set, by address."""

    def __init__(self, rules: Iterable[ListRules], longest: int, spaces: int) -> None:
        """Start with nothing; no list has more than `longest` entries in each of so many address spaces."""
        self.rules = tuple(rules)
        self.live = [0] * len(self.rules)
        self.peak = [0] * len(self.rules)
        self._cap, self._spaces = longest * spaces, spaces
        self._pages: dict[Key, Key] = {}
        self._counts: dict[Key, tuple[int, int]] = {}

    def set(self, key: Key, entry: Key) -> None:
        """Let an SPTE map a page (its gfn and level), which it may have mapped before."""
        known = self._pages.get(entry)
        if known == key:
            return
        if known is not None:
            count, peak = self._counts[known]
            self._change(known, count - 1, peak)
        self._pages[entry] = key
        count, peak = self._counts.get(key, (0, 0))
        self._change(key, count + 1, max(peak, count + 1))

    def _change(self, key: Key, count: int, peak: int) -> None:
        old_count, old_peak = self._counts.get(key, (0, 0))
        if count:
            self._counts[key] = count, peak
        else:
            del self._counts[key]
        for number, rule in enumerate(self.rules):
            self.live[number] += self._most(count, peak, rule) - self._most(old_count, old_peak, rule)
            self.peak[number] = max(self.peak[number], self.live[number])

    def _most(self, count: int, peak: int, rule: ListRules) -> int:
        return most(min(count, self._cap), min(peak, self._cap), rule, self._spaces) if count else 0

    def lengths(self) -> dict[int, int]:
        """Return how many pages there are by the most entries that they may have, e.g. {2: 30}."""
        by_length: dict[int, int] = {}
        for count, _ in self._counts.values():
            by_length[count] = by_length.get(count, 0) + 1
        return by_length
