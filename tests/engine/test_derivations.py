"""What each figure rests on: the terms that `explain` shows, read off the rules by hand (law L9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import helpers
import pytest
from builders import GIB, ledger
from ledger_laws import follows_from_parts, says_why

from ptelist.engine.ledger import Op
from ptelist.engine.trees import shadow_page_limit
from ptelist.scenario.presets import versions

if TYPE_CHECKING:
    from ptelist.engine.ledger import Ledger, Term

DESC, HEADER = "pte_list_desc", "kvm_mmu_page_header"
SHADOW = {"paging": "shadow", "leaf": "4K"}
NESTED = {"nested": True, "l2_memory": GIB}
FULL = {**NESTED, "caches": "topped-up"}
LISTS: dict[str, Any] = {**SHADOW, "history": "any", "rmaps": ({"count": 10, "entries": 20},)}
LIMITED = {"shadow_page_divisor": 1 << 20, "shadow_page_least": 1}


def levels(count: int, memory: str = "memory") -> list[str]:
    return [name for level in range(1, count + 1) for name in (f"level_{level}", memory, "low_memory")]


def below(term: Term) -> list[str]:
    return [part.name for part in term.walk()][1:]


def parts(term: Term) -> list[str]:
    return [part.name for part in term.parts]


def below_root(*tables: str) -> list[str]:
    return ["tables", *tables, "objects_per_table"]


RUN = ["vcpus", "cache_capacity"]
FILLED = ["filled", *RUN]
TDP = ["tdp_tables", *levels(4)]
TWO = [*TDP, "shadow_tables", *levels(4, "l2_memory")]
HEADERS = [*FILLED, "tables", *below_root(*TWO)]
"""What was filled in, what was drawn from it."""
SPLIT_DESC = ["split_desc_capacity", "split_desc_min", "spte_ent_per_page", "cache_capacity"]
CAPACITY_ARRAY = ["array", "cache_capacity"]


@pytest.mark.parametrize(
    ("figure", "kernel", "vm", "expected"),
    [
        (f"{DESC}.ext", "6.1", {}, []),
        (f"{DESC}.size", "6.1", {}, ["pte_list_desc_fixed_bytes", "sptes", "pte_list_desc.ext", "spte_pointer_bytes"]),
        (f"{HEADER}.size", "6.1", {}, []),
        (f"{DESC}.objects.vcpu_caches", "6.1", {}, ["vms", *RUN]),
        (f"{DESC}.objects.vcpu_caches", "6.1", {"vcpus_run": 1}, ["vms", "vcpus_run", "cache_capacity"]),
        (f"{DESC}.objects.vcpu_caches", "6.1", NESTED, ["vms", *RUN]),
        (f"{HEADER}.objects.vcpu_caches", "6.1", {**NESTED, "leaf": "4K"}, ["vms", "left", *HEADERS, "page_topup_min"]),
        (
            *(f"{HEADER}.objects", "6.1", {**NESTED, "leaf": "4K"}),
            ["vms", "headers", "tables", *below_root(*TWO), "left", *HEADERS, "page_topup_min"],
        ),
        (
            *("vcpu_caches.bytes.pages", "6.1", {**SHADOW, "caches": "topped-up"}),
            ["vms", "pages", "filled", "vcpus", "shadow_page_caches", "cache_capacity", *FILLED, "page_bytes"],
        ),
        (
            *("vcpu_caches.bytes.pages", "7.3", {"tdx": True, "leaf": "4K", "caches": "topped-up"}),
            ["vms", "pages", "filled", "vcpus", "shadow_page_caches", "cache_capacity", *FILLED, "page_bytes"],
        ),
        (
            *("vcpu_caches.bytes.arrays", "6.1", {}),
            [
                *("vms", "vcpus", "arrays", *CAPACITY_ARRAY),
                *("page_arrays", "caches", "page_header_caches", "page_caches", "shadow_page_caches", *CAPACITY_ARRAY),
            ],
        ),
        ("embedded.bytes", "5.10", {"vcpus_run": 1}, ["vms", "vcpus", "embedded_arrays", "cache_capacity"]),
        (f"{DESC}.objects.split_caches", "6.1", {**NESTED, "eager_split": True}, ["vms", *SPLIT_DESC]),
        (f"{HEADER}.objects.split_caches", "6.1", {**FULL, "eager_split": True}, ["vms", "cache_capacity"]),
        (
            "split_caches.bytes.pages",
            "6.1",
            {**FULL, "eager_split": True},
            ["vms", "cache_capacity", "page_bytes"],
        ),
        (
            *("split_caches.bytes.arrays", "6.1", {**NESTED, "eager_split": True}),
            [
                "vms",
                "arrays",
                "array",
                *SPLIT_DESC,
                *CAPACITY_ARRAY,
                "page_arrays",
                "split_shadow_page_caches",
                *CAPACITY_ARRAY,
            ],
        ),
        (
            *(f"{DESC}.objects.rmaps", "6.1", LISTS),
            ["vms", "rmaps", "class", "lists", "entries", "descriptors", "entries", "pte_list_ext"],
        ),
        (
            *(f"{DESC}.objects.rmaps", "6.1", {**NESTED, "paging": "tdp-legacy", "leaf": "4K"}),
            ["vms", "rmaps", "class", "lists", "entries", "descriptors", "entries", "pte_list_ext"],
        ),
        (
            *(f"{DESC}.objects.parent_ptes", "6.1", {**SHADOW, "parent_ptes": ({"count": 1, "entries": 2},)}),
            ["vms", "parent_ptes", "class", "lists", "entries", "descriptors", "entries", "pte_list_ext"],
        ),
        (f"{DESC}.objects.parent_ptes", "6.1", SHADOW, ["vms", "parent_ptes"]),
        (f"{HEADER}.objects.page_tables", "6.1", {}, ["vms", *below_root(*TDP)]),
        (
            *(f"{HEADER}.objects.page_tables", "6.1", {**NESTED, "leaf": "4K", "root_level": 5}),
            ["vms", *below_root("tdp_tables", *levels(5), "shadow_tables", *levels(5, "l2_memory"))],
        ),
        ("page_tables.bytes.tables", "6.1", {}, ["vms", "tables", "tdp_tables", *levels(4), "page_bytes"]),
        (
            *("page_tables.bytes.tables", "7.3", {"tdx": True, "leaf": "4K"}),
            ["vms", "tables", "tdp_tables", *levels(4), "shared_root", "page_bytes"],
        ),
        (
            *("page_tables.bytes.shadowed_info", "6.1", SHADOW),
            ["vms", "shadowed_info", "tables", *below_root("shadow_tables", *levels(4)), "page_bytes"],
        ),
        (
            *("page_tables.bytes.external", "7.3", {"tdx": True, "leaf": "4K"}),
            ["vms", "external_spt", "memory", "page_bytes"],
        ),
        ("page_hash.bytes", "6.1", {}, ["vms", "page_hash_bytes"]),
        ("page_hash.bytes", "7.3", SHADOW, ["vms", "mmu_page_hash", "page_hash_bytes"]),
    ],
)
def test_what_a_figure_rests_on(figure: str, kernel: str, vm: dict[str, Any], expected: list[str]) -> None:
    assert below(ledger(kernel, vm=vm)[figure]) == expected


def test_a_limited_figure_rests_on_the_limit_too() -> None:
    figures = ledger("6.1", vm=SHADOW, on_kernel=LIMITED)
    limit = ["shadow_page_divisor", "shadow_page_least", "shadow_page_min_free", "shadow_pages_at_once"]
    found = below(figures["page_tables.bytes.tables"])
    assert found == ["vms", "tables", "tables", "shadow_tables", *levels(4), *limit, "page_bytes"]


def test_recycled_lists_rest_on_the_lists() -> None:
    figures = ledger("6.1", vm=LISTS, on_kernel=LIMITED)
    each = ["class", "lists", "entries", "descriptors", "entries", "pte_list_ext"]
    kept = ["kept_entries", "spte_ent_per_page", "shadow_page_min_free", "shadow_pages_at_once"]
    assert below(figures[f"{DESC}.objects.rmaps"]) == ["vms", "rmaps", "rmaps", *each, *kept]
    follows_from_parts(figures)
    says_why(figures)


@pytest.mark.parametrize(
    ("figure", "vm", "expected"),
    [
        ("page_tables.bytes.tables", NESTED, {"memory", "l2_memory", "low_memory", "page_bytes"}),
        ("page_tables.bytes.external", {"tdx": True, "leaf": "4K"}, {"memory", "page_bytes"}),
        (f"{DESC}.bytes.slab", {}, {"page_bytes"}),
    ],
)
def test_sizes_are_in_bytes(figure: str, vm: dict[str, Any], expected: set[str]) -> None:
    sizes = {"memory", "l2_memory", "low_memory", "page_bytes"}
    found = {(term.name, term.unit) for term in ledger("7.3", vm=vm)[figure].walk() if term.name in sizes}
    assert found == {(name, "bytes") for name in expected}


RICH = {**NESTED, "dirty_log": True, "caches": "drawn", "history": "any"}
CLASSES = ({"count": 3, "entries": 2, "entries_to": 40}, {"count": 1, "entries": 7})
RICH_LISTS = {**RICH, "rmaps": CLASSES, "parent_ptes": CLASSES}
WIDE = {"cpus": 32, "nodes": 4, "alloc_profiling": "on", "slub_min_objects": 50, "external_write_tracking": True}


@pytest.mark.parametrize("host", [{}, WIDE, {"slub_debug": "FZPU", "memcg": False}], ids=["plain", "wide", "debug"])
@pytest.mark.parametrize(
    ("kernel", "vm", "proposal"),
    [
        ("5.10", [RICH_LISTS, {}], "none"),
        ("5.17", [RICH_LISTS | {"paging": "tdp-legacy", "leaf": "4K"}], "none"),
        ("6.1", [RICH_LISTS | {"eager_split": True}, {"name": "b"}], "small-caches-v3"),
        ("6.9", [SHADOW | LISTS | {"caches": "drawn"}], "shrink-tdp"),
        ("6.18", [{}], "topup-iff-rmaps"),
        ("6.18", [RICH_LISTS | {"paging": "tdp-legacy", "leaf": "4K"}], "tdp-no-objects"),
        ("7.3", [{"tdx": True, "leaf": "4K", "caches": "drawn", "root_level": 5}, {"vcpus_run": 0}], "none"),
    ],
)
def test_rich_scenarios(kernel: str, vm: list[dict[str, Any]], proposal: str, host: dict[str, Any]) -> None:
    if versions.version_key(kernel) < (6, 10):
        host = {name: value for name, value in host.items() if name != "alloc_profiling"}
    figures = ledger(kernel, vm=vm, on_host=host, proposal=proposal)
    follows_from_parts(figures)
    says_why(figures)


def test_limited_scenarios() -> None:
    for vm in (SHADOW, RICH, {**RICH, "paging": "tdp-legacy"}):
        figures = ledger("6.18", vm=vm, on_kernel=LIMITED)
        follows_from_parts(figures)
        says_why(figures)


def test_one_node_needs_no_further_cache() -> None:
    figures = ledger("6.1", proposal="small-caches-v3")
    assert "nodes" not in below(figures["vcpu_caches.bytes.pages"])


def test_caches_per_node_rest_on_the_nodes() -> None:
    vm = {"caches": "topped-up"}
    figures = ledger("6.1", vm=vm, on_host={"cpus": 4, "nodes": 2}, proposal="small-caches-v3")
    names = ["vms", "pages", "filled", "vcpus", "shadow_page_caches", "nodes", "cache_capacity", "page_bytes"]
    assert below(figures["vcpu_caches.bytes.pages"]) == names


def test_the_proposals_own_fields_are_named() -> None:
    nested = {**NESTED, "rmaps": ({"count": 1, "entries": 3},)}
    figures = ledger("6.1", vm=nested, proposal="shrink-tdp")
    assert below(figures[f"{DESC}.objects.rmaps"])[-1] == "pte_list_ext_tdp"
    assert figures[f"{DESC}.ext"].note.startswith("nr_sptes_per_pte_list")
    [each] = [term for term in figures[f"{DESC}.objects.rmaps"].walk() if term.name == "descriptors"]
    assert (each.op, each.low, each.note) == (Op.CEIL_DIV, 2, "of a list that only grew")


def test_shared_gfns_go_by_the_ext_of_tdp() -> None:
    figures = ledger("6.1", vm={**NESTED, "paging": "tdp-legacy", "leaf": "4K"}, proposal="shrink-tdp")
    [each] = [term for term in figures[f"{DESC}.objects.rmaps"].walk() if term.name == "descriptors"]
    assert (each.op, each.note) == (Op.CEIL_DIV, "of a list that only grew")
    assert parts(each) == ["entries", "pte_list_ext_tdp"]


def slab_parts(figures: Ledger, name: str) -> dict[str, list[str]]:
    return {term.name: parts(term) for term in figures.values() if term.name.startswith(name)}


@pytest.mark.parametrize("name", [DESC, HEADER])
def test_what_the_figures_of_a_kmem_cache_rest_on(name: str) -> None:
    figures = ledger("6.1", on_host={"slub_debug": "U"})
    found = slab_parts(figures, name)
    assert found[f"{name}.stride"] == [f"{name}.size"]
    assert found[f"{name}.slab_order"] == [f"{name}.stride", "min_objects"]
    assert found[f"{name}.objects_per_slab"] == ["slab_bytes", f"{name}.stride"]
    assert found[f"{name}.slabs"] == [f"{name}.objects", f"{name}.objects_per_slab"]
    assert found[f"{name}.pages"] == [f"{name}.slabs", "pages_per_slab"]
    assert found[f"{name}.bytes.used"] == [f"{name}.objects", f"{name}.size"]
    assert found[f"{name}.bytes.slab"] == [f"{name}.slabs", "slab_bytes"]
    assert found[f"{name}.bytes.waste.padding"] == [f"{name}.objects", "gap"]
    assert found[f"{name}.bytes.waste.tail"] == [f"{name}.slabs", "tail"]
    assert found[f"{name}.bytes.waste.free"] == ["free_objects", f"{name}.stride"]
    assert found[f"{name}.bytes.memcg"] == [f"{name}.slabs", "obj_ext_vector"]
    assert found[f"{name}.slabs.retained"] == ["cpus", "nodes", f"{name}.stride"]
    assert found[f"{name}.bytes.retained"] == [f"{name}.slabs.retained", "slab_bytes"]
    inner = {term.name: parts(term) for term in figures[f"{name}.bytes.total"].walk()}
    assert inner["slab_bytes"] == ["page_bytes", f"{name}.slab_order"]
    assert inner["min_objects"] == ["cpus_counted"]
    assert inner["cpus_counted"] == ["cpus"]
    assert inner["obj_ext_vector"] == [f"{name}.objects_per_slab", "obj_ext_bytes"]
    inner = {term.name: parts(term) for term in figures[f"{name}.bytes.waste"].walk()}
    assert inner["gap"] == [f"{name}.stride", f"{name}.size"]
    assert inner["tail"] == ["slab_bytes", f"{name}.objects_per_slab", f"{name}.stride"]
    assert inner["free_objects"] == [f"{name}.slabs", f"{name}.objects_per_slab", f"{name}.objects"]
    inner = {term.name: parts(term) for term in figures[f"{name}.pages"].walk()}
    assert inner["pages_per_slab"] == [f"{name}.slab_order"]


def test_slabs_on_several_nodes_and_with_sheaves_rest_on_those() -> None:
    name = f"{DESC}.slabs"
    packed = [f"{DESC}.objects", f"{DESC}.objects_per_slab"]
    two = {"cpus": 2, "nodes": 2}
    assert parts(ledger("6.1", on_host=two)[name]) == [*packed, "fillers"]
    assert parts(ledger("7.3")[name]) == [*packed, "left_of_sheaves"]
    assert parts(ledger("7.3")[name].parts[2]) == ["sheaf"]
    assert parts(ledger("7.3")[name].parts[2].parts[0]) == [f"{DESC}.stride"]
    assert parts(ledger("7.3", on_host=two)[name]) == [*packed, "fillers", "left_of_sheaves"]


def test_a_sum_over_groups_names_each() -> None:
    groups = [{"name": "small", "vcpus": 1}, {"name": "large", "vcpus": 64}]
    figures = ledger("6.1", vm=groups)
    assert parts(figures[f"{DESC}.objects.vcpu_caches"]) == ["small", "large"]
    assert [term.low for term in figures[f"{DESC}.objects.vcpu_caches"].parts] == [40, 2560]
    assert parts(figures["split_caches.bytes.pages"]) == []
    assert figures["split_caches.bytes.pages"].note


# recycling at the limit of shadow pages


def test_what_is_recycled_in_order_follows_from_how_many_pages_go_at_once() -> None:
    """Faults table after table leave all but the pages of one refill; in any order nothing but the root is sure."""
    guest = {"memory": "12MiB", "smm": False, "mapped": "listed", "rmaps": "1000x40"}
    in_order, any_order = (
        helpers.ledger(kernel="6.1", host="single-cpu", vm="shadow", **guest, **more)
        for more in ({"faults": "in-order"}, {})
    )
    profile = helpers.kernel("6.1")
    limit = shadow_page_limit(profile, (12 << 20) // 4096)
    tables = f"{HEADER}.objects.page_tables"
    assert in_order[tables].low == limit.pages - profile.shadow_page_refill
    assert any_order[tables].low == 1
    for name in (tables, f"{DESC}.objects.rmaps"):
        assert "kernel.shadow_page_refill" in {each.field for each in in_order[name].walk()}
        assert "kernel.shadow_page_refill" not in {each.field for each in any_order[name].walk()}
