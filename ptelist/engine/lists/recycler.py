"""What stays of shadow pages and rmap lists at KVM's limit, where the oldest pages are recycled.

make_mmu_pages_available() looks before each fault whether `min_free` pages are
left below the limit. If not, the oldest pages that are no roots are zapped, with
all their SPTEs, until `refill` are free; then the fault allocates `at_once` pages
at most. (mmu.c, the same from 5.10.262 to 7.3.4.)

A page that is zapped takes its unsync children along, those that the guest wrote
since they were shadowed, and up to all of them; one of L2's all that it alone leads
to. Where neither is so each zap frees one page, so that the limit less `refill`
pages stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.lists.descriptors import ANY

if TYPE_CHECKING:
    from collections.abc import Iterable


class Limit(NamedTuple):
    """KVM's limit of shadow pages, and what its recycling goes by; all are pages."""

    pages: int
    min_free: int
    refill: int
    at_once: int

    @property
    def most(self) -> int:
        """Return the most pages after any fault, with no more roots than the limit has room for."""
        return self.pages - self.min_free + self.at_once

    def reached_by(self, pages: int) -> bool:
        """Return whether so many pages cannot be had without a zap, but for those of the last fault."""
        return pages > self.pages - self.min_free

    def least(self, *, with_parents: bool) -> int:
        """Return the least pages once they were recycled: the root alone if the others may go with their parents."""
        return 1 if with_parents else max(self.pages - self.refill, 1)


def others(entries: int, per_table: int, root_level: int) -> int:
    """Return the most tables beside those that hold `entries` which lie one after another.

    The levels above them, each with a table begun before, the root, and a path from
    the root for what the guest runs.
    """
    count, tables = 0, entries
    for _ in range(1, root_level):
        tables = -(-tables // per_table) + 1
        count += tables
    level_1 = -(-entries // per_table) + 1
    return count - level_1 + 1 + root_level - 1


def kept_in_order(limit: Limit, entries: int, per_table: int, root_level: int) -> int:
    """Return the least entries that stay of `entries`, touched once, table after table.

    Tables that stay are full, but for the first, which may begin before, and the last.
    """
    tables = limit.least(with_parents=False) - others(entries, per_table, root_level)
    return min(entries, max(tables * per_table - 2 * (per_table - 1), 0))


def most_kept(limit: Limit, per_table: int, above: int) -> int:
    """Return the most entries that fit into the pages below the limit; `above` of them hold none."""
    return max(limit.most - above, 0) * per_table


def descriptors(
    lists: Iterable[tuple[int, int]], entries: tuple[int, int], ext: int, policy: str, cap: int
) -> tuple[int, int]:
    """Return the least and the most descriptors of lists that lost entries.

    `lists` are (how many, the most entries that each had); together they have the
    least to the most of `entries`. A recycled entry has left its list, so any
    history is possible up to the longest length, `cap` at most.
    """
    capped = [(count, min(length, cap)) for count, length in lists]
    longest = max((length for _, length in capped), default=0)
    from ptelist.engine.lists import histogram  # noqa: PLC0415 -- where tables are recycled only

    level = histogram.Level(tuple(histogram.Class(count, range(length + 1)) for count, length in capped), entries)
    return histogram.descriptors([level], ext, policy, ANY, longest)
