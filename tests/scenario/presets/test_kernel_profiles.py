"""The shipped presets: complete, sourced, and as the facts say, field by field."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from builders import scenario

from ptelist.scenario.models import Kernel
from ptelist.scenario.presets import shipped
from ptelist.scenario.presets.kinds import KINDS
from ptelist.settings import named
from ptelist.settings.columns import expand

DATA = Path(__file__).parents[2] / "data" / "kernels.toml"
FACTS = tomllib.loads(DATA.read_text(encoding="utf-8"))
COMMON: dict[str, Any] = FACTS["common"]
BY_VERSION: dict[str, dict[str, Any]] = {each["version"]: each for each in FACTS["kernel"]}
VERSIONS = shipped.names("kernels")
READ = [version for version in VERSIONS if version in BY_VERSION]
"""Those that the facts are of: a later version needs no facts to ship."""
UNTRACED = {"version", "tree", "seen", "stable"}
MESSAGE_ID = re.compile(r"[^@\s<>]+@[\w.-]+")


def profile(version: str) -> Kernel:
    return scenario(version).kernel


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def is_from(version: str, first: str) -> bool:
    return number(version) >= number(first)


def test_the_facts_are_of_the_oldest_versions_without_a_gap() -> None:
    assert list(VERSIONS[: len(READ)]) == sorted(BY_VERSION, key=number)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_profile_loads_and_names_itself(version: str) -> None:
    kernel = profile(version)
    assert kernel.version == version
    assert kernel.tree
    assert named.load(version, "kernels").about["title"] == f"Linux {version}"


@pytest.mark.parametrize("version", VERSIONS)
def test_each_value_has_a_source(version: str) -> None:
    fields = named.load(version, "kernels").overlay.kernel
    assert set(Kernel._fields) - Kernel._field_defaults.keys() <= fields.keys() <= set(Kernel._fields)
    sources = scenario(version).sources
    for name in fields.keys() - UNTRACED:
        assert len(fields[name].source) > 8, f"{name} has no source"
        assert sources[f"kernel.{name}"].text.startswith(fields[name].source)


@pytest.mark.parametrize("version", READ)
def test_seen_is_what_the_facts_say(version: str) -> None:
    """A version whose tree nobody has read says so."""
    kernel = profile(version)
    assert kernel.seen is BY_VERSION[version]["seen"]


UNSEEN = {"5.18", "6.11", "6.15", "6.16"}


def test_which_versions_are_unseen() -> None:
    assert {version for version in READ if not profile(version).seen} == UNSEEN


@pytest.mark.parametrize(
    ("version", "field"),
    [
        ("5.11", "memslot_alloc"),
        ("5.12", "memslot_alloc"),
    ],
)
def test_unverified_values_stay_marked(version: str, field: str) -> None:
    assert scenario(version).sources[f"kernel.{field}"].unverified


@pytest.mark.parametrize("version", ["7.2", "7.3"])
def test_the_commit_that_nobody_named_stays_so(version: str) -> None:
    assert "commit not identified" in scenario(version).sources["kernel.rmaps_stat"].text


PAGE_HASH = {"embedded": "embedded", "deferred": "deferred_kvcalloc"}
OF_FACTS = {"5.15": "5.15.85", "6.12": "6.12.107"}
"""The stable release that the facts were read in, where a later one of the series differs."""
SLAB_EXT = {8: "pointer", "8_or_16": "struct", "8_per_slot": "slots"}
POLICIES = {
    ("first_nonfull_tail_append", "fill_from_same_desc"): "walk",
    ("head_prepend", "fill_from_head"): "head",
}


@pytest.mark.parametrize("version", READ)
def test_a_profile_agrees_with_the_facts(version: str) -> None:
    kernel, fact = profile(OF_FACTS.get(version, version)), BY_VERSION[version]
    size = kernel.pte_list_desc_fixed_bytes + kernel.pte_list_ext * kernel.spte_pointer_bytes
    # In era A only the pointer to the next one lies beside sptes[], and behind it.
    behind = 8 if fact["era"] == "A" else 0
    split = kernel.spte_ent_per_page + 1 if kernel.split_caches else 0
    got = {
        "pte_list_ext": kernel.pte_list_ext,
        "desc_header_bytes": kernel.pte_list_desc_fixed_bytes - behind,
        "desc_size": size,
        "topup_min": 1 + kernel.pt64_root_max_level + kernel.pte_prefetch_num,
        "cache_capacity": kernel.cache_capacity,
        "split_desc_min": split,
        "split_desc_capacity": split and split + kernel.cache_capacity,
        "mmu_page_header_size": kernel.kvm_mmu_page_bytes,
        "topup_pte_list_desc_when": kernel.topup_pte_list_desc,
        "rmap_lazy": kernel.rmap_lazy,
        "tdp_mmu_default": kernel.tdp_mmu_default,
        "memory_cache_array": kernel.memory_cache_array,
        "shadowed_info_max_level": kernel.shadowed_info_max_level,
        "page_hash": PAGE_HASH[kernel.page_hash],
        "rmaps_stat": kernel.rmaps_stat,
    }
    assert got == {name: fact[name] for name in got}
    assert kernel.list_policy == POLICIES[fact["insert_policy"], fact["remove_policy"]]
    assert (kernel.write_track_lazy == "never") is (fact["write_track_lazy"] == "never")
    assert kernel.obj_ext == SLAB_EXT[fact["slab_ext_bytes"]]
    assert kernel.obj_ext_bytes == 8
    assert bool(kernel.slub_sheaf_capacity) is fact.get("slab_sheaves_all", False)
    assert (kernel.memory_cache_array == "embedded") is (fact["memory_cache_struct_bytes"] == 16 + 40 * 8)
    common = {
        "pt64_root_max_level": kernel.pt64_root_max_level,
        "pte_prefetch_num": kernel.pte_prefetch_num,
        "cache_capacity": kernel.cache_capacity,
        "page_cache_min": kernel.page_topup_min,
        "rmap_recycle_threshold": kernel.rmap_recycle_threshold,
        "rmap_max_stable_entries": kernel.rmap_recycle_threshold + 1,
        "rmap_head_bytes": kernel.rmap_head_bytes,
        "lpage_info_bytes": kernel.lpage_info_bytes,
        "write_track_bytes": kernel.write_track_bytes,
        "shadow_page_bytes": kernel.page_bytes,
        "mmu_page_hash_bytes": kernel.page_hash_bytes,
    }
    assert common == {name: COMMON[name] for name in common}


@pytest.mark.parametrize("version", READ)
def test_slub_values_by_version(version: str) -> None:
    """slub-versions.md: the order form is new in 6.7, present CPUs in 5.11, slab counts in 5.16, sheaves in 7.0."""
    kernel = profile(version)
    new = is_from(version, "6.7")
    assert (kernel.slub_order_form, kernel.slub_fractions) == (
        ("fixed", (16, 8, 4, 2)) if new else ("loop", (16, 8, 4))
    )
    assert kernel.slub_cpus == ("present" if is_from(version, "5.11") else "nr_cpu_ids")
    assert kernel.slub_track_bytes == (32 if is_from(version, "5.19") else 152)
    assert (kernel.slub_max_order, kernel.slub_max_objects, kernel.slub_min_partial) == (3, 32767, (5, 10))
    assert (kernel.slub_shrink_promote, kernel.slub_flush_batch, kernel.slub_lookahead) == (32, 32, 3)
    assert (kernel.srcu_fanout, kernel.srcu_big_cpus, kernel.xa_chunk_shift) == ((16, 64), 128, 6)
    partial = ((256, 30), (1024, 13), (4096, 6), (0, 2))
    if is_from(version, "5.16"):
        partial = ((256, 120), (1024, 52), (4096, 24), (0, 6))
    sheaves = is_from(version, "7.0")
    assert kernel.slub_cpu_partial == (() if sheaves else partial)
    if not sheaves:
        assert kernel.slub_cpu_partial_unit == ("slabs" if is_from(version, "5.16") else "objects")
    assert kernel.slub_sheaf_capacity == (((256, 60), (1024, 28), (4096, 12), (0, 4)) if sheaves else ())
    assert (kernel.slub_sheaves_per_cpu, kernel.slub_sheaves_per_node) == ((2, 10) if sheaves else (0, 0))
    assert kernel.obj_ext_in_tail is sheaves
    assert kernel.max_page_order == 10
    assert kernel.kmalloc_buckets == (8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192)


@pytest.mark.parametrize("version", READ)
def test_other_values_by_version(version: str) -> None:
    """kvm-facts.md sections 3 to 6."""
    kernel = profile(version)
    assert kernel.external_spt_cache is is_from(version, "6.14")
    assert kernel.split_caches is is_from(version, "6.0")
    stable = version in {"5.10", "5.15"}
    assert kernel.memslot_alloc == ("vcalloc" if stable or is_from(version, "5.18") else "kvcalloc")
    assert (kernel.shadow_page_divisor, kernel.shadow_page_least, kernel.shadow_page_min_free) == (50, 64, 5)
    assert (kernel.shadow_page_refill, kernel.shadow_pages_at_once) == (25, 4)
    assert kernel.pae_roots == (1 if is_from(version, "5.17") else 2)
    assert kernel.spte_ent_per_page == 512
    assert kernel.spte_pointer_bytes == 8
    unset = (kernel.pte_list_ext_tdp, kernel.pte_list_desc_capacity, kernel.pte_list_desc_capacity_tdp)
    assert unset == (None, None, None)
    assert not kernel.capacity_below_minimum
    assert not kernel.shadow_page_caches_per_node


ALL = [(kind, name) for kind in KINDS for name in shipped.names(kind)]


def test_preset_names_are_unique_across_kinds() -> None:
    """`ptelist compare NAME` must mean one preset."""
    assert [name for name, count in Counter(name for _, name in ALL).items() if count > 1] == []


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_a_preset_makes_a_valid_scenario(kind: str, name: str) -> None:
    preset = named.load(name)
    assert (preset.kind, preset.name) == (kind, name)
    assert preset.about["title"]
    columns = expand((), [(kind if kind == "memslots" else kind.removesuffix("s"), name)]).columns
    assert len(columns) == 1
    model = columns[0].scenario
    if kind == "configs":
        assert model.config.name == name
    if kind == "hosts":
        assert model.host.name == name
    if kind == "vms":
        assert model.vms[0].name == name
    if kind == "proposals":
        assert model.proposals == (name,)


def test_each_kernel_says_what_its_version_changed_and_nothing_else() -> None:
    """The oldest is whole; each later one begins from the one before, without what stable releases changed there."""
    versions = shipped.names("kernels")
    folder = shipped.root() / "kernels"
    said = {name: tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8")) for name in versions}
    assert "extends" not in said[versions[0]]
    known: dict[str, object] = {}
    for older, name in zip((None, *versions), versions, strict=False):
        assert said[name].get("extends") == older
        own = {field: value for field, value in said[name]["kernel"].items() if field not in shipped.OF_A_SERIES}
        assert [field for field, value in own.items() if known.get(field) == value] == []
        known |= own


PROPOSALS = [name for name in shipped.names("proposals") if name != "none"]


@pytest.mark.parametrize("name", PROPOSALS)
def test_a_proposal_says_who_when_and_what_became_of_it(name: str) -> None:
    about = named.load(name, "proposals").about
    assert MESSAGE_ID.fullmatch(about["message_id"])
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", about["date"])
    assert about["author"]
    assert about["status"].startswith(("not merged", "merged", "an idea in the thread, no patch"))


@pytest.mark.parametrize("name", PROPOSALS)
def test_what_a_proposal_sets_names_its_mail(name: str) -> None:
    preset = named.load(name, "proposals")
    assert not preset.overlay.host
    assert not preset.overlay.vm
    for setting in preset.overlay.kernel.values():
        assert MESSAGE_ID.search(setting.source)


def test_the_proposal_none_changes_nothing() -> None:
    preset = named.load("none", "proposals")
    assert preset.about["status"] == "merged"
    assert not preset.overlay.kernel


@pytest.mark.parametrize(
    ("name", "message_id"),
    [
        ("ulong-count", "20220624232735.3090056-2-seanjc@google.com"),
        ("defer-mmu-setup", "20220624232735.3090056-3-seanjc@google.com"),
        ("shrink-tdp", "20220624232735.3090056-4-seanjc@google.com"),
        ("topup-iff-rmaps", "20220624232735.3090056-5-seanjc@google.com"),
        ("small-caches-v3", "20221222023457.1764-10-vipinsh@google.com"),
        ("small-caches-v4", "20230306224127.1689967-19-vipinsh@google.com"),
        ("tdp-fewer-objects", "Ys4Qx1RxmWrtQ8it@xz-m1.local"),
        ("tdp-no-objects", "Ys33RtxeDz0egEM0@xz-m1.local"),
    ],
)
def test_message_ids_of_proposals(name: str, message_id: str) -> None:
    assert named.load(name, "proposals").about["message_id"] == message_id
