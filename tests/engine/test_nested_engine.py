"""Orphans in closed form against a machine that replaces every table of L1's that holds leaves, one after the other."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import builders
import pytest
from helpers import ledger, scenario
from hypothesis import example, given
from hypothesis import strategies as st

from ptelist.engine import nested
from ptelist.engine.account import account
from ptelist.engine.lists.descriptors import List
from ptelist.engine.memory_cache import MemoryCache
from ptelist.engine.page_tables import LEVEL_OF_LEAF, window
from ptelist.engine.windows import guest_ranges
from ptelist.scenario.presets import shipped, versions

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

PAGE = 4096
ROOT = 4


def leaves(memory: int, low_memory: int, leaf: str) -> Iterator[tuple[int, int]]:
    """Yield address and level of each leaf, the largest ones that fit."""
    for first, end in guest_ranges(memory, low_memory):
        at = first
        while at < end:
            level = next(
                each
                for each in range(LEVEL_OF_LEAF[leaf], 0, -1)
                if at % window(each - 1, PAGE) == 0 and at + window(each - 1, PAGE) <= end
            )
            yield at, level
            at += window(level - 1, PAGE)


def replaced(memory: int, low_memory: int, leaf: str, times: int) -> tuple[int, int]:
    """Return tables and descriptors once each table with leaves was replaced so often, and L2 has touched all again."""
    tables: set[tuple[int, int, int]] = set()
    lists: dict[Hashable, List] = defaultdict(lambda: List(14, "head"))
    for turn in range(times + 1):
        for address, level in leaves(memory, low_memory, leaf):
            for each in range(level, ROOT + 1):
                holds_leaves = each <= LEVEL_OF_LEAF[leaf]
                tables.add((each, address // window(each, PAGE), turn if holds_leaves else 0))
            lists[address, level].add(turn)
    return len(tables), sum(each.descriptors for each in lists.values())


@given(
    pages=st.integers(1, 1400),
    low_pages=st.integers(1, 1400),
    leaf=st.sampled_from(["4K", "2M"]),
    times=st.integers(0, 16),
)
@example(pages=513, low_pages=512, leaf="4K", times=13)
@example(pages=1024, low_pages=512, leaf="2M", times=14)
def test_orphans_against_a_machine(pages: int, low_pages: int, leaf: str, times: int) -> None:
    l1 = {"kernel": "6.18", "leaf": "4K", "memory": 64 << 20, "set": f"vm.low_memory={low_pages * PAGE}"}
    options = {"nested": True, "l2_memory": pages * PAGE, "l2_leaf": leaf, "l1_replacements": times}
    plain, found = ledger(**l1), ledger(**l1, **options)
    tables, descriptors = replaced(pages * PAGE, low_pages * PAGE, leaf, times)
    name = "kvm_mmu_page_header.objects.page_tables"
    assert (found[name].low, found[name].high) == (plain[name].low + tables, plain[name].low + tables)
    rmaps = found["pte_list_desc.objects.rmaps"]
    assert (rmaps.low, rmaps.high) == (descriptors, descriptors)


@given(st.sampled_from(["2M", "1G"]), st.integers(1, 3000), st.lists(st.integers(0, (1 << 20) - 1), max_size=40))
def test_no_choice_of_pages_splits_more(leaf: str, mib: int, gfns: list[int]) -> None:
    """Wherever L1's tables lie: the tables that KVM needs to map each of these pages at 4K are within the bound."""
    found = scenario(kernel="6.18", leaf=leaf, memory=mib << 20, nested=True, l2_memory=PAGE)
    vm = found.vms[0]
    within = {gfn % (mib << 8) for gfn in gfns}
    spans = guest_ranges(vm.memory, vm.low_memory)
    more = {
        (level, gfn * PAGE // window(level, PAGE))
        for gfn in within
        for level in range(1, LEVEL_OF_LEAF[leaf])
        if any(
            first <= gfn * PAGE // window(level, PAGE) * window(level, PAGE)
            and (gfn * PAGE // window(level, PAGE) + 1) * window(level, PAGE) <= end
            for first, end in spans
        )
    }
    assert len(more) <= nested.split_windows(found.kernel, vm, len(within))


def test_the_bound_on_split_windows_is_met() -> None:
    """A page of L1's tables in every window of 2M: 512 of them in 1 GiB."""
    found = scenario(kernel="6.18", leaf="2M", memory=1 << 30, nested=True, l2_memory=PAGE)
    assert nested.split_windows(found.kernel, found.vms[0], 10_000) == 512
    assert nested.split_windows(found.kernel, found.vms[0], 7) == 7


@pytest.mark.parametrize("series", shipped.names("kernels"))
def test_which_kernels_keep_them(series: str) -> None:
    """Up to 7.1, two page tables each time; 69397c92de77 (in v7.2) zaps them."""
    found = scenario(kernel=series, nested=True, l1_replacements=3)
    kept = 6 if versions.version_key(series) < (7, 2) else 0
    assert nested.orphans(found.kernel, found.vms[0], (2, 1, 1, 1)) == kept


@pytest.mark.parametrize("entries", [1, 15])
def test_descriptors_of_lists_that_shrank_were_drawn_and_freed(entries: int) -> None:
    """A list of 1001 entries drew 72: two refills of 27 at the 27th and 54th, then 71 or 70 were freed."""
    vm = {"vcpus": 1, "paging": "shadow", "rmaps": ({"count": 1, "entries": entries, "peak": 1001},)}
    found = account(builders.scenario("6.18", vm=vm))
    left, held = (found[f"pte_list_desc.objects{part}"] for part in (".vcpu_caches", ""))
    drawn, refilled, in_list = 72, 2 * 27, -(-entries // 14)
    assert left.low <= 40 + refilled - drawn <= left.high
    assert held.low <= 40 + refilled - drawn + in_list <= held.high


def test_tables_that_were_replaced_and_zapped_were_drawn() -> None:
    """L2 has 4 tables, L1's tree 5; each page table that L1 replaced was drawn anew, with refills in between."""
    vm = {"kernel": "7.3", "vcpus": 1, "leaf": "4K", "memory": 4 << 20, "nested": True, "l2_memory": 2 << 20}
    name = "kvm_mmu_page_header.objects.vcpu_caches"
    plain, found = ledger(**vm)[name], ledger(**vm, l1_replacements=100)[name]
    assert (plain.low, plain.high) == (31, 31)
    assert found.low <= 40 - 36 < 40 <= found.high


def test_a_fault_draws_several_shadowed_translations_whatever_tdp_tables_there_are() -> None:
    """Tables of two levels at once, of L2's pages that are touched in some order.

    The first GiB's page tables take the cache to its minimum of 5; a fault in the next GiB draws a directory and a
    page table, so that only 3 are left. L1's own TDP tables draw none of it.
    """
    vm = {"kernel": "6.18", "vcpus": 1, "leaf": "4K", "nested": True, "memory": 8 << 30, "l2_memory": 3 << 30}
    found = ledger(**vm, l2_leaf="4K")
    infos = found["page_tables.bytes.shadowed_info"].low // PAGE
    cache, root_and_first = MemoryCache(40, 5), 3  # of the root nothing: it is above level 3
    order = [root_and_first, *[1] * 32, 2, *[1] * (infos - root_and_first - 32 - 2 - 2), 2]
    assert sum(order) == infos
    for draws in order:
        cache.top_up()
        for _ in range(draws):
            cache.draw()
    (term,) = (each for each in found["vcpu_caches.bytes.pages"].walk() if "which pages of shadowed" in each.note)
    assert term.low <= cache.objects <= term.high
