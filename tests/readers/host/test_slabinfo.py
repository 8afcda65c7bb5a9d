"""/proc/slabinfo: real rows, and what SLUB would not write."""

from __future__ import annotations

import pytest
from machines import SLABINFO

from ptelist.errors import PtelistError
from ptelist.readers.host.slabinfo import SlabinfoRow, parse


def test_rows() -> None:
    assert parse(SLABINFO, "x") == {
        "kvm_mmu_page_header": SlabinfoRow(352, 352, 184, 22, 1, 16),
        "pid": SlabinfoRow(416, 416, 128, 32, 1, 13),
        "TCP": SlabinfoRow(12, 12, 2560, 12, 8, 1),
    }


def test_a_name_may_have_blanks() -> None:
    assert parse(SLABINFO.replace("TCP   ", "my cache 7"), "x")["my cache 7"] == SlabinfoRow(12, 12, 2560, 12, 8, 1)


def test_statistics_of_a_debug_kernel_are_passed_over() -> None:
    head, *rows = SLABINFO.splitlines()
    text = "\n".join([f"{head} (statistics)", *(f"{row} : globalstat 1 2" if row[0] != "#" else row for row in rows)])
    assert parse(text, "x") == parse(SLABINFO, "x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x:1: not a copy of /proc/slabinfo"),
        ("hello\n", "x:1: not a copy of /proc/slabinfo"),
        (SLABINFO + "pid 1 2 3\n", 'x:6: not a row of slabinfo: "pid 1 2 3"'),
        (SLABINFO.replace("352    184", "352    -184"), "x:3: not a row of slabinfo"),
        (SLABINFO.replace("128   32", "128    0"), "x:4: pid: a slab has objects"),
        (
            SLABINFO.replace("tunables    0    0    0", "tunables  120   60    8"),
            "x:3: kvm_mmu_page_header has tunables",
        ),
    ],
)
def test_anything_else_is_named(text: str, message: str) -> None:
    with pytest.raises(PtelistError) as caught:
        parse(text, "x")
    assert str(caught.value).startswith(message)
