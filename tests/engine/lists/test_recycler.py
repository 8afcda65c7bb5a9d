"""What stays at KVM's limit of shadow pages, against the recycling done step by step."""

from __future__ import annotations

import random
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from exploring import examples, sampled
from helpers import kernel, ledger
from hypothesis import given
from hypothesis import strategies as st

from ptelist.engine.lists import recycler
from ptelist.engine.lists.descriptors import List
from ptelist.engine.trees import shadow_page_limit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptelist.engine.ledger import Ledger
    from ptelist.engine.lists.recycler import Limit

LEVELS = 4
PER_TABLE = 512
CODE = 0
"""Where the guest's code is: in a table of its own, mapped anew whenever its table went."""
ALIASES = 1 << 30

Page = tuple[int, int]
"""A level, and which window of it is mapped."""


class Guest:
    """One vCPU under shadow paging at a limit: pages as they come and go, and the lists of the entries in them."""

    def __init__(self, limit: Limit, ext: int, policy: str) -> None:
        self.limit, self.ext, self.policy = limit, ext, policy
        self.active: dict[Page, None] = {}
        """Without the root, the oldest first."""
        self.entries: dict[Page, dict[int, int]] = {}
        """Which alias maps which gfn, by page table."""
        self.linked: set[Page] = set()
        self.unsync: set[Page] = set()
        self.lists: dict[int, List] = {}
        self.zaps = 0

    @property
    def pages(self) -> int:
        return 1 + len(self.active)

    @property
    def held(self) -> int:
        return sum(map(len, self.entries.values()))

    @property
    def descriptors(self) -> int:
        return sum(each.descriptors for each in self.lists.values())

    def touch(self, address: int, gfn: int | None = None) -> None:
        """Fault: make pages available, add the tables that are missing, then the entry if it is of a list."""
        page = address // 4096
        tables = [(level, page // PER_TABLE**level) for level in range(LEVELS - 1, 0, -1)]
        present = all(each in self.active and each in self.linked for each in tables)
        if present and (gfn is None or page in self.entries[tables[-1]]):
            return
        free = self.limit.pages - self.pages
        if free < self.limit.min_free:
            self._zap(self.limit.refill - free)
        for table in tables:
            self.linked.add(table)
            if table not in self.active:
                self.active[table] = None
                self.entries.setdefault(table, {})
        if gfn is not None and page not in self.entries[tables[-1]]:
            self.entries[tables[-1]][page] = gfn
            self.lists.setdefault(gfn, List(self.ext, self.policy)).add(page)

    def write(self, address: int) -> None:
        """Let the guest write the page table that maps an address: it may be unsync from then on."""
        table = 1, address // 4096 // PER_TABLE
        if table in self.active:
            self.unsync.add(table)

    def _zap(self, wanted: int) -> None:
        self.zaps += 1
        done = 0
        while done < wanted and self.active:
            done += self._prepare(next(iter(self.active)))

    def _prepare(self, page: Page) -> int:
        """Zap a page after its unsync children; return how many are gone. Other children stay, without a parent."""
        level, number = page
        done = 0
        for child in [each for each in self.unsync if self._below(each, page)]:
            done += self._prepare(child)
        for alias, gfn in self.entries.pop(page).items():
            self.lists[gfn].remove(alias)
        del self.active[page]
        self.unsync.discard(page)
        self.linked.discard(page)
        self.linked -= {each for each in self.linked if each[0] == level - 1 and each[1] // PER_TABLE == number}
        return done + 1

    def _below(self, child: Page, page: Page) -> bool:
        """Return whether an unsync page is reached from a page, by links that are there."""
        while child[0] < page[0] and child in self.linked:
            child = child[0] + 1, child[1] // PER_TABLE
        return child == page and child[0] > 1


def limit_of(version: str, memory: int) -> Limit:
    """Return the limit of a guest with so many MiB in one memslot."""
    return shadow_page_limit(kernel(version), memory << 8)


def figures(version: str, memory: int, lists: str, **more: Any) -> Ledger:
    guest = {"memory": f"{memory}MiB", "smm": False, "mapped": "listed", "rmaps": lists}
    return ledger(kernel=version, host="single-cpu", vm="shadow", **guest, **more)


def lies_within(guest: Guest, found: Ledger) -> None:
    tables = found["kvm_mmu_page_header.objects.page_tables"]
    assert tables.low <= guest.pages <= tables.high
    rmaps = found["pte_list_desc.objects.rmaps"]
    (entries,) = (each for each in below(rmaps) if each.name == "kept_entries")
    assert entries.low <= guest.held <= entries.high
    assert rmaps.low <= guest.descriptors <= rmaps.high


def below(term: Any) -> Iterable[Any]:
    for part in term.parts:
        yield part
        yield from below(part)


SIZES = ((12, 1000, 40), (12, 500, 66), (14, 100, 900), (16, 1000, 50))
IN_ORDER = tuple(product(("5.10", "6.1", "7.3"), (True, False), SIZES))


@pytest.mark.parametrize(("version", "interleaved", "size"), sampled(IN_ORDER, 5))
def test_in_order(version: str, interleaved: bool, size: tuple[int, int, int]) -> None:
    """Each alias touched once, table after table: what stays is full tables."""
    memory, gfns, each = size
    profile = kernel(version)
    guest = Guest(limit_of(version, memory), profile.pte_list_ext, profile.list_policy)
    found = figures(version, memory, f"{gfns}x{each}", faults="in-order")
    guest.touch(CODE)
    for alias in range(gfns * each):
        guest.touch(ALIASES + alias * 4096, alias % gfns if interleaved else alias // each)
        guest.touch(CODE)
    assert guest.zaps
    lies_within(guest, found)
    wide = figures(version, memory, f"{gfns}x{each}")["pte_list_desc.objects.rmaps"]
    narrow = found["pte_list_desc.objects.rmaps"]
    assert wide.low < narrow.low < narrow.high <= wide.high


@given(st.integers(0, 1 << 32), st.sampled_from(["5.10", "6.1", "7.3"]), st.booleans(), st.integers(31, 60))
@examples(25)
def test_any_order(seed: int, version: str, written: bool, gfns: int) -> None:
    """Faults in a random order, on tables far apart or close together, that the guest writes or does not."""
    memory, chance = 12, random.Random(seed)
    profile = kernel(version)
    guest = Guest(limit_of(version, memory), profile.pte_list_ext, profile.list_policy)
    each = 60 * PER_TABLE // gfns + 1
    aliases = [ALIASES + alias * 4096 for alias in range(gfns * each)]
    found = figures(version, memory, f"{gfns}x{each}-1001")
    homes = {}
    for _ in range(chance.choice([200, 2000, 4000])):
        alias = chance.randrange(len(aliases))
        gfn = homes.setdefault(alias, chance.randrange(gfns))
        if len(guest.lists.get(gfn, ())) < 1001:
            guest.touch(aliases[alias], gfn)
        if written and chance.random() < 0.1:
            guest.write(aliases[chance.randrange(len(aliases))])
        assert guest.pages <= guest.limit.most
    if guest.zaps:
        lies_within(guest, found)


def test_a_zap_of_the_oldest_may_take_all_that_was_written() -> None:
    """Why the least is one page: the oldest is a directory, and all its tables are unsync."""
    limit = limit_of("7.3", 12)
    guest = Guest(limit, 14, "head")
    fewest = limit.pages
    for table in range(61):
        guest.touch(ALIASES + table * PER_TABLE * 4096, 0)
        guest.write(ALIASES + table * PER_TABLE * 4096)
        if guest.zaps:
            fewest = min(fewest, guest.pages)
    assert fewest == LEVELS


def test_without_writes_just_enough_is_zapped() -> None:
    limit = limit_of("7.3", 12)
    guest = Guest(limit, 14, "head")
    counts = []
    for table in range(200):
        guest.touch(ALIASES + table * PER_TABLE * 4096, table)
        counts.append(guest.pages)
    assert max(counts) == limit.pages - limit.min_free + 1
    assert min(counts[60:]) == limit.least(with_parents=False) + 1  # and the table of the fault that zapped
    assert limit.least(with_parents=False) == 39


@pytest.mark.parametrize(("entries", "expected"), [(1, 1 + 3 + 2 + 2), (512 * 98, 8), (512 * 600, 9)])
def test_tables_beside_those_of_the_lists(entries: int, expected: int) -> None:
    """Two directories each, for a run may begin in the middle of one; root, and the code's own path."""
    assert recycler.others(entries, PER_TABLE, LEVELS) == expected


def test_legacy_tdp_is_never_unsync() -> None:
    """A TDP tree at its limit keeps all but what a zap takes, whatever the order of faults."""
    tables = ledger(paging="tdp-legacy", leaf="4K", memory="1GiB", smm=False, set_="kernel.shadow_page_divisor=8192")
    found = tables["kvm_mmu_page_header.objects.page_tables"]
    assert (found.low, found.high) == (64 - 25, 64 - 1)
