"""What differs by kernel version, host option or proposal, each against a number worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from builders import GIB, MIB, exact, ledger, span

from ptelist.engine.account import account
from ptelist.engine.ledger import Term
from ptelist.settings.columns import expand

DESC, HEADER = "pte_list_desc", "kvm_mmu_page_header"
ONE = {"vcpus": 1, "memory": GIB, "low_memory": 4 * GIB, "leaf": "2M", "smm": False, "caches": "topped-up"}
"""One vCPU, full caches and one memslot of 1 GiB: 262 144 pages, 512 windows of 2 MiB, one of 1 GiB."""
NESTED = {**ONE, "nested": True, "l2_memory": GIB, "l2_leaf": "4K"}
SHADOW = {**ONE, "paging": "shadow", "leaf": "4K"}


def version(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.split("."))


# memory caches


@pytest.mark.parametrize(
    ("kernel", "plain", "indirect"),
    [
        ("5.10", 171840, 163840),  # 40 x (32 + 168 + 4096)
        ("5.11", 171840, 163840),
        ("5.12", 172480, 163840),  # headers have 184 bytes
        ("5.14", 172480, 163840),
        ("5.15", 176320, 163840),  # descriptors have 128
        ("5.19", 176320, 163840),
        ("6.0", 177856, 163840 + 512),  # and three arrays of 320 bytes, in kmalloc-512 each
        ("6.1", 177856, 163840 + 512),
        ("7.3", 177856, 163840 + 512),
    ],
)
def test_bytes_held_by_one_vcpu(kernel: str, plain: int, indirect: int) -> None:
    """kvm-facts.md section 3; once L2 has run, or with shadow paging, a third cache of pages."""
    assert exact(ledger(kernel, vm=ONE), "vcpu_caches.bytes") == plain
    assert exact(ledger(kernel, vm=NESTED), "vcpu_caches.bytes") == plain + indirect
    assert exact(ledger(kernel, vm=SHADOW), "vcpu_caches.bytes") == plain + indirect


@pytest.mark.parametrize("kernel", ["5.10", "5.19"])
def test_arrays_were_embedded(kernel: str) -> None:
    """Four caches of 40 pointers inside each vCPU, whether it ran or not, until 837f66c71207 (in v6.0)."""
    figures = ledger(kernel, vm={**ONE, "vcpus": 7, "vcpus_run": 2, "count": 3})
    assert exact(figures, "embedded.bytes") == 3 * 7 * 4 * 40 * 8 == 26880
    assert exact(figures, "vcpu_caches.bytes.arrays") == 0
    assert exact(figures, f"{DESC}.objects") == 3 * 2 * 40


def test_arrays_are_allocated_at_the_first_top_up() -> None:
    figures = ledger("6.0", vm={**ONE, "vcpus": 7, "vcpus_run": 2, "count": 3})
    assert exact(figures, "embedded.bytes") == 0
    assert exact(figures, "vcpu_caches.bytes.arrays") == 3 * 2 * 3 * 512
    assert exact(figures, "vcpu_caches.bytes.pages") == 3 * 2 * 40 * 4096


def test_large_capacities_take_pages_for_arrays() -> None:
    """1025 pointers are 8200 bytes: over the largest bucket, so 16 KiB, or three pages and kmalloc-32."""
    figures = ledger(vm=ONE, on_kernel={"cache_capacity": 1025})
    assert span(figures, "vcpu_caches.bytes.arrays") == (3 * (3 * 4096 + 32), 3 * 16384)


@pytest.mark.parametrize("kernel", ["6.0", "6.1", "7.3"])
def test_split_caches(kernel: str) -> None:
    """kvm-facts.md section 4: 553 descriptors, 40 headers, 40 pages and arrays of 4424, 320 and 320 bytes."""
    figures = ledger(kernel, vm={**NESTED, "eager_split": True})
    assert exact(figures, f"{DESC}.objects.split_caches") == 553
    assert exact(figures, f"{HEADER}.objects.split_caches") == 40
    assert exact(figures, f"split_caches.bytes.{DESC}") == 70784
    assert exact(figures, f"split_caches.bytes.{HEADER}") == 7360
    assert exact(figures, "split_caches.bytes.pages") == 163840
    assert exact(figures, "split_caches.bytes.arrays") == 8192 + 512 + 512
    assert exact(figures, "split_caches.bytes") == 251200


def test_split_caches_are_per_vm() -> None:
    figures = ledger("6.1", vm={**NESTED, "eager_split": True, "count": 4, "vcpus": 9})
    assert exact(figures, "split_caches.bytes") == 4 * 251200


@pytest.mark.parametrize(("ext", "used"), [(14, 70784), (2, 17696)])
def test_split_caches_by_ext(ext: int, used: int) -> None:
    """The design's row."""
    figures = ledger("6.1", vm={**NESTED, "eager_split": True}, on_kernel={"pte_list_ext": ext})
    assert exact(figures, f"split_caches.bytes.{DESC}") == used


@pytest.mark.parametrize("kernel", ["6.14", "7.3"])
def test_tdx(kernel: str) -> None:
    """One more cache of 40 pages, and an external page for each mirror page but the root."""
    vm = {**ONE, "leaf": "4K", "smm": True, "tdx": True}
    plain, figures = ledger(kernel, vm={**vm, "tdx": False}), ledger(kernel, vm=vm)
    assert exact(figures, "vcpu_caches.bytes") == 177856 + 163840 + 512
    assert exact(plain, "page_tables.bytes.external") == 0
    # the mirror's tables, and the root of the shared half
    assert exact(figures, "page_tables.bytes.tables") == (512 + 1 + 1 + 1 + 1) * 4096
    assert exact(figures, "page_tables.bytes.external") == (512 + 1 + 1) * 4096
    # private memory rules out a second address space
    assert exact(figures, "memslots.bytes.lpage_info") == 8208
    assert exact(plain, "memslots.bytes.lpage_info") == 2 * 8208


@pytest.mark.parametrize(
    ("vm", "desc", "headers", "pages"),
    [
        # a root, one table of 512 GiB, one of 1 GiB: three of the 40
        ({**ONE, "paging": "tdp-mmu"}, (40, 40), (37, 37), (37 * 4096, 37 * 4096)),
        ({**ONE, "paging": "tdp-legacy"}, (40, 40), (37, 37), (37 * 4096, 37 * 4096)),
        # what was freed since is not known: a fault that finds 5 headers takes 3 at most; 14 descriptors, 8 at most
        ({**ONE, "paging": "tdp-mmu", "history": "any"}, (40, 40), (2, 40), (2 * 4096, 163840)),
        ({**ONE, "paging": "tdp-legacy", "history": "any"}, (6, 40), (2, 40), (2 * 4096, 163840)),
        # one list of ten descriptors, one a fault
        ({**SHADOW, "mapped": "listed", "rmaps": ({"count": 1, "entries": 140},)}, (30, 30), (2, 40), None),
    ],
)
def test_drawn_caches(
    vm: dict[str, Any], desc: tuple[int, int], headers: tuple[int, int], pages: tuple[int, int] | None
) -> None:
    """Tables and descriptors come out of the caches; the arrays stay as they are."""
    figures = ledger("6.18", vm={**vm, "caches": "drawn"})
    assert span(figures, f"{DESC}.objects.vcpu_caches") == desc
    assert span(figures, f"{HEADER}.objects.vcpu_caches") == headers
    assert pages is None or span(figures, "vcpu_caches.bytes.pages") == pages
    assert figures["vcpu_caches.bytes.arrays"].exact


# memslots and page hash

RMAPS = 2101248 + 4104 + 4104
"""2 MiB of heads in 512 pages with 4096 bytes of page pointers; 4096 and 8 bytes, in a page and kmalloc-8 each."""


@pytest.mark.parametrize(
    ("kernel", "vm", "rmaps", "track"),
    [
        ("5.10", ONE, RMAPS, 525312),  # always; 524 288 bytes in 128 pages and kmalloc-1024
        ("5.10", NESTED, RMAPS, 525312),
        ("5.15.128", ONE, 0, 525312),  # rmaps lazily from 5.14, with the TDP MMU, which is the default from 5.15
        ("5.15", ONE, RMAPS, 525312),  # but not from 5.15.129 on
        ("5.15", {**ONE, "paging": "tdp-legacy"}, RMAPS, 525312),
        ("5.15", NESTED, RMAPS, 525312),
        ("5.19", ONE, 0, 0),  # write tracking lazily from 5.16
        ("5.19", {**ONE, "paging": "tdp-legacy"}, RMAPS, 0),
        ("5.19", NESTED, RMAPS, 525312),
        ("5.19", SHADOW, RMAPS, 525312),
        ("7.3", ONE, 0, 0),
        ("7.3", NESTED, RMAPS, 525312),
    ],
)
def test_lazy_rmaps_and_write_tracking(kernel: str, vm: dict[str, Any], rmaps: int, track: int) -> None:
    figures = ledger(kernel, vm=vm)
    assert exact(figures, "memslots.bytes.rmap_heads") == rmaps
    assert exact(figures, "memslots.bytes.write_track") == track
    assert exact(figures, "memslots.bytes.lpage_info") == 4104 + 4104  # 2048 and 4 bytes
    assert exact(figures, "memslots.bytes.dirty_bitmap") == 0


@pytest.mark.parametrize(("kernel", "present"), [("5.12", True), ("5.14", True), ("5.16", False), ("5.17", False)])
def test_rmaps_with_default_module_parameters(kernel: str, present: bool) -> None:
    """5.14 could skip them, but its TDP MMU is off by default."""
    assert (ledger(kernel, vm=ONE)["memslots.bytes.rmap_heads"].low > 0) is present
    lazily = ledger(kernel, vm={**ONE, "paging": "tdp-mmu"})["memslots.bytes.rmap_heads"].low == 0
    assert lazily is (version(kernel) >= (5, 14))


def test_kvcalloc_is_contiguous_where_it_can_be() -> None:
    """5.17: 2 MiB contiguous, or in pages; 4096 and 8 bytes from kmalloc; lpage_info 2048 and 8."""
    figures = ledger("5.17", vm=NESTED)
    assert span(figures, "memslots.bytes.rmap_heads") == (2097152 + 4096 + 8, 2101248 + 4096 + 8)
    assert exact(figures, "memslots.bytes.lpage_info") == 2048 + 8


def test_write_tracking_for_an_external_user() -> None:
    """Up to 6.8 where it is built, from 6.9 on once a user is there."""
    for kernel in ("6.8", "6.9"):
        user = ledger(kernel, vm=ONE, on_host={"external_write_tracking": True})
        assert exact(user, "memslots.bytes.write_track") == 525312
        assert exact(user, "memslots.bytes.rmap_heads") == 0
        built = ledger(kernel, vm=ONE, on_config={"external_write_tracking": True})
        assert exact(built, "memslots.bytes.write_track") == (525312 if kernel == "6.8" else 0)


def test_dirty_bitmaps() -> None:
    """Two halves of a bit a page, each up to 64 pages: 65 536 bytes in 16 pages and kmalloc-128."""
    assert exact(ledger(vm={**ONE, "dirty_log": True}), "memslots.bytes.dirty_bitmap") == 65536 + 128
    odd = {**ONE, "memory": 65 * 4096, "dirty_log": True, "leaf": "4K"}
    assert exact(ledger("5.17", vm=odd), "memslots.bytes.dirty_bitmap") == 32
    assert exact(ledger("5.17", vm={**odd, "memory": 64 * 4096}), "memslots.bytes.dirty_bitmap") == 16


def test_a_slot_on_each_side_of_the_hole_in_each_address_space() -> None:
    """3 GiB and 1 GiB: lpage_info of 6144, 12, 2048 and 4 bytes, in 2 + 1 + 1 + 1 pages, and again for SMM."""
    vm = {**ONE, "memory": 4 * GIB, "low_memory": 3 * GIB}
    once = 2 * 4096 + 16 + 3 * (4096 + 8)
    assert exact(ledger(vm=vm), "memslots.bytes.lpage_info") == once
    assert exact(ledger(vm={**vm, "smm": True}), "memslots.bytes.lpage_info") == 2 * once


def test_published_rmap_heads() -> None:
    """P1 of kvm-facts.md: 3 160 234 heads of 8 bytes are 25 281 872 bytes, before the allocator's rounding."""
    figures = account(expand(("idle-6g-shadow",), ()).columns[0].scenario)
    asked = [term for term in figures["memslots.bytes.rmap_heads"].walk() if term.name == "asked"]
    assert sum(term.low for term in asked) == 25281872
    assert len(asked) == 3


@pytest.mark.parametrize("kernel", ["5.10", "6.16"])
def test_page_hash_was_embedded(kernel: str) -> None:
    assert exact(ledger(kernel, vm=ONE), "page_hash.bytes") == 32768
    assert exact(ledger(kernel, vm={**NESTED, "count": 3}), "page_hash.bytes") == 3 * 32768


@pytest.mark.parametrize("kernel", ["6.17", "7.3"])
def test_page_hash_is_deferred(kernel: str) -> None:
    """039ef33e2f93 (in v6.17): to the first shadow root, or for a VM without the TDP MMU at once."""
    assert exact(ledger(kernel, vm=ONE), "page_hash.bytes") == 0
    for vm in (NESTED, SHADOW, {**ONE, "paging": "tdp-legacy"}):
        assert span(ledger(kernel, vm=vm), "page_hash.bytes") == (32768, 32768 + 64)


# page tables


@pytest.mark.parametrize(
    ("kernel", "root_level", "info"),
    [("5.10", 4, 515), ("6.10", 4, 515), ("6.10", 5, 516), ("6.11", 4, 514), ("6.11", 5, 514), ("7.3", 5, 514)],
)
def test_shadowed_info_level(kernel: str, root_level: int, info: int) -> None:
    """512 + 1 + 1 + 1 tables, one more with five levels; from 6.11 on, none for levels 4 and 5."""
    figures = ledger(kernel, vm={**SHADOW, "root_level": root_level})
    assert exact(figures, f"{HEADER}.objects.page_tables") == 511 + root_level
    assert exact(figures, "page_tables.bytes.tables") == (511 + root_level) * 4096
    assert exact(figures, "page_tables.bytes.shadowed_info") == info * 4096


def test_shadowed_info_of_l2_only() -> None:
    """L1's tables are direct: 0 + 1 + 1 + 1 of them; L2 has 512 + 1 + 1 + 1."""
    figures = ledger("6.18", vm={**NESTED, "count": 2})
    split = 512  # at most: windows of L1 that hold tables of its own
    assert span(figures, "page_tables.bytes.tables") == (2 * (3 + 515) * 4096, 2 * (3 + 515 + split) * 4096)
    assert exact(figures, "page_tables.bytes.shadowed_info") == 2 * 514 * 4096


@pytest.mark.parametrize(
    ("divisor", "tables"),
    [
        (50, (515, 515)),  # limit 5242
        (504, (515, 515)),  # limit 520: 5 are left, enough
        (505, (1, 518)),  # 519: with fewer than 5 left, tables are recycled
        (2621, (1, 99)),
        (26214, (1, 9)),
    ],
)
def test_default_limit_of_shadow_pages(divisor: int, tables: tuple[int, int]) -> None:
    """max(least, 262 144 pages / divisor), without the TDP MMU for all of the VM's tables."""
    limited = {"shadow_page_divisor": divisor, "shadow_page_least": 1}
    figures = ledger("6.18", vm=SHADOW, on_kernel=limited)
    assert span(figures, f"{HEADER}.objects.page_tables") == tables
    info = figures["page_tables.bytes.shadowed_info"]
    if tables == (515, 515):
        assert (info.low, info.high) == (514 * 4096, 514 * 4096)
    else:
        assert info.low == 0
        assert info.high in {tables[1] * 4096, (tables[1] - 1) * 4096}, "all, or all but the root of level 4"


@pytest.mark.parametrize(
    ("paging", "tables"), [("tdp-mmu", (3 + 1, 3 + 99 + 99)), ("tdp-legacy", (1, 99))], ids=["tdp-mmu", "tdp-legacy"]
)
def test_tdp_mmu_pages_are_not_limited(paging: str, tables: tuple[int, int]) -> None:
    """Nor those of windows that L1's own tables split, one for each table of L2's."""
    limited = {"shadow_page_divisor": 2621, "shadow_page_least": 1}
    figures = ledger("6.18", vm={**NESTED, "paging": paging}, on_kernel=limited)
    assert span(figures, f"{HEADER}.objects.page_tables") == tables


def test_the_limit_is_compared_with_what_it_limits() -> None:
    """A limit of 520 is enough for L2's 515 tables, whatever the TDP MMU has beside them."""
    limited = {"shadow_page_divisor": 504, "shadow_page_least": 1}
    figures = ledger("6.18", vm={**NESTED, "paging": "tdp-mmu", "leaf": "4K"}, on_kernel=limited)
    assert exact(figures, f"{HEADER}.objects.page_tables") == 515 + 515


def test_the_observed_limit_of_81_shadow_pages() -> None:
    """observed.md item 5: 16 MiB are 4096 pages, so 81 shadow pages; 90 + 1 + 1 + 1 tables need more."""
    vm = {**SHADOW, "memory": 180 * MIB, "rmap_heads": (4096, 8, 1)}
    assert span(ledger("6.18", vm=vm), f"{HEADER}.objects.page_tables") == (1, 80)


def test_info_pages_of_a_limited_shadow_mmu_are_open() -> None:
    """L1 has 515 tables that nothing limits; of L2's 515, 1 to 99 stay, and not all of them need have info pages."""
    limited = {"shadow_page_divisor": 2621, "shadow_page_least": 1}
    figures = ledger("6.18", vm={**NESTED, "paging": "tdp-mmu", "leaf": "4K"}, on_kernel=limited)
    assert span(figures, f"{HEADER}.objects.page_tables") == (515 + 1, 515 + 99)
    assert figures["page_tables.bytes.shadowed_info"].low <= 75 * 4096


def test_info_pages_are_no_more_than_the_limited_tables() -> None:
    limited = {"shadow_page_divisor": 2621, "shadow_page_least": 1}
    figures = ledger("6.18", vm={**NESTED, "paging": "tdp-mmu", "leaf": "4K"}, on_kernel=limited)
    assert figures["page_tables.bytes.shadowed_info"].high in {98 * 4096, 99 * 4096}


# lists


def rmaps(kernel: str, entries: int, history: str = "any", **more: Any) -> tuple[int, int]:
    vm = {**SHADOW, "history": history, "rmaps": ({"count": 10, "entries": entries, **more},)}
    low, high = span(ledger(kernel, vm=vm), f"{DESC}.objects.rmaps")
    assert low % 10 == high % 10 == 0
    return low // 10, high // 10


@pytest.mark.parametrize(
    ("kernel", "entries", "grown", "anyhow"),
    [
        ("5.10", 1, 0, (0, 1)),
        ("5.10", 2, 1, (1, 2)),
        ("5.10", 500, 167, (167, 334)),  # at most the descriptors of the longest list, 1001 entries
        ("5.10", 1001, 334, (334, 334)),
        ("6.1", 1, 0, (0, 1)),
        ("6.1", 36, 3, (3, 36)),
        ("6.1", 500, 36, (36, 72)),
        ("6.3", 1001, 72, (72, 72)),
        ("6.4", 1, 0, (0, 1)),
        ("6.4", 36, 3, (3, 3)),
        ("7.3", 1001, 72, (72, 72)),
    ],
)
def test_list_policy(kernel: str, entries: int, grown: int, anyhow: tuple[int, int]) -> None:
    """141705b78381 (in v6.4): only the head descriptor may have room, so history no longer matters."""
    assert rmaps(kernel, entries, "grown") == (grown, grown)
    assert rmaps(kernel, entries) == anyhow


def test_a_range_of_lengths() -> None:
    assert rmaps("6.18", 1, "grown", entries_to=15) == (0, 2)
    assert rmaps("6.18", 14, "grown", entries_to=14) == (1, 1)
    assert rmaps("6.1", 16, "any", entries_to=31) == (2, 31)


def test_parent_ptes_have_no_cap() -> None:
    """5000 entries stay: 358 descriptors of 14; classes add up."""
    lists = ({"count": 2, "entries": 5000}, {"count": 3, "entries": 2})
    figures = ledger("6.18", vm={**SHADOW, "parent_ptes": lists, "count": 2})
    assert exact(figures, f"{DESC}.objects.parent_ptes") == 2 * (2 * 358 + 3)
    assert exact(figures, f"{DESC}.objects") == 2 * (2 * 358 + 3 + 40)


@pytest.mark.parametrize(("kernel", "least"), [("6.1", 2), ("5.10", 10)])
def test_parent_ptes_of_any_history(kernel: str, least: int) -> None:
    """Without a cap an older list may have had any length: 28 entries can be in 28 descriptors (lists.py, "walk")."""
    vm = {**SHADOW, "history": "any", "parent_ptes": ({"count": 1, "entries": 28},)}
    assert span(ledger(kernel, vm=vm), f"{DESC}.objects.parent_ptes") == (least, 28)


@pytest.mark.parametrize(
    ("kernel", "change", "shared"),
    [
        ("6.18", {"paging": "tdp-legacy", "leaf": "4K"}, (262144, 262144)),
        ("6.18", {"paging": "tdp-legacy", "leaf": "2M", "l2_leaf": "2M"}, (512, 512)),
        ("6.18", {"paging": "tdp-legacy", "leaf": "2M"}, (0, 0)),  # lists of different levels
        ("6.18", {"leaf": "4K"}, (0, 0)),  # the TDP MMU keeps L1's out of the lists
        ("5.10", {"leaf": "4K"}, (262144, 262144)),  # legacy by default
        ("6.1", {"paging": "tdp-legacy", "leaf": "4K", "history": "any"}, (262144, 524288)),
        ("6.18", {"paging": "tdp-legacy", "leaf": "4K", "history": "any"}, (262144, 262144)),
        ("6.18", {"paging": "tdp-legacy", "leaf": "4K", "nested": False}, (0, 0)),
    ],
)
def test_gfns_that_l1_and_l2_share(kernel: str, change: dict[str, Any], shared: tuple[int, int]) -> None:
    """With the legacy MMU a gfn that L2 maps at L1's size has two entries in one list."""
    assert span(ledger(kernel, vm={**NESTED, **change}), f"{DESC}.objects.rmaps") == shared


def test_lists_named_are_not_counted_as_shared_again() -> None:
    """1000 lists of 3 entries are those of 1000 of the 262 144 gfns that both map, once more aliased by L2."""
    vm = {**NESTED, "paging": "tdp-legacy", "leaf": "4K", "rmaps": ({"count": 1000, "entries": 3},)}
    assert exact(ledger("6.18", vm=vm), f"{DESC}.objects.rmaps") == 1000 + (262144 - 1000)
    vm["rmaps"] = ({"count": 262145, "entries": 2},)
    assert exact(ledger("6.18", vm=vm), f"{DESC}.objects.rmaps") == 262145


@pytest.mark.parametrize(
    ("vm", "tables"),
    [
        # 262 144 leaves and 1000 x 2 entries more: 516 tables of 512 at level 1, less than the limit, 262 144 / 50
        ({"rmaps": ({"count": 1000, "entries": 3},), "l2_memory": 0, "l2_leaf": "2M"}, (516 + 3, 5241)),
        # 20 to 40 more: one table, or three (levels 1 to 3) for each
        ({"rmaps": ({"count": 10, "entries": 3, "entries_to": 5},)}, (513 + 3, 515 + 40 * 3)),
        ({"rmaps": ({"count": 10, "entries": 3, "entries_to": 5},), "root_level": 5}, (513 + 4, 516 + 40 * 4)),
        # only what is listed: 32 x 32 entries fill two tables, and one of each level above leads to them
        ({"rmaps": ({"count": 32, "entries": 32},), "mapped": "listed"}, (2 + 3, 1 + 1024 * 3)),
        ({"mapped": "listed"}, (1, 1)),
    ],
)
def test_tables_of_entries_beyond_one_a_page(vm: dict[str, Any], tables: tuple[int, int]) -> None:
    """Whole tables at best, tables of their own at worst; 1 GiB mapped once takes 512 + 1 + 1 + 1."""
    assert span(ledger("6.18", vm={**SHADOW, **vm}), f"{HEADER}.objects.page_tables") == tables


def test_entries_beyond_one_a_page_of_l2() -> None:
    """L1's 2 GiB of 2M leaves take 2 + 1 + 1 tables; L2's 1 GiB as above, below a limit of 524 288 / 50 = 10 485."""
    vm = {**NESTED, "memory": 2 * GIB, "rmaps": ({"count": 1000, "entries": 3},)}
    windows = 1024  # each may hold a table of L1's, and be split
    assert span(ledger("6.18", vm=vm), f"{HEADER}.objects.page_tables") == (4 + 519, 4 + 515 + 2000 * 3 + windows)


@pytest.mark.parametrize(
    ("vm", "limit", "tables"),
    [
        # five must be left: 515 tables of L1 and 515 of L2, or L1's alone
        ({**NESTED, "leaf": "4K"}, 1035, (1030, 1030)),
        ({**NESTED, "leaf": "4K"}, 1034, (1, 1033)),
        ({**ONE, "leaf": "4K"}, 520, (515, 515)),
        ({**ONE, "leaf": "4K"}, 519, (519 - 25, 518)),
        ({**ONE, "memory": 0}, 6, (1, 1)),
        ({**ONE, "memory": 0}, 5, (1, 4)),
        ({**SHADOW, "memory": 0}, 6, (1, 1)),
        ({**SHADOW, "memory": 0}, 5, (1, 4)),
        ({**ONE, "paging": "tdp-mmu"}, 1, (3, 3)),  # nothing that the limit is for
    ],
)
def test_the_legacy_mmu_limits_direct_tables_too(vm: dict[str, Any], limit: int, tables: tuple[int, int]) -> None:
    """kvm-facts.md section 6: legacy and shadow pages are capped, those of the TDP MMU are not."""
    limited = {"shadow_page_divisor": 1 << 30, "shadow_page_least": limit}
    figures = ledger("6.18", vm={"paging": "tdp-legacy", **vm}, on_kernel=limited)
    assert span(figures, f"{HEADER}.objects.page_tables") == tables
    if not vm.get("nested") and vm.get("paging") != "shadow":
        assert exact(figures, "page_tables.bytes.shadowed_info") == 0, "all are direct"


@pytest.mark.parametrize(("paging", "infos"), [("tdp-mmu", 1), ("tdp-legacy", 0)])
def test_a_root_is_left_of_recycled_trees_of_an_l2(paging: str, infos: int) -> None:
    """A table of L2's takes all below it along; the TDP MMU's own are not limited, a root of L1's has no info page."""
    limited = {"shadow_page_divisor": 1 << 30, "shadow_page_least": 64}
    vm = {**NESTED, "paging": paging, "leaf": "4K", "l2_memory": GIB}
    figures = ledger("6.1", vm=vm, on_kernel=limited)
    own = 515 if paging == "tdp-mmu" else 0
    assert figures[f"{HEADER}.objects.page_tables"].low == own + 1
    assert figures["page_tables.bytes.shadowed_info"].low == infos * 4096


def test_direct_and_shadow_tables_share_the_limit() -> None:
    """L1 has 515 tables; L2's lists could take any number, but all together less than 262 144 / 50."""
    vm = {**NESTED, "paging": "tdp-legacy", "leaf": "4K", "rmaps": ({"count": 2000, "entries": 4},)}
    assert ledger("6.18", vm=vm)[f"{HEADER}.objects.page_tables"].high == 5241


@pytest.mark.parametrize(("kernel", "pages"), [("6.10", 1), ("6.11", 0)])
def test_info_of_a_root_alone(kernel: str, pages: int) -> None:
    """A root of level 4 has an info page up to 6.10."""
    figures = ledger(kernel, vm={**SHADOW, "mapped": "listed"})
    assert exact(figures, "page_tables.bytes.shadowed_info") == pages * 4096


def test_lists_go_with_the_tables_that_are_recycled() -> None:
    """At most 10 lists of two descriptors and three of one, at least none."""
    lists = {"rmaps": ({"count": 10, "entries": 15},), "parent_ptes": ({"count": 3, "entries": 2},)}
    limited = {"shadow_page_divisor": 2621, "shadow_page_least": 1}
    figures = ledger("6.18", vm={**SHADOW, **lists}, on_kernel=limited)
    assert span(figures, f"{DESC}.objects.rmaps") == (0, 20)
    assert span(figures, f"{DESC}.objects.parent_ptes") == (0, 3)
    assert span(figures, f"{DESC}.objects") == (40, 63)


@pytest.mark.parametrize(("threshold", "most"), [(13, 262144), (14, 524288)])
def test_the_cap_holds_for_shared_gfns(threshold: int, most: int) -> None:
    """Of at most 14 entries ever, in one descriptor, two are in one; of 15, in two, they may be in two."""
    vm = {**NESTED, "paging": "tdp-legacy", "leaf": "4K", "history": "any"}
    figures = ledger("6.1", vm=vm, on_kernel={"rmap_recycle_threshold": threshold})
    assert span(figures, f"{DESC}.objects.rmaps") == (262144, most)


@pytest.mark.parametrize(("kernel", "roots"), [("5.10", 2), ("5.16", 2), ("5.17", 1), ("7.3", 1)])
def test_pae_roots(kernel: str, roots: int) -> None:
    """With TDP off each vCPU has a page of PAE roots for root_mmu, and for guest_mmu up to 5.16."""
    figures = ledger(kernel, vm={**SHADOW, "vcpus": 3, "vcpus_run": 0, "count": 2})
    assert exact(figures, "page_tables.bytes.pae_roots") == 2 * 3 * roots * 4096
    assert exact(ledger(kernel, vm=ONE), "page_tables.bytes.pae_roots") == 0


# slabs


@pytest.mark.parametrize(
    ("kernel", "host", "order"),
    [
        ("5.10", {"cpus": 4, "possible_cpus": 128}, 1),  # nr_cpu_ids always
        ("5.11", {"cpus": 4, "possible_cpus": 128}, 0),  # present CPUs from 5.11
        ("6.1", {"cpus": 1, "possible_cpus": 128}, 1),  # nr_cpu_ids if only one is present
        ("6.1", {"cpus": 1, "possible_cpus": 127}, 0),
        ("6.1", {"cpus": 128}, 1),
        ("6.1", {"cpus": 127}, 0),
        ("6.1", {"cpus": 128, "slub_max_order": 0}, 0),
        ("6.1", {"cpus": 1, "slub_min_order": 2}, 2),
        ("6.1", {"cpus": 1, "slub_min_objects": 33}, 1),
        ("6.1", {"cpus": 256, "slub_min_objects": 32}, 0),
        ("6.1", {"cpus": 1, "slub_min_objects": 32767}, 3),  # capped by the largest order
    ],
)
def test_order_by_host(kernel: str, host: dict[str, Any], order: int) -> None:
    """128 bytes: 32 to a page, so order 0 while SLUB wants at most 32 objects."""
    figures = ledger(kernel, on_host=host, on_kernel={"pte_list_ext": 14, "pte_list_desc_fixed_bytes": 16})
    assert exact(figures, f"{DESC}.slab_order") == order
    assert exact(figures, f"{DESC}.objects_per_slab") == 32 << order


def test_the_order_names_what_it_goes_by() -> None:
    by_cpus = ledger("6.1")[f"{DESC}.slab_order"].parts[1]
    assert (by_cpus.name, by_cpus.low, by_cpus.parts[0].low) == ("min_objects", 8, 1)
    by_hand = ledger("6.1", on_host={"slub_min_objects": 5})[f"{DESC}.slab_order"].parts[1]
    assert (by_hand.name, by_hand.low, by_hand.unit) == ("slub_min_objects", 5, "objects")


@pytest.mark.parametrize(("nodes", "slabs"), [(1, (320, 320)), (2, (320, 321)), (4, (320, 323))])
def test_a_node_can_add_a_partly_filled_slab(nodes: int, slabs: tuple[int, int]) -> None:
    """10 240 objects fill 320 slabs; with one object less on a node each, as many more."""
    figures = ledger("6.1", vm={"vcpus": 256}, on_host={"cpus": 8, "nodes": nodes})
    assert span(figures, f"{DESC}.slabs") == slabs
    assert span(figures, f"{DESC}.bytes.waste") == (0, 4096 * (slabs[1] - 320))


@pytest.mark.parametrize(
    ("kernel", "filling", "cpus", "slabs"),
    [
        ("6.1", "packed", 4, (5, 5)),
        ("6.1", "spread", 1, (5, 5)),
        ("6.1", "spread", 4, (5, 8)),  # a slab partly filled on each CPU: 4 + (160 - 4) / 32
        ("7.3", "spread", 4, (5, 16)),  # and 60 more in each one's sheaf: 4 + (400 - 4) / 32
        ("7.3", "packed", 4, (5, 7)),  # 160 + 60 are 220
    ],
)
def test_who_fills_the_slabs(kernel: str, filling: str, cpus: int, slabs: tuple[int, int]) -> None:
    """4 vCPUs, 160 descriptors, 32 a slab: allocated by one CPU in one go, or by each its own."""
    figures = ledger(kernel, vm={"vcpus": 4}, on_host={"cpus": cpus, "filling": filling})
    assert span(figures, f"{DESC}.slabs") == slabs
    assert span(figures, f"{DESC}.bytes.waste.free") == (0, (slabs[1] * 32 - 160) * 128)


def test_what_is_left_of_the_last_sheaf() -> None:
    """241 objects come in five sheaves of 60, so up to 59 more are taken; 176 bytes, 23 a slab.

    241 need 11 slabs and 300 need 14 (13 hold 299): 11 x 23 - 241 = 12 free ones to 14 x 23 - 241 = 81.
    """
    vm = {**SHADOW, "rmaps": ({"count": 241, "entries": 2},)}
    figures = ledger("7.3", vm=vm, on_kernel={"pte_list_ext": 20, "pte_list_desc_capacity": 0})
    assert exact(figures, f"{DESC}.objects_per_slab") == 23
    assert span(figures, f"{DESC}.slabs") == (11, 14)
    assert span(figures, f"{DESC}.bytes.waste.free") == (12 * 176, 81 * 176)


def test_each_node_has_a_sheaf_of_which_some_is_left() -> None:
    """A CPU of each takes 160 + 2 x 59 objects together; one of them on a node of its own, 277 in 9 slabs elsewhere."""
    figures = ledger("7.3", vm={"vcpus": 4}, on_host={"cpus": 2, "nodes": 2})
    assert span(figures, f"{DESC}.slabs") == (5, 10)
    assert span(figures, f"{DESC}.bytes.waste.free") == (0, (10 * 32 - 160) * 128)


@pytest.mark.parametrize("kernel", ["6.1", "7.3"])
@pytest.mark.parametrize("filling", ["packed", "spread"])
def test_no_objects_take_no_slab(kernel: str, filling: str) -> None:
    """A sheaf is filled only when an object is asked for."""
    host = {"cpus": 4, "nodes": 2, "filling": filling}
    figures = ledger(kernel, vm={**ONE, "vcpus_run": 0}, on_host=host)
    assert exact(figures, f"{DESC}.slabs") == 0
    assert exact(figures, f"{DESC}.bytes.total") == 0


def test_waste_of_an_open_number_of_objects() -> None:
    """6 to 40 objects, 32 a slab, one node: up to two slabs, of which one has at most 31 free."""
    figures = ledger("6.1", vm={**ONE, "paging": "tdp-legacy", "caches": "drawn", "history": "any"})
    assert span(figures, f"{DESC}.slabs") == (1, 2)
    assert span(figures, f"{DESC}.bytes.waste") == (0, 31 * 128)


def test_fewer_objects_than_nodes() -> None:
    """Two objects, 8 nodes: one or two slabs, 30 free objects or 62."""
    vm = {**SHADOW, "rmaps": ({"count": 2, "entries": 2},)}
    none = {"pte_list_desc_capacity": 0}
    figures = ledger("6.1", vm=vm, on_host={"cpus": 8, "nodes": 8}, on_kernel=none)
    assert span(figures, f"{DESC}.slabs") == (1, 2)
    assert span(figures, f"{DESC}.bytes.waste.free") == (30 * 128, 62 * 128)


PROFILING = {"absent": (False, "off"), "built": (True, "off"), "never": (True, "never"), "on": (True, "on")}


@pytest.mark.parametrize(
    ("kernel", "memcg", "profiling", "each"),
    [
        ("6.1", True, "absent", 256),  # 32 pointers, kmalloc-256
        ("6.1", False, "absent", 0),
        ("6.9", True, "absent", 256),  # no profiling before 6.10
        ("6.9", False, "absent", 0),
        ("6.10", True, "absent", 256),
        ("6.10", True, "built", 512),  # built in is enough for 16 bytes
        ("6.10", True, "on", 512),
        ("6.10", False, "built", 0),
        ("6.10", False, "on", 512),
        ("7.2", True, "built", 512),
        ("7.2", True, "never", 512),
        ("7.3", True, "absent", 256),
        ("7.3", True, "built", 512),  # a slot for each that a cache may ever want
        ("7.3", True, "never", 256),
        ("7.3", False, "built", 0),
        ("7.3", False, "on", 512),
        ("7.3", True, "on", 512),
    ],
)
def test_obj_ext_vectors(kernel: str, memcg: bool, profiling: str, each: int) -> None:
    """256 vCPUs on one CPU: 320 slabs of 32 objects."""
    built, host = PROFILING[profiling]
    on_host = {"memcg": memcg, "alloc_profiling": host}
    figures = ledger(kernel, vm={"vcpus": 256}, on_host=on_host, on_config={"alloc_profiling": built})
    assert figures[f"{DESC}.bytes.memcg"].low == 320 * each
    assert figures[f"{DESC}.bytes.total"].low == 320 * (4096 + each)


@pytest.mark.parametrize(
    ("kernel", "debug", "desc", "header"),
    [
        # one vCPU: 40 descriptors and 40 + 2 headers (order 0); strides of slub-versions.md 4.8
        ("6.19", "U", 2 * 192, 3 * 128),  # 21 and 16 a slab: vectors of 168 and 128 bytes
        ("7.0", "U", 2 * 192, 0),  # 248 x 16 leaves 128 = 16 x 8: it fits
        ("7.3", "U", 2 * 192, 0),
        ("6.19", "FZPU", 3 * 192, 3 * 128),  # 18 and 14 a slab: 144 and 112 bytes
        ("7.0", "FZPU", 3 * 192, 0),  # 280 x 14 leaves 176
        ("7.3", "", 2 * 256, 2 * 192),  # 128 x 32 leaves nothing, 184 x 22 leaves 48 of 176
    ],
)
def test_vectors_in_the_tail(kernel: str, debug: str, desc: int, header: int) -> None:
    """70089d018807 (in v7.0): in the slab's tail where all of it fits."""
    vm = {**ONE, "leaf": "1G", "memory": 2 * GIB, "root_level": 4}
    figures = ledger(kernel, vm=vm, on_host={"slub_debug": debug})
    assert exact(figures, f"{HEADER}.objects") == 40 + 2
    assert figures[f"{DESC}.bytes.memcg"].low == desc
    assert figures[f"{HEADER}.bytes.memcg"].low == header
    assert header or exact(figures, f"{HEADER}.bytes.memcg") == 0
    assert figures[f"{HEADER}.bytes.memcg"].unit == "bytes"


def test_the_tail_must_hold_all_of_a_vector() -> None:
    """7.0, 248 bytes, but 16 a vector entry: 16 x 248 is 3968, and 16 x 16 = 256 more is over 4096."""
    figures = ledger("7.0", vm=ONE, on_host={"slub_debug": "U"}, on_config={"alloc_profiling": True})
    assert exact(figures, f"{HEADER}.objects") == 43
    assert exact(figures, f"{HEADER}.bytes.memcg") == 3 * 256


@pytest.mark.parametrize(
    ("debug", "old", "new"),
    [("", (128, 184), (128, 184)), ("U", (432, 488), (192, 248)), ("FZPU", (464, 520), (224, 280))],
)
def test_debug_strides_by_version(debug: str, old: tuple[int, int], new: tuple[int, int]) -> None:
    """5cf909c553e9 (in v5.19): 32 bytes a track, 152 before."""
    for kernel, strides in (("5.18", old), ("5.19", new)):
        figures = ledger(kernel, on_host={"slub_debug": debug})
        assert tuple(exact(figures, f"{name}.stride") for name in (DESC, HEADER)) == strides


@pytest.mark.parametrize(
    ("kernel", "host", "desc", "header"),
    [
        # 4 CPUs, one node: 5 slabs on the node; each CPU's own slab and its partial ones
        ("5.10", {"cpus": 4}, 5 + 4 * (1 + 31), 5 + 4 * (1 + 31)),
        ("5.15", {"cpus": 4}, 5 + 4 * (1 + 31), 5 + 4 * (1 + 31)),
        ("5.16", {"cpus": 4}, 5 + 4 * (1 + 8), 5 + 4 * (1 + 11)),
        ("6.1", {"cpus": 4, "nodes": 2}, 10 + 4 * (1 + 8), 10 + 4 * (1 + 11)),
        ("6.19", {"cpus": 128}, 5 + 128 * (1 + 4), 5 + 128 * (1 + 6)),
        # two sheaves of 60 a CPU and ten a node, each object of which may pin a slab
        ("7.0", {"cpus": 4}, 5 + 480 + 600, 5 + 480 + 600),
        ("7.3", {"cpus": 4, "nodes": 2}, 10 + 480 + 1200, 10 + 480 + 1200),
    ],
)
def test_what_a_busy_host_may_retain(kernel: str, host: dict[str, Any], desc: int, header: int) -> None:
    figures = ledger(kernel, on_host=host)
    for name, slabs in ((DESC, desc), (HEADER, header)):
        size = 4096 << exact(figures, f"{name}.slab_order")
        assert span(figures, f"{name}.slabs.retained") == (0, slabs)
        assert span(figures, f"{name}.bytes.retained") == (0, slabs * size)
        assert figures[f"{name}.slabs.retained"].note.startswith("min_partial slabs a node")


@pytest.mark.parametrize(
    ("kernel", "debug"),
    [(kernel, debug) for kernel in ("5.10", "6.1", "7.3") for debug in ("F", "U", "T", "FZPU", "AF")],
)
def test_a_debugged_cache_retains_only_the_nodes_slabs(kernel: str, debug: str) -> None:
    """slub-versions.md section 3: with any debug flag no per-CPU retention; 5 slabs on the node."""
    figures = ledger(kernel, on_host={"cpus": 4, "slub_debug": debug})
    assert span(figures, f"{DESC}.slabs.retained") == (0, 5)


@pytest.mark.parametrize(("kernel", "slabs"), [("6.1", 5 + 4 * 9), ("7.3", 1085)])
def test_slub_debug_a_is_no_debugging(kernel: str, slabs: int) -> None:
    figures = ledger(kernel, on_host={"cpus": 4, "slub_debug": "A"})
    assert span(figures, f"{DESC}.slabs.retained") == (0, slabs)


# proposals


def proposed(name: str, vm: dict[str, Any], kernel: str = "6.18", **host: Any) -> Any:
    return ledger(kernel, vm=vm, on_host=host, proposal=name)


@pytest.mark.parametrize(
    ("vm", "ext", "size"), [(ONE, 2, 32), (NESTED, 2, 32), (SHADOW, 14, 128)], ids=["tdp", "nested", "shadow"]
)
def test_shrink_tdp(vm: dict[str, Any], ext: int, size: int) -> None:
    """3/4 of 2022: 16 + 8n bytes, n = 2 with TDP, else 14."""
    figures = proposed("shrink-tdp", vm)
    assert (exact(figures, f"{DESC}.ext"), exact(figures, f"{DESC}.size")) == (ext, size)
    assert exact(figures, f"vcpu_caches.bytes.{DESC}") == 40 * size


def test_shrink_tdp_makes_longer_chains() -> None:
    figures = proposed("shrink-tdp", {**NESTED, "rmaps": ({"count": 10, "entries": 15},)})
    assert exact(figures, f"{DESC}.objects.rmaps") == 10 * 8


@pytest.mark.parametrize(
    ("vm", "objects", "arrays"),
    [
        ({**ONE, "paging": "tdp-mmu"}, 0, 1024),
        ({**ONE, "paging": "tdp-legacy"}, 40, 1536),
        (NESTED, 40, 2048),
        (SHADOW, 40, 2048),
    ],
    ids=["tdp-mmu", "tdp-legacy", "nested", "shadow"],
)
def test_topup_iff_rmaps(vm: dict[str, Any], objects: int, arrays: int) -> None:
    """4/4 of 2022: no descriptors, and no array for them, until the VM uses rmaps."""
    figures = proposed("topup-iff-rmaps", vm)
    assert exact(figures, f"{DESC}.objects") == objects
    assert exact(figures, "vcpu_caches.bytes.arrays") == arrays


@pytest.mark.parametrize(
    ("name", "nodes", "objects", "arrays"),
    [
        # arrays of descriptors, headers and each cache of pages: 112 -> 128, 40 -> 64, 32 -> 32 bytes
        ("small-caches-v3", 1, 23192, 128 + 64 + 64),
        ("small-caches-v3", 2, 43672, 128 + 64 + 2 * 64),
        ("small-caches-v3", 8, 166552, 128 + 64 + 8 * 64),
        ("small-caches-v4", 1, 17632, 3 * 32),
        ("small-caches-v4", 8, 17632, 3 * 32),  # per node only with a capability, taken as off
        ("tdp-fewer-objects", 1, 14 * 128 + 7360 + 163840, 128 + 512 + 512),
        ("tdp-no-objects", 1, 7360 + 163840, 512 + 512),
        ("ulong-count", 1, 176320, 1536),
        ("defer-mmu-setup", 1, 176320, 1536),
        ("none", 8, 176320, 1536),
    ],
)
def test_vcpu_caches_of_proposals(name: str, nodes: int, objects: int, arrays: int) -> None:
    """The table of proposals.md 3.2: bytes of objects a vCPU, N nodes."""
    figures = proposed(name, ONE, cpus=16, nodes=nodes)
    assert exact(figures, "vcpu_caches.bytes.arrays") == arrays
    assert exact(figures, "vcpu_caches.bytes") == objects + arrays


@pytest.mark.parametrize(
    ("name", "extra"),
    [("small-caches-v3", 20480 + 64), ("small-caches-v4", 16384 + 32), ("none", 163840 + 512)],
)
def test_the_indirect_cache_is_not_per_node(name: str, extra: int) -> None:
    host = {"cpus": 16, "nodes": 8}
    plain, nested = proposed(name, ONE, **host), proposed(name, NESTED, **host)
    assert exact(nested, "vcpu_caches.bytes") - exact(plain, "vcpu_caches.bytes") == extra


@pytest.mark.parametrize(
    ("name", "objects", "used"),
    [
        ("none", 553, 70784 + 7360 + 163840),
        ("small-caches-v3", 518, 66304 + 920 + 20480),
        ("small-caches-v4", 517, 66176 + 736 + 16384),
    ],
)
def test_split_caches_of_proposals(name: str, objects: int, used: int) -> None:
    figures = proposed(name, {**NESTED, "eager_split": True})
    assert exact(figures, f"{DESC}.objects.split_caches") == objects
    assert exact(figures, "split_caches.bytes") - exact(figures, "split_caches.bytes.arrays") == used


def test_capacity_of_the_shadow_case_is_not_the_tdp_one() -> None:
    """The ideas for TDP leave shadow paging at 40."""
    assert exact(proposed("tdp-no-objects", SHADOW), f"{DESC}.objects") == 40
    assert exact(proposed("tdp-fewer-objects", SHADOW), f"{DESC}.objects") == 40


def test_a_class_says_what_it_rests_on() -> None:
    figures = ledger("6.1", vm={**SHADOW, "history": "any", "rmaps": ({"count": 10, "entries": 20},)})
    names = {term.name: term for term in figures[f"{DESC}.objects.rmaps"].walk()}
    assert isinstance(names["descriptors"], Term)
    assert "policy 'walk'" in names["descriptors"].note
    assert names["lists"].low == 10
    assert span({"x": names["entries"]}, "x") == (20, 20)
    assert names["pte_list_ext"].low == 14


def chain(term: Term) -> list[str]:
    return [part.name for part in term.walk()]


@pytest.mark.parametrize("kernel", ["5.17", "6.18"], ids=["kvcalloc", "vcalloc"])
def test_memslot_arrays_rest_on_what_was_asked_for(kernel: str) -> None:
    figures = ledger(kernel, vm={**SHADOW, "dirty_log": True})
    group = ["memslots.bytes.rmap_heads", "vms", "rmap_heads"]
    levels = [[f"rmap_heads.{level}", "asked", "rmap_head_bytes"] for level in ("4K", "2M", "1G")]
    assert chain(figures["memslots.bytes.rmap_heads"]) == [*group, *levels[0], *levels[1], *levels[2]]
    levels = [[f"lpage_info.{level}", "asked", "lpage_info_bytes"] for level in ("2M", "1G")]
    group = ["memslots.bytes.lpage_info", "vms", "lpage_info"]
    assert chain(figures["memslots.bytes.lpage_info"]) == [*group, *levels[0], *levels[1]]
    group = ["memslots.bytes.write_track", "vms", "write_track", "write_track.4K", "asked", "write_track_bytes"]
    assert chain(figures["memslots.bytes.write_track"]) == group
    assert chain(figures["memslots.bytes.dirty_bitmap"]) == [
        "memslots.bytes.dirty_bitmap",
        "vms",
        "dirty_bitmap",
        "asked",
    ]


def test_larger_leaves_leave_level_1_alone() -> None:
    """L2's 512 leaves of 2M fill its level 2; 10 lists of 2 have 10 entries more, which need a table of any level.

    1 GiB: no level 1, one table each of level 2, 3 and 4; 522 entries need two tables, and three there are.
    """
    vm = {**NESTED, "paging": "tdp-mmu", "l2_memory": 1 << 30, "l2_leaf": "2M", "rmaps": ({"count": 10, "entries": 2},)}
    figures = ledger("6.18", vm={**vm, "memory": 1 << 30, "leaf": "1G"})
    tdp_tables, shadow = 2, 3 + 10 * 3  # level 3 and 4; each of L2's may split a 2M window, and L1's 1 GiB is one
    assert span(figures, f"{HEADER}.objects.page_tables") == (tdp_tables + 3, tdp_tables + shadow + shadow + 1)


def test_with_the_legacy_mmu_a_pair_is_one_entry_of_each_tree() -> None:
    """L1 and L2 of 1 GiB in 4K leaves: 515 tables each. Naming all 262 144 pairs says nothing new.

    A third entry in 512 of the lists is one that L2's plain tree has not: one table full at least, 512 x 3 at most.
    """
    vm = {**NESTED, "paging": "tdp-legacy", "memory": GIB, "leaf": "4K"}
    pages = f"{HEADER}.objects.page_tables"
    assert span(ledger("6.18", vm=vm), pages) == (1030, 1030)
    assert span(ledger("6.18", vm={**vm, "rmaps": ({"count": 262144, "entries": 2},)}), pages) == (1030, 1030)
    figures = ledger("6.18", vm={**vm, "rmaps": ({"count": 512, "entries": 3},)})
    assert span(figures, pages) == (1031, 1030 + 512 * 3)
    assert span(figures, f"{DESC}.objects.rmaps") == (262144, 262144)
