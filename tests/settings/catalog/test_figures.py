"""Figures can be found: each has a meaning, and is named whole, by its group or by a pattern."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING

import pytest

from ptelist.compare.single import single
from ptelist.errors import PtelistError
from ptelist.scenario.models import Kernel
from ptelist.scenario.presets import shipped
from ptelist.settings.catalog.meanings import MEANINGS
from ptelist.settings.catalog.names import one, select

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

BUILT = r"(kvm|vcpu)_(vmx|svm|tdx)_bytes|memslot_hash_bytes"
"""What only a build tells."""

SCENARIOS = [
    *((name, []) for name in shipped.names("vms")),
    *((None, [("kernel", name)]) for name in shipped.names("kernels")),
    (None, [("filling", "aged"), ("peak-vms", "2")]),
    (None, [("set", f"kernel.{field}=7000") for field in Kernel._field_defaults if re.fullmatch(BUILT, field)]),
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


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        ("compare --figure memslots.*", 7),
        ("compare --figure memslots --figure memslots.bytes", 7),
        ("show --figure *.slabs --figure mmu", 3),
        ("fleet {inventory} --figure page_tables", 6),
    ],
)
def test_commands_take_groups_and_patterns(run: Callable[..., Result], tmp_path: Path, words: str, rows: int) -> None:
    inventory = tmp_path / "hosts.csv"
    inventory.write_text("host,kernel,cpus,nodes,vcpus,memory\na,6.1,8,1,2,4GiB\n", encoding="utf-8")
    done = run(*words.format(inventory=inventory).split(), "--format", "csv")
    assert done.exit_code == 0, done.stderr
    assert len({row["figure"] for row in csv.DictReader(io.StringIO(done.stdout))}) == rows


def test_a_fleet_has_no_sum_of_what_is_the_same_for_each_object(run: Callable[..., Result], tmp_path: Path) -> None:
    """A group leaves it out; named, it is refused."""
    inventory = tmp_path / "hosts.csv"
    inventory.write_text("host,kernel,cpus,nodes,vcpus,memory\na,6.1,8,1,2,4GiB\n", encoding="utf-8")
    text = run("fleet", str(inventory), "--figure", "pte_list_desc").stdout
    assert "pte_list_desc.slabs" in text
    assert "pte_list_desc.stride" not in text
    assert run("fleet", str(inventory), "--figure", "pte_list_desc.stride").exit_code == 2


@pytest.mark.parametrize("command", ["sweep --vcpus 1..3 --figure", "sensitivity --figure", "explain"])
def test_where_one_figure_is_wanted(run: Callable[..., Result], command: str) -> None:
    assert run(*command.split(), "mmu").exit_code == 0
    done = run(*command.split(), "memslots")
    assert (done.exit_code, "one is wanted" in done.stderr) == (2, True)
