"""A whole QEMU VM, as recorded: what its cgroup was charged is explained, the MMU's part by what ptelist prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from kernel import life, qemu_vm
from kernel.qemu_charge import TABLES, Charge, table

if TYPE_CHECKING:
    from pathlib import Path

every_record = pytest.mark.parametrize("path", qemu_vm.recorded(), ids=lambda path: path.stem)
OPEN = {TABLES, "kvm_mmu_page_header.bytes.used", "shadow_pages.bytes"}
"""How many tables were drawn since the caches were last filled, and which devices were touched, nothing tells."""


def load(path: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record


def test_there_are_records() -> None:
    assert {path.stem for path in qemu_vm.recorded()} == {
        *("6.1-pc", "6.1-amd64-pc", "6.12-pc", "7.3-pc"),
        *("6.1-q35", "7.3-q35"),
    }


@every_record
def test_what_is_the_mmus_is_predicted(path: Path) -> None:
    compared = Charge(load(path)).compared()
    assert not [each for each in compared if not each.agrees]
    seen = {each.figure for each in compared if each.measured}
    arrays = {"memslots.bytes.lpage_info", "memslots.bytes.dirty_bitmap", "memslots.bytes.structs"}
    assert {*arrays, *OPEN, "vcpu_caches.bytes.arrays", "pte_list_desc.objects"} <= seen


@every_record
def test_what_is_open_of_it_is_so_for_a_reason(path: Path) -> None:
    for each in Charge(load(path)).compared():
        if each.figure in OPEN:
            assert each.low < each.high
            assert each.why
        else:
            assert each.low == each.measured


@every_record
def test_slabinfo_has_the_headers_that_were_asked_for(path: Path) -> None:
    counted, asked = Charge(load(path)).headers()
    assert counted == asked


@every_record
def test_the_mmu_takes_nothing_that_no_figure_has(path: Path) -> None:
    assert Charge(load(path)).unclaimed() == []


@every_record
def test_vmallocinfo_has_the_pages_that_were_charged(path: Path) -> None:
    areas = Charge(load(path)).areas()
    assert {name for name in areas if life.MMU.fullmatch(name)}
    others = {name: size - charged for name, (size, charged) in areas.items() if size != charged}
    assert set(others) == {"fpu_alloc_guest_fpstate"}  # which asks for it without __GFP_ACCOUNT


@every_record
def test_nothing_is_unexplained(path: Path) -> None:
    charge = Charge(load(path))
    *explained, of_slab, of_pages = charge.rows()
    assert sum(row.bytes for row in explained) == charge.stat["kernel"]
    assert (of_slab.what, of_slab.bytes) == ("unexplained, of slab", 0)
    assert (of_pages.what, of_pages.bytes) == ("unexplained, of pages", 0)
    assert all(row.bytes >= 0 for row in explained)


@every_record
def test_an_allocation_that_was_missed_is_printed_as_unexplained(path: Path) -> None:
    record = load(path)
    record["stat"]["slab"] += 5000
    record["stat"]["kernel"] += 12288
    *_, of_slab, of_pages = Charge(record).rows()
    assert of_slab.bytes == 5000
    assert 0 < of_pages.bytes < 12288
    assert f"{5000:>10,}  unexplained, of slab" in table(record)


@every_record
def test_a_record_is_written_as_it_is(path: Path) -> None:
    assert qemu_vm.render(load(path)) == path.read_text(encoding="utf-8")
