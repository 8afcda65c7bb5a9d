"""What the total counts beside lists, caches and tables, and what stands below it with its bound."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from builders import GIB, MIB, exact, ledger, scenario, span
from hypothesis import given
from hypothesis import strategies as st

from ptelist.engine import kmalloc, memory_attributes, track_srcu, vmalloc, windows
from ptelist.engine.guest_memory import dimms, memslots, ram, touched_ram
from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from ptelist.engine.ledger import Ledger
    from ptelist.engine.windows import Range

PAGE = 4096
DATA = Path(__file__).parents[1] / "data" / "memslots"
POOL = kmalloc.Pool((8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192), PAGE, PAGE << 10)
TABLE = PAGE + 184
"""A page table with its header."""


# memslots


def traced(name: str) -> dict[int, list[tuple[int, int, bool]]]:
    """Return base, size and dirty logging of the slots that a traced VMM left, by address space, replayed in order."""
    live: dict[int, tuple[int, int, bool]] = {}
    for row in csv.DictReader((DATA / f"{name}.csv").read_text(encoding="utf-8").splitlines()):
        slot, size = int(row["slot"]), int(row["size"], 16)
        live.pop(slot, None)
        if size:
            live[slot] = int(row["base"], 16), size, bool(int(row["flags"], 16) & 1)
    return {space: sorted(found for slot, found in live.items() if slot >> 16 == space) for space in (0, 1)}


@pytest.mark.parametrize(("name", "mib"), [("pc", 256), ("q35", 256), ("pc-nodefaults", 640)])
def test_a_layout_is_what_qemu_asked_kvm_for(name: str, mib: int) -> None:
    """QEMU 7.2 with SeaBIOS on KVM of 6.1.192, traced (AMD: no slots of KVM's own)."""
    found = scenario("6.1", vm={"memory": mib * MIB}, on_host={"vendor": "amd"}, memslots=name)
    slots = memslots(found.host, found.vms[0])
    seen = traced(name)
    assert sorted((first, end - first, logged) for (first, end), logged in slots) == sorted(seen[0] + seen[1])


def test_kvm_s_own_memslots() -> None:
    """One for the APIC on Intel, TSS and identity map without unrestricted guests; each in both address spaces."""

    def count(**host: object) -> int:
        found = scenario("6.18", vm={"smm": False}, on_host=host, memslots="firecracker")
        return len(memslots(found.host, found.vms[0])) - 2

    assert count(vendor="amd") == 0
    assert count(vendor="amd", avic=True) == 2
    assert count(vendor="intel") == 2
    assert count(vendor="intel", unrestricted_guest=False) == 6


@pytest.mark.parametrize(("kernel", "one"), [("6.1", 512), ("6.18", 512)])
def test_a_memslot_is_a_struct_of_its_own(kernel: str, one: int) -> None:
    assert exact(ledger(kernel, vm={"memory": GIB}), "memslots.bytes.structs") == 2 * one
    assert exact(ledger(kernel, vm={"memory": 4 * GIB, "dimms": 3}), "memslots.bytes.structs") == 10 * one


def test_before_5_17_memslots_are_an_array() -> None:
    """5.10: 1040 bytes and 88 a slot, for each address space; one slot more in mid-air."""
    assert span(ledger("5.10", vm={"memory": GIB}), "memslots.bytes.structs") == (2 * 2048, 2 * 2048)
    many = span(ledger("5.10", vm={"memory": GIB, "dimms": 10}), "memslots.bytes.structs")
    assert many == (2 * 2048, 2 * 4096), "1040 + 11 x 88 = 2008, 1040 + 12 x 88 = 2096"


def test_dimms_are_mapped_and_can_be_too_many() -> None:
    found = scenario(vm={"memory": 5 * GIB, "dimms": 2, "dimm_size": 128 * MIB}).vms[0]
    assert dimms(found) == ((6 * GIB, 6 * GIB + 128 * MIB), (6 * GIB + 128 * MIB, 6 * GIB + 256 * MIB))
    with pytest.raises(PtelistError, match=r"vm\.dimms: 511 memslots, more than the 509"):
        scenario("5.10", vm={"memory": 4 * GIB, "dimms": 509})


@given(st.integers(1, 2 * GIB // PAGE), st.integers(0, 4), st.integers(0, 3 * GIB // PAGE))
def test_touched_memory_is_so_much_of_ram(pages: int, count: int, touched: int) -> None:
    """From 0 up, DIMMs after it; holes do not count as touched."""
    whole = pages * PAGE + count * 64 * MIB
    vm = {"memory": pages * PAGE, "dimms": count, "dimm_size": 64 * MIB, "populated": min(touched * PAGE, whole)}
    found = scenario(vm={**vm, "low_memory": GIB}).vms[0]
    spans = touched_ram(found)
    assert sum(end - first for first, end in spans) == vm["populated"]
    assert windows.common(spans, ram(found)) == spans
    assert touched_ram(found._replace(populated=whole)) == ram(found)


def test_tables_follow_what_is_populated_and_slots_do_not() -> None:
    all_, half, none = (ledger(vm={"populated": size}, memslots="q35") for size in (None, 2 * GIB, 0))
    assert [exact(each, "page_tables.bytes.tables") // PAGE for each in (all_, half, none)] == [7, 5, 1]
    assert len({exact(each, "memslots.bytes") for each in (all_, half, none)}) == 1


def test_no_memslot_covers_the_first_window_of_a_pc() -> None:
    """RAM is cut at 640 KiB and 1 MiB, so the lowest 2 MiB are mapped with 4K leaves: one table more."""
    plain, real = (exact(ledger(memslots=name), "page_tables.bytes.tables") for name in ("ram", "pc"))
    assert real - plain == PAGE


@given(st.lists(st.integers(0, 60), unique=True, max_size=8).map(sorted), st.integers(1, 60))
def test_holes_are_cut_out(ends: list[int], size: int) -> None:
    holes = tuple(zip(ends[::2], ends[1::2], strict=False))
    left = windows.without(((0, size),), holes)
    inside = {byte for first, end in left for byte in range(first, end)}
    assert inside == set(range(size)) - {byte for first, end in holes for byte in range(first, end)}
    assert list(left) == sorted(left)


# memory attributes


def brute(indices: set[int], shift: int) -> int:
    """Return the nodes of a radix tree of 2^shift slots a node that has entries at these indices, by building it."""
    nodes = set()
    height = 0
    while max(indices, default=0) >> height * shift:
        height += 1
    for index in indices:
        nodes |= {(level, index >> shift * level) for level in range(1, height + 1)}
    return len(nodes)


SHIFTS = st.integers(4, 6)
SPANS = st.lists(st.integers(0, 9000), unique=True, min_size=2, max_size=6).map(sorted)


@given(SPANS, SHIFTS)
def test_nodes_are_those_of_the_tree(ends: list[int], shift: int) -> None:
    spans: tuple[Range, ...] = tuple(zip(ends[::2], ends[1::2], strict=False))
    indices = {index for first, end in spans for index in range(first, end)}
    assert memory_attributes.nodes(spans, 1, shift) == brute(indices, shift)


@given(SPANS, SHIFTS, st.data())
def test_any_choice_of_private_pages_lies_within_the_bounds(ends: list[int], shift: int, data: st.DataObject) -> None:
    spans: tuple[Range, ...] = tuple(zip(ends[::2], ends[1::2], strict=False))
    indices = [index for first, end in spans for index in range(first, end)]
    stride, start = data.draw(st.integers(1, 200)), data.draw(st.integers(0, len(indices) - 1))
    private = set(indices[start::stride])
    low, high = memory_attributes.bounds(spans, len(private), 1, shift)
    assert low <= brute(private, shift) <= high


def test_what_is_empty_takes_nothing() -> None:
    assert memory_attributes.nodes((), PAGE, 6) == 0
    assert vmalloc.count(((0, 3),), POOL, always=True) == (0, 0, 0)
    assert exact(ledger(vm={"tdx": True, "leaf": "4K", "memory": 0}), "memory_attributes.bytes") == 0


def test_nodes_of_a_tdx_guest() -> None:
    """The audit's: 16,645 nodes of 576 bytes are 9,587,520 bytes for 4 GiB with a hole from 3 GiB on."""
    found = scenario(vm={"tdx": True, "leaf": "4K"}).vms[0]
    nodes = memory_attributes.nodes(ram(found), PAGE, 6)
    assert nodes * 576 == 9_587_520
    low, high = span(ledger("6.18", "laptop", vm={"tdx": True, "leaf": "4K"}), "memory_attributes.bytes")
    assert low == nodes * 584, "the cache has a constructor: 8 bytes more an object"
    assert high == -(-nodes // 28) * (16384 + 256), "28 in a slab of order 2, and 28 x 8 bytes of memcg's"
    assert span(ledger(), "memory_attributes.bytes") == (0, 0)


# dirty logging


def test_splitting_all_of_4_gib() -> None:
    """2M leaves become 2048 tables of 4K ones: some 10 MB with bitmaps, against 1.3 MB before any write."""
    for version, drawn in (("6.18", False), ("5.15", True)):
        vm = {"dirty_log": True, "smm": False, "paging": "tdp-mmu"}
        start, all_, open_ = (ledger(version, vm=vm | {"written": size}) for size in (0, 4 * GIB, None))
        tables = [exact(each, "page_tables.bytes.tables") // PAGE for each in (start, all_)]
        assert tables[1] - tables[0] == 2048
        assert span(open_, "page_tables.bytes.tables") == (tables[0] * PAGE, tables[1] * PAGE)
        assert [term.name for term in open_["page_tables.bytes.tables"].walk() if term.name == "live_tables"] == (
            [] if drawn else ["live_tables"]
        )


@given(st.sets(st.integers(0, 8 * 512 - 1), max_size=40), st.integers(0, 511))
def test_any_choice_of_written_pages_lies_within_the_bounds(pages: set[int], spare: int) -> None:
    memory = (8 * 512 + spare) * PAGE
    figures = ledger(vm={"memory": memory, "dirty_log": True, "written": len(pages) * PAGE})
    plain = exact(ledger(vm={"memory": memory}), "page_tables.bytes.tables")
    low, high = span(figures, "page_tables.bytes.tables")
    assert low <= plain + PAGE * len({page >> 9 for page in pages}) <= high


def test_a_ring_stands_for_the_bitmaps() -> None:
    """65,536 entries of 16 bytes: a MiB a vCPU, its page-pointer array of 2048 bytes, vm_struct and vmap_area."""
    figures = ledger(vm={"dirty_ring": 65536, "vcpus": 3, "written": 0})
    assert exact(figures, "dirty_rings.bytes") == 3 * (MIB + 2048 + 96 + 72)
    assert exact(figures, "memslots.bytes.dirty_bitmap") == 0
    assert exact(ledger(vm={"dirty_ring": 1024, "written": 0}, memslots="q35"), "memslots.bytes.dirty_bitmap") == 0


# what stands beside the total


def test_executable_huge_pages_on_hosts_with_itlb_multihit() -> None:
    """The audit's 8.8 MB: 2048 tables with headers, none by default."""
    assert span(ledger(on_host={"itlb_multihit": True}), "beside.bytes.nx_split_tables") == (0, 2048 * TABLE)
    assert span(ledger(), "beside.bytes.nx_split_tables") == (0, 0)


def test_smm_s_tree() -> None:
    """The audit's 25,680 bytes: a root and three tables for the first MiB, two for the top of RAM."""
    assert span(ledger(memslots="q35"), "beside.bytes.smm_tables") == (0, 25_680)
    assert span(ledger(vm={"smm": False}, memslots="q35"), "beside.bytes.smm_tables") == (0, 0)
    assert span(ledger(vm={"memory": MIB}, memslots="q35"), "beside.bytes.smm_tables") == (0, 4 * TABLE)


def test_devices_have_tables_of_their_own() -> None:
    """Firecracker: windows at 3 GiB, of the I/O APIC and of the APIC, and a table above them."""
    assert span(ledger(memslots="firecracker"), "beside.bytes.device_tables") == (0, 4 * TABLE)
    assert span(ledger(vm={"paging": "shadow"}, memslots="q35"), "beside.bytes.device_tables") == (0, 0)


def test_raw_tables_are_those_of_ram_and_those_beside() -> None:
    """What stands beside has headers too; page tables alone are pages."""
    figures = ledger(vm={"count": 3}, on_host={"itlb_multihit": True}, memslots="q35")
    tables = exact(figures, "page_tables.bytes.tables")
    most = sum(figures[f"beside.bytes.{name}"].high for name in ("device_tables", "smm_tables", "nx_split_tables"))
    assert span(figures, "page_tables.bytes.raw") == (tables, tables + most // TABLE * 4096)
    assert span(ledger(vm={"vcpus_run": 0}, memslots="q35"), "page_tables.bytes.raw") == (0, 0)


def test_raw_tables_of_a_split_log_and_of_shadow_paging_are_all_there_are() -> None:
    for vm in ({"dirty_log": True, "written": 0, "smm": False}, {"paging": "shadow"}):
        figures = ledger(vm=vm)
        assert span(figures, "page_tables.bytes.raw") == span(figures, "page_tables.bytes.tables")


def test_sheaves() -> None:
    """The audit's 65,536..151,552 bytes at 64 CPUs, and per-CPU pointers and barns: 2 x (64 x 32 + 64)."""
    heads = 2 * (64 * 32 + 64)
    assert span(ledger("7.3", "server-64"), "beside.bytes.sheaves") == (65_536 + heads, 151_552 + heads)
    assert span(ledger("6.18", "server-64"), "beside.bytes.sheaves") == (0, 0)
    assert span(ledger("7.3", on_host={"slub_debug": "F"}), "beside.bytes.sheaves") == (0, 0)


@pytest.mark.parametrize(
    ("kernel", "external", "cpus", "expected"),
    [
        ("5.10", False, 64, (24_576, 24_576)),
        ("6.1", False, 64, (24_576, 24_576 + 512)),
        ("6.1", False, 128, (49_152 + 1024, 49_152 + 1024)),
        ("6.18", False, 64, (0, 0)),
        ("6.18", True, 64, (24_576 + 512, 24_576 + 1024)),
    ],
)
def test_track_srcu(kernel: str, external: bool, cpus: int, expected: tuple[int, int]) -> None:
    figures = ledger(kernel, on_host={"cpus": cpus, "external_write_tracking": external})
    assert span(figures, "track_srcu.bytes") == expected


@pytest.mark.parametrize(("cpus", "nodes"), [(1, 1), (16, 1), (17, 3), (1024, 65), (1040, 68)])
def test_nodes_of_a_combining_tree(cpus: int, nodes: int) -> None:
    assert track_srcu.tree_nodes(cpus, 16, 64) == nodes


@pytest.mark.parametrize(
    ("field", "value", "cpus", "expected"),
    [
        ("srcu_big_cpus", 64, 64, (24_576 + 512, 24_576 + 512)),  # 4 leaves and a root of 96 bytes: from the start
        ("srcu_fanout", (2, 64), 64, (24_576, 24_576 + 4096)),  # 32 leaves and a root: 3,168 bytes
    ],
)
def test_the_nodes_of_track_srcu_are_as_the_profile_says(
    field: str, value: Any, cpus: int, expected: tuple[int, int]
) -> None:
    figures = ledger("6.1", on_host={"cpus": cpus}, on_kernel={field: value})
    assert span(figures, "track_srcu.bytes") == expected


@given(st.integers(0, 1 << 34))
def test_areas_cover_the_array_and_its_page_pointers(size: int) -> None:
    found = vmalloc.areas(size, POOL)
    pages = kmalloc.pages_of(size, PAGE)
    assert found[:1] == ((pages,) if size else ())
    assert all(after == kmalloc.pages_of(before * 8, PAGE) for before, after in pairwise(found))
    assert not found or found[-1] * 8 <= PAGE


@given(st.integers(1, 1 << 21), st.integers(0, 1 << 20))
def test_page_tables_of_an_area_wherever_it_lies(pages: int, start: int) -> None:
    size = pages * PAGE
    last = start + pages  # the guard page
    needed = last // 512 - start // 512 + 1 + last // 512**2 - start // 512**2 + 1
    assert needed <= vmalloc.count(((size, 1),), POOL, always=True).tables


@pytest.mark.parametrize(
    ("fields", "kernel", "text"),
    [
        ({"populated": 5 * GIB}, "6.18", "populated: 5 GiB are more than the 4 GiB of the VM"),
        ({"dirty_ring": 1024}, "5.10", "dirty_ring: kernel 5.10 has no dirty rings"),
        ({"dirty_ring": 1500}, "6.18", "dirty_ring: 1500 entries: KVM takes a power of two"),
        ({"private_memory": GIB}, "6.6", "private_memory: kernel 6.6 has no memory attributes"),
        (
            {"slots": ({"name": "here", "base": GIB, "size": PAGE},)},
            "6.18",
            "slots: memslots at 0x0 and 0x40000000 overlap",
        ),
    ],
)
def test_what_cannot_be(fields: dict[str, object], kernel: str, text: str) -> None:
    with pytest.raises(PtelistError, match=text):
        scenario(kernel, vm=fields)


@pytest.mark.parametrize(
    ("host", "paging", "least"),
    [
        ({"vendor": "intel"}, "tdp", 1024),
        ({"vendor": "intel", "pml": False}, "tdp", 256),
        ({"vendor": "intel"}, "shadow", 256),
        ({"vendor": "amd"}, "tdp", 256),
    ],
)
def test_a_dirty_ring_has_room_for_what_kvm_keeps_free(host: dict[str, object], paging: str, least: int) -> None:
    """64 entries and PML's 512 (Intel with EPT), to the next power of two; else a page: 256 of 16 bytes."""
    vm = {"paging": paging, "dirty_ring": least}
    assert scenario(vm=vm, on_host=host).vms[0].dirty_ring == least
    with pytest.raises(PtelistError, match=f"{least // 2} entries: .* so it takes {least} or more"):
        scenario(vm=vm | {"dirty_ring": least // 2}, on_host=host)


@pytest.mark.parametrize("figure", ["memory_attributes.bytes", "pte_list_desc.slabs", "kvm_mmu_page_header.slabs"])
def test_an_aged_host_contains_fresh_ones(figure: str) -> None:
    """Whatever is on a host that was filled by any CPU may be on one with a history."""

    def of(filling: str) -> Ledger:
        return ledger("7.2", "server-64", {"private_memory": 2 * MIB}, on_host={"filling": filling})

    spread, aged = of("spread")[figure], of("aged")[figure]
    assert aged.low <= spread.low
    assert spread.high <= aged.high


@pytest.mark.parametrize(("filling", "reason"), [("spread", "slabs of their own"), ("aged", "no peak of VMs bounds")])
def test_why_attributes_are_open(filling: str, reason: str) -> None:
    """The page cache shares radix_tree_node: whatever it left, a node may lie in a slab alone."""
    vm = {"private_memory": 4 * GIB, "count": 2, "peak_count": 3 if filling == "aged" else None}
    figure = ledger("7.2", vm=vm, on_host={"filling": filling})["memory_attributes.bytes"]
    (term,) = (each for each in figure.walk() if each.name == "mem_attr_array")
    assert reason in term.note
