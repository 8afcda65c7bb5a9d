"""Figures can be found: each has a meaning, and is named whole, by its group or by a pattern."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from ptelist.compare.single import single
from ptelist.errors import PtelistError
from ptelist.figures.meanings import MEANINGS
from ptelist.figures.names import one, select
from ptelist.presets import shipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

SCENARIOS = [
    *((name, []) for name in shipped.names("vms")),
    *((None, [("kernel", name)]) for name in shipped.names("kernels")),
    (None, [("filling", "aged"), ("peak-vms", "2")]),
]


def test_every_figure_has_a_meaning_and_every_meaning_a_figure() -> None:
    figures = {
        name for preset, options in SCENARIOS for name in single((preset,) if preset else (), options, "").ledgers[0]
    }
    assert figures == set(MEANINGS)


@pytest.mark.parametrize(
    ("wanted", "figures"),
    [
        (["mmu.bytes.total"], ["mmu.bytes.total"]),
        (["mmu.bytes.total", "mmu"], ["mmu.bytes.total"]),
        (["*.slabs"], ["pte_list_desc.slabs", "kvm_mmu_page_header.slabs"]),
        (["page_tables"], [name for name in MEANINGS if name.startswith("page_tables.")]),
        (["pte_list_desc.bytes.wast?"], ["pte_list_desc.bytes.waste"]),
    ],
)
def test_names_groups_and_patterns(wanted: list[str], figures: list[str]) -> None:
    assert select(wanted, MEANINGS) == figures


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ("slabs", "did you mean pte_list_desc.slabs or kvm_mmu_page_header.slabs?"),
        ("erratum", "did you mean beside.bytes.nx_split_tables?"),
        ("mmu.bytes.totel", "did you mean mmu.bytes.total"),
        ("*.nothing", "ptelist figures lists them all"),
        ("bytes.total", "did you mean"),
    ],
)
def test_what_names_no_figure_is_told_with_what_may_be_meant(wanted: str, hint: str) -> None:
    with pytest.raises(PtelistError, match=f'no figure "{wanted.replace("*", ".")}".*') as error:
        select([wanted], MEANINGS)
    assert hint in str(error.value)


def test_where_one_figure_is_wanted_a_group_of_one_will_do() -> None:
    assert one("mmu", MEANINGS) == "mmu.bytes.total"
    with pytest.raises(PtelistError, match=r'"memslots" names 7 figures: memslots\.bytes, .*; one is wanted'):
        one("memslots", MEANINGS)


def test_the_list_says_unit_and_meaning(run: Callable[..., Result]) -> None:
    text = run("figures", "page_hash", "*.ext").stdout
    assert text.splitlines() == [
        "page_hash",
        "  bytes  bytes    the hash of shadow pages by gfn, of each VM",
        "pte_list_desc",
        "  ext    entries  PTE_LIST_EXT: SPTEs that a descriptor has room for",
        "",
        "$ ptelist figures page_hash '*.ext'",
    ]
    rows = list(csv.DictReader(io.StringIO(run("figures", "--format", "csv").stdout)))
    assert {row["figure"]: row["meaning"] for row in rows} == MEANINGS
    found = json.loads(run("figures", "*.slabs", "--format", "json").stdout)["figures"]
    assert {name: each["unit"] for name, each in found.items()} == {
        "pte_list_desc.slabs": "slabs",
        "kvm_mmu_page_header.slabs": "slabs",
    }
