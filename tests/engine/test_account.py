"""Laws of whole ledgers (L3, L4, L5, L9), over scenarios that hypothesis draws."""

from __future__ import annotations

import ast
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from builders import KERNELS, Fields, arguments, exact, ledger, scenario, span
from exploring import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_laws import follows_from_parts, says_why

from ptelist.engine.account import account, descriptors, holdings, layouts, settle, settle_totals
from ptelist.engine.facts import Facts
from ptelist.engine.figure_kinds import BESIDE_KMEM_CACHES, COUNTED, KINDS, TOTAL
from ptelist.engine.ledger import (
    Ledger,
    Op,
    Term,
    Unit,
    ceil_div,
    fixed,
    floor_div,
    named,
    nothing,
    product,
    rule,
    total,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ENGINE = Path(sys.modules["ptelist.engine.account"].__file__ or "").parent
MODULES = sorted(ENGINE.glob("*.py"))
DESC, HEADER = "pte_list_desc", "kvm_mmu_page_header"
CACHES = (DESC, HEADER)
Arguments = tuple[str, Fields, list[Fields]]


def laws(usual: int) -> settings:
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    return examples(usual, suppress_health_check=slow)


def figures_of(drawn: Arguments) -> Ledger:
    kernel, host, vms = drawn
    return ledger(kernel, vm=vms, on_host=host)


# the derivation of every figure


@laws(40)
@given(arguments())
def test_every_term_follows_from_its_parts(drawn: Arguments) -> None:
    """L9: every figure equals its operation on its parts, recursively."""
    follows_from_parts(figures_of(drawn))


def test_page_headers_are_not_pages() -> None:
    """bytes, pages, slabs, objects, entries are different units and never mix."""
    term = ledger()[f"{HEADER}.objects.page_tables"]
    assert (term.op, term.unit) == (Op.PRODUCT, Unit.OBJECTS)
    assert [part.unit for part in term.parts].count(Unit.OBJECTS) == 1


@laws(60)
@given(arguments())
def test_every_figure_is_an_interval_of_integers_and_says_why(drawn: Arguments) -> None:
    """No float; low <= high, low >= 0; a given value has its source, an open rule its reason."""
    says_why(figures_of(drawn))


def demanded() -> Iterator[str]:
    for name in CACHES:
        for figure in ("size", "stride", "slab_order", "objects_per_slab", "objects", "slabs", "pages"):
            yield f"{name}.{figure}"
        for figure in ("used", "slab", "waste", "memcg", "total"):
            yield f"{name}.bytes.{figure}"
        for figure in ("vcpu_caches", "split_caches"):
            yield f"{name}.objects.{figure}"
    yield from (f"{DESC}.objects.rmaps", f"{DESC}.objects.parent_ptes", f"{HEADER}.objects.page_tables", f"{DESC}.ext")
    for figure in ("vcpu_caches", "split_caches", "memslots", "page_tables"):
        yield f"{figure}.bytes"
    yield "mmu.bytes.total"


@laws(40)
@given(arguments(1))
def test_the_ids_that_the_design_demands(drawn: Arguments) -> None:
    figures = figures_of(drawn)
    assert set(demanded()) <= figures.keys()
    assert all(term.name == name for name, term in figures.items())
    units = {name: figures[name].unit for name in demanded()}
    assert {unit for name, unit in units.items() if ".bytes" in name or name.endswith(("size", "stride"))} == {"bytes"}
    assert {unit for name, unit in units.items() if ".objects" in name} == {"objects"}
    assert {units[f"{name}.slabs"] for name in CACHES} == {"slabs"}
    assert {units[f"{name}.pages"] for name in CACHES} == {"pages"}
    assert units[f"{DESC}.ext"] == "entries"


@laws(40)
@given(arguments())
def test_same_figures_in_the_same_order_whatever_the_scenario(drawn: Arguments) -> None:
    """A comparison lines ledgers up by id."""
    assert list(figures_of(drawn)) == list(ledger())


def parts_of(figures: Ledger, name: str) -> list[str]:
    assert figures[name].op == Op.SUM
    return [part.name for part in figures[name].parts]


@laws(40)
@given(arguments())
def test_what_the_sums_add(drawn: Arguments) -> None:
    """bytes.total = slab + memcg; mmu.bytes.total = both caches and what is beside them, nothing retained."""
    figures = figures_of(drawn)
    for name in CACHES:
        assert parts_of(figures, f"{name}.bytes.total") == [f"{name}.bytes.slab", f"{name}.bytes.memcg"]
        assert parts_of(figures, f"{name}.bytes.waste") == [
            f"{name}.bytes.waste.{part}" for part in ("padding", "tail", "free")
        ]
        below = [f"{name}.objects.vcpu_caches", f"{name}.objects.split_caches"]
        below += [f"{DESC}.objects.rmaps", f"{DESC}.objects.parent_ptes"] * (name == DESC)
        below += [f"{HEADER}.objects.page_tables"] * (name == HEADER)
        together(figures, f"{name}.objects", below)
    for owner in ("vcpu_caches", "split_caches"):
        below = [DESC, HEADER, "pages", "arrays"]
        assert parts_of(figures, f"{owner}.bytes") == [f"{owner}.bytes.{part}" for part in below]
    pages = [f"{owner}.bytes.pages" for owner in ("vcpu_caches", "split_caches")]
    drawn_from = [f"page_tables.bytes.{part}" for part in ("tables", "shadowed_info", "external")]
    together(figures, "shadow_pages.bytes", [*pages, *drawn_from])
    in_total = (*BESIDE_KMEM_CACHES, *pages, *drawn_from)
    assert [name for name in COUNTED if KINDS[name] == Unit.BYTES and not name.startswith(in_total)] == []
    assert parts_of(figures, "mmu.bytes.total") == [f"{DESC}.bytes.total", f"{HEADER}.bytes.total", *BESIDE_KMEM_CACHES]
    assert not any("retained" in term.name or "beside" in term.name for term in figures["mmu.bytes.total"].walk())


def together(figures: Ledger, name: str, parts: list[str]) -> None:
    """What a cache lacks is in use: the whole is open by no more than its parts."""
    whole, below = figures[name], [figures[part] for part in parts]
    low, high = sum(part.low for part in below), sum(part.high for part in below)
    assert low <= whole.low <= whole.high <= high


# slabs


def fillers(drawn: Arguments) -> int:
    """Return how many have a partly filled slab of their own: nodes with a CPU, or CPUs if all of them allocate."""
    host = drawn[1]
    return int(host["cpus"] if host["filling"] == "spread" else min(host["nodes"], host["cpus"]))


@pytest.mark.parametrize("filling", ["packed", "spread"])
def test_nodes_without_cpus_have_no_slabs(filling: str) -> None:
    """160 objects on 4 nodes with a CPU each: 4 x 32 and 32 more at best, else 157, 1, 1 and 1: 5 + 3."""
    on_host = {"cpus": 4, "nodes": 8, "filling": filling}
    slabs = ledger("6.18", vm={"vcpus": 4}, on_host=on_host)["pte_list_desc.slabs"]
    assert (slabs.low, slabs.high) == (5, 8)
    one = ledger("6.18", vm={"vcpus": 4}, on_host=on_host | {"cpus": 1})["pte_list_desc.slabs"]
    assert (one.low, one.high) == (5, 5)


def in_sheaves(drawn: Arguments, figures: Ledger, name: str) -> int:
    """Return the most objects that lie ready in the main sheaves of the CPUs, from 7.0 on."""
    if minor(drawn[0]) < (7, 0) or drawn[1]["slub_debug"]:
        return 0
    return drawn[1]["cpus"] * (60 if exact(figures, f"{name}.stride") < 256 else 28)


@laws(60)
@given(arguments())
def test_slabs_and_their_waste(drawn: Arguments) -> None:
    """L3: slabs = ceil(objects / per slab), bytes = slabs << order << 12, and slab = used + waste."""
    figures, nodes = figures_of(drawn), fillers(drawn)
    for name in CACHES:
        parked = in_sheaves(drawn, figures, name)
        size, stride, order, per_slab = (
            exact(figures, f"{name}.{part}") for part in ("size", "stride", "slab_order", "objects_per_slab")
        )
        objects, slabs, pages = (figures[f"{name}.{part}"] for part in ("objects", "slabs", "pages"))
        used, whole, waste = (figures[f"{name}.bytes.{part}"] for part in ("used", "slab", "waste"))
        assert per_slab == (4096 << order) // stride
        assert stride >= size
        assert slabs.low == -(-objects.low // per_slab)
        least = -(-objects.high // per_slab)
        most = -(-(objects.high + parked) // per_slab)
        if drawn[1]["filling"] == "aged":
            assert slabs.high == objects.high, "each object alone, for nothing is known of a peak"
        else:
            assert least <= slabs.high <= min(most + nodes - 1, objects.high + parked)
            assert nodes > 1 or parked or slabs.high == least
        assert (pages.low, pages.high) == (slabs.low << order, slabs.high << order)
        assert (whole.low, whole.high) == (slabs.low << order << 12, slabs.high << order << 12)
        assert (used.low, used.high) == (objects.low * size, objects.high * size)
        parts = {part: figures[f"{name}.bytes.waste.{part}"] for part in ("padding", "tail", "free")}
        assert (parts["padding"].low, parts["padding"].high) == tuple(n * (stride - size) for n in objects[1:3])
        assert (parts["tail"].low, parts["tail"].high) == tuple(n * ((4096 << order) % stride) for n in slabs[1:3])
        if drawn[1]["filling"] == "packed" or (objects.exact and drawn[1]["filling"] == "spread"):
            assert parts["free"].high <= (nodes * (per_slab - 1) + parked) * stride
        assert used.low + waste.low <= whole.low
        assert whole.high <= used.high + waste.high
        if slabs.exact and objects.exact:
            assert whole.low == used.low + waste.low == used.high + waste.high
        if slabs.exact and objects.exact and nodes == 1:
            assert (slabs.low - 1) * per_slab < objects.low <= slabs.low * per_slab or objects.low == 0


@laws(40)
@given(arguments(1), st.sampled_from([0, 1, 2, 3, 31, 32, 33, 64, 65, 1000]), st.integers(1, 5))
def test_free_objects_against_every_packing(drawn: Arguments, entries: int, nodes: int) -> None:
    """Each node's objects in as few slabs as hold them: the waste of any split lies within the interval."""
    host = drawn[1] | {"nodes": nodes, "cpus": max(nodes, drawn[1]["cpus"]), "possible_cpus": None}
    vm = {"count": 1, "vcpus": 1000, "paging": "shadow", "memory": 1 << 40, "low_memory": 1 << 32}
    vm["rmaps"] = ({"count": entries, "entries": 2},) if entries else ()
    figures = ledger(drawn[0], vm=vm, on_host=host, on_kernel={"pte_list_desc_capacity": 0})
    per_slab, stride = (exact(figures, f"{DESC}.{part}") for part in ("objects_per_slab", "stride"))
    assert exact(figures, f"{DESC}.objects") == entries
    splits = [(entries, *[0] * (nodes - 1))] + [
        tuple(max(entries - here * (nodes - 1), 0) if n == 0 else here for n in range(nodes))
        for here in range(min(entries // nodes, 70) + 1)
    ]
    for split in splits:
        assert sum(split) == entries
        slabs = sum(-(-here // per_slab) for here in split)
        free = slabs * per_slab - entries
        assert figures[f"{DESC}.slabs"].low <= slabs <= figures[f"{DESC}.slabs"].high
        low, high = span(figures, f"{DESC}.bytes.waste.free")
        assert low <= free * stride <= high


@laws(60)
@given(arguments())
def test_memcg_vectors(drawn: Arguments) -> None:
    """A vector a slab, if any; none only without a user or, from 7.0, with room in the slab's tail."""
    figures, (kernel, host, _) = figures_of(drawn), drawn
    users = host["memcg"] + (host["alloc_profiling"] == "on" and minor(kernel) >= (6, 10))
    each = 8
    if (6, 10) <= minor(kernel) < (7, 3) and host["alloc_profiling"] != "off":
        each = 16
    if minor(kernel) >= (7, 3):
        each = 8 * (1 + (host["alloc_profiling"] == "on"))
    for name in CACHES:
        order, stride, per_slab = (
            exact(figures, f"{name}.{part}") for part in ("slab_order", "stride", "objects_per_slab")
        )
        vector = each * per_slab
        start = -(-stride * per_slab // each) * each if each else 0
        in_tail = minor(kernel) >= (7, 0) and start + vector <= 4096 << order
        if not users or in_tail:
            assert exact(figures, f"{name}.bytes.memcg") == 0
            continue
        buckets = (8, 16, 32, 64, 96, 128, 192, 256, *(1 << bits for bits in range(9, 31)))
        taken = next(bucket for bucket in buckets if bucket >= vector)
        assert span(figures, f"{name}.bytes.memcg") == tuple(n * taken for n in span(figures, f"{name}.slabs"))


def minor(kernel: str) -> tuple[int, ...]:
    return tuple(int(part) for part in kernel.split("."))


# scaling and adding


def changed(drawn: Arguments, **fields: Any) -> Ledger:
    """Return the ledger with functions of each group's fields applied to it."""
    kernel, host, vms = drawn
    return ledger(kernel, vm=[vm | {name: how(vm) for name, how in fields.items()} for vm in vms], on_host=host)


@laws(35)
@given(arguments(), st.integers(2, 9))
def test_raw_figures_scale_with_vms(drawn: Arguments, k: int) -> None:
    """L5: k times the VMs hold k times as much, whatever is not rounded to slabs."""
    one, more = figures_of(drawn), changed(drawn, count=lambda vm: k * vm["count"])
    for name in (*KINDS, *(f"{cache}.bytes.used" for cache in CACHES), "memslots.bytes", "vcpu_caches.bytes"):
        assert span(more, name) == tuple(k * end for end in span(one, name)), name
    for name in CACHES:
        assert more[f"{name}.bytes.slab"].high <= k * one[f"{name}.bytes.slab"].high, "subadditive"


TOGETHER = (*(f"{cache}.objects" for cache in CACHES), "shadow_pages.bytes")
"""What caches hold, with all that was drawn from them."""
PER_VCPU = [
    name
    for name in KINDS
    if "vcpu_caches" in name or name in {"embedded.bytes", "page_tables.bytes.pae_roots", "dirty_rings.bytes"}
]


def rests_on_vcpus(term: Term) -> bool:
    return any(each.field.endswith((".vcpus", ".vcpus_run")) for each in term.walk())


@laws(35)
@given(arguments(), st.integers(2, 9))
def test_raw_figures_scale_with_vcpus(drawn: Arguments, k: int) -> None:
    """L5: what full caches of vCPUs hold scales with them, as does what rests on their number; nothing else changes."""
    assert len(PER_VCPU) >= 7
    run = {"vcpus_run": lambda vm: vm["vcpus_run"] and k * vm["vcpus_run"], "caches": lambda _: "topped-up"}
    one, more = changed(drawn, caches=run["caches"]), changed(drawn, vcpus=lambda vm: k * vm["vcpus"], **run)
    for name in KINDS:
        if name in TOGETHER:
            continue
        factor = k if name in PER_VCPU or rests_on_vcpus(one[name]) else 1
        assert span(more, name) == tuple(factor * end for end in span(one, name)), name


@laws(35)
@given(arguments(), st.integers(1, 300))
def test_more_vcpus_never_take_less(drawn: Arguments, extra: int) -> None:
    never_falls(figures_of(drawn), changed(drawn, vcpus=lambda vm: vm["vcpus"] + extra))


@laws(35)
@given(arguments(), st.integers(1, 300))
def test_more_vms_never_take_less(drawn: Arguments, extra: int) -> None:
    never_falls(figures_of(drawn), changed(drawn, count=lambda vm: vm["count"] + extra))


@laws(35)
@given(arguments())
def test_more_vcpus_that_run_never_take_less(drawn: Arguments) -> None:
    for run in (0, 1):
        fewer = changed(drawn, vcpus_run=lambda vm, run=run: max(run * vm["vcpus"] // 2, int("rmaps" in vm)))
        never_falls(fewer, changed(drawn, vcpus_run=lambda vm: vm["vcpus"]))


def never_falls(one: Ledger, more: Ledger) -> None:
    """What a search for a break-even takes for granted: no figure but waste is less at either end."""
    for name in one:
        if ".waste" not in name:
            assert one[name].low <= more[name].low, name
            assert one[name].high <= more[name].high, name


@laws(35)
@given(arguments())
def test_a_part_of_the_ledger_is_that_part(drawn: Arguments) -> None:
    kernel, host, vms = drawn
    whole, found = figures_of(drawn), scenario(kernel, vm=vms, on_host=host)
    for part in (descriptors(found), layouts(found)):
        assert part
        assert part.items() <= whole.items()
    assert {name for name in whole if name.startswith(f"{DESC}.")} == set(descriptors(found))


@laws(35)
@given(arguments(3))
def test_a_host_is_settled_from_what_its_groups_hold(drawn: Arguments) -> None:
    kernel, host, vms = drawn
    held = dict.fromkeys(KINDS, (0, 0))
    for vm in vms:
        for name, term in holdings(scenario(kernel, vm=vm | {"count": 1}, on_host=host)).items():
            low, high = held[name]
            held[name] = low + vm["count"] * term.low, high + vm["count"] * term.high
    why = dict.fromkeys(KINDS, "added up")
    first = scenario(kernel, vm=vms[:1], on_host=host)
    settled, whole = settle(first, held, why), figures_of(drawn)
    assert {name: span(settled, name) for name in settled} == {name: span(whole, name) for name in whole}
    beside = total("rest", Unit.BYTES, [settled[name] for name in BESIDE_KMEM_CACHES])
    brief = settle_totals(first, [settled[f"{cache}.objects"] for cache in CACHES], beside)
    assert {name: span(brief, name) for name in brief} == {name: span(whole, name) for name in brief}
    assert {TOTAL, *(f"{cache}.{part}" for cache in CACHES for part in ("slabs", "bytes.total"))} <= brief.keys()
    noted = settle(first, held, why | {f"{DESC}.objects.rmaps": "otherwise"})
    assert noted[f"{DESC}.objects.rmaps"].note == "otherwise"
    assert noted[f"{DESC}.objects.rmaps"] != settled[f"{DESC}.objects.rmaps"]


@laws(40)
@given(arguments(3).filter(lambda drawn: len(drawn[2]) > 1))
def test_groups_add_up_and_share_slabs(drawn: Arguments) -> None:
    """L4: a host is the sum of its VMs; slabs differ by less than one for each group, cache and node."""
    kernel, host, vms = drawn
    together, alone = figures_of(drawn), [ledger(kernel, vm=vm, on_host=host) for vm in vms]
    for name in KINDS:
        assert span(together, name) == (sum(each[name].low for each in alone), sum(each[name].high for each in alone))
    for name in (f"{cache}.slabs" for cache in CACHES):
        assert 0 <= sum(each[name].low for each in alone) - together[name].low < len(vms)
        each_more = fillers(drawn) + in_sheaves(drawn, together, name.removesuffix(".slabs"))
        assert 0 <= sum(each[name].high for each in alone) - together[name].high <= (len(vms) - 1) * each_more
    turned = ledger(kernel, vm=vms[::-1], on_host=host)
    assert {name: span(turned, name) for name in turned} == {name: span(together, name) for name in together}


@laws(40)
@given(arguments(1))
def test_more_entries_a_descriptor_never_take_more_of_them(drawn: Arguments) -> None:
    """L1, antitone in ext, for the lists of a whole scenario that only grew."""
    kernel, host, vms = drawn
    vms = [vm | {"history": "grown"} for vm in vms]
    found = [
        ledger(kernel, vm=vms, on_host=host, on_kernel={"pte_list_ext": ext})[f"{DESC}.objects"] for ext in (2, 3, 14)
    ]
    assert found[0].low >= found[1].low >= found[2].low
    assert found[0].high >= found[1].high >= found[2].high


@laws(40)
@given(arguments(1))
def test_an_interval_opens_but_never_moves(drawn: Arguments) -> None:
    """Lists that only grew, and caches just topped up, are one case of any history and of drawn caches."""
    surely = changed(drawn, history=lambda _: "grown", caches=lambda _: "topped-up")
    perhaps = changed(drawn, history=lambda _: "any", caches=lambda _: "drawn")
    for name in (*KINDS, *(f"{cache}.slabs" for cache in CACHES), "mmu.bytes.total"):
        assert perhaps[name].low <= surely[name].low <= surely[name].high <= perhaps[name].high, name


# a feature that is not used costs nothing


@pytest.mark.parametrize("kernel", KERNELS)
def test_unused_features_are_zero(kernel: str) -> None:
    """Plain TDP under the TDP MMU, no nesting, no logging: no lists, no splitting, no shadowed info."""
    figures = ledger(kernel, vm={"paging": "tdp-mmu"})
    zero = [name for name in KINDS if "split_caches" in name or "lists" in name]
    zero += [f"{DESC}.objects.rmaps", f"{DESC}.objects.parent_ptes"]
    zero += [
        "split_caches.bytes",
        *(f"page_tables.bytes.{kind}" for kind in ("shadowed_info", "external", "pae_roots")),
    ]
    zero += ["memslots.bytes.dirty_bitmap", "memory_attributes.bytes", "dirty_rings.bytes"]
    zero += [f"beside.bytes.{name}" for name in ("device_tables", "smm_tables", "nx_split_tables")]
    zero += ["track_srcu.bytes"] * (minor(kernel) >= (6, 6))
    zero += ["memslots.bytes.rmap_heads"] * (minor(kernel) >= (5, 14))
    zero += ["memslots.bytes.write_track"] * (minor(kernel) >= (5, 16))
    zero += ["page_hash.bytes"] * (minor(kernel) >= (6, 17))
    zero += ["embedded.bytes" if minor(kernel) >= (6, 0) else "vcpu_caches.bytes.arrays"]
    assert {name: span(figures, name) for name in zero} == dict.fromkeys(zero, (0, 0))
    rest = set(KINDS) - set(zero)
    assert {name for name in rest if not figures[name].low} <= {
        "beside.bytes.vmalloc_tables",
        "memslots.bytes.vmap_areas",
    }


@pytest.mark.parametrize("kernel", ["5.10", "6.1", "7.3"])
def test_vcpus_that_never_ran_hold_nothing(kernel: str) -> None:
    figures = ledger(kernel, vm={"vcpus": 8, "vcpus_run": 0})
    held = ["vcpu_caches.bytes", f"{DESC}.objects", f"{DESC}.slabs", f"{DESC}.bytes.total", f"{DESC}.bytes.waste"]
    assert [exact(figures, name) for name in held] == [0] * 5
    assert exact(figures, "embedded.bytes") == (8 * 4 * 40 * 8 if kernel == "5.10" else 0)


# integers only, and nothing from outside


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_engine_has_no_float_and_no_input_or_output(path: Path) -> None:
    banned = {"float", "complex", "round", "open", "print", "input", "eval", "exec", "__import__"}
    if path.stem == "repeated":
        banned.remove("exec")  # of arithmetic that it has recorded itself
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        where = f"{path.name}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Constant):
            assert not isinstance(node.value, float | complex), f"float literal in {where}"
        if isinstance(node, ast.BinOp | ast.AugAssign):
            assert not isinstance(node.op, ast.Div | ast.Pow), f"true division or power in {where}"
        if isinstance(node, ast.Name):
            assert node.id not in banned, f"{node.id} in {where}"


ALLOWED = {
    "__future__",
    "abc",
    "typing",
    "enum",
    "heapq",
    "collections",
    "collections.abc",
    "bisect",
    "functools",
    "itertools",
    "math",
    "contextlib",
    "operator",
}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_engine_imports_nothing_outside_it(path: Path) -> None:
    """But for names that only a type checker reads."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    checked = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    skipped = set(chain.from_iterable(ast.walk(node) for node in checked))
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= ALLOWED
        if isinstance(node, ast.ImportFrom):
            assert node.module in ALLOWED or (node.module or "").startswith(("ptelist.engine", "ptelist.engine.lists"))


def test_the_engine_runs_without_pydantic_rich_or_click() -> None:
    names = [f"ptelist.engine.{path.stem}" for path in MODULES if path.stem != "__init__"]
    assert {"ptelist.engine.account", "ptelist.engine.slab_layout"} <= set(names)
    code = f"import sys, {', '.join(names)}; print(*sorted(sys.modules))"
    ran = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, encoding="utf-8", check=True)
    loaded = {name.partition(".")[0] for name in ran.stdout.split()}
    assert loaded & {"pydantic", "rich", "click", "tabulate", "json", "tomllib", "decimal", "fractions"} == set()
    ours = {name for name in ran.stdout.split() if name.startswith("ptelist.")}
    assert {name for name in ours if not name.startswith("ptelist.engine.lists")} == {"ptelist.engine", *names}


# the ledger itself


def a(low: int, high: int, unit: Unit = Unit.BYTES) -> Term:
    return Term("a", low, high, unit, Op.GIVEN, (), "here")


ENDS = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted)


@given(ENDS, ENDS)
def test_arithmetic_of_intervals(first: list[int], second: list[int]) -> None:
    """Every choice within the parts is within the result, and both ends are met."""
    one, two = a(*first), a(*second)
    pairs = [(x, y) for x in range(first[0], first[1] + 1) for y in range(second[0], second[1] + 1)]

    def ends(results: list[int]) -> tuple[int, int]:
        return min(results), max(results)

    assert total("t", Unit.BYTES, iter((one, two)))[1:3] == ends([x + y for x, y in pairs])
    assert product("t", Unit.BYTES, one, two)[1:3] == ends([x * y for x, y in pairs])
    if second[0]:
        assert floor_div("t", Unit.BYTES, one, two)[1:3] == ends([x // y for x, y in pairs])
        assert ceil_div("t", Unit.BYTES, one, two)[1:3] == ends([(x + y - 1) // y for x, y in pairs])


def test_terms() -> None:
    one, two = a(1, 1), a(2, 3, Unit.PAGES)
    assert one.exact
    assert not two.exact
    assert total("none", Unit.SLABS, ()) == ("none", 0, 0, "slabs", "sum", (), "", "", None)
    assert total("t", Unit.BYTES, [one], "why") == ("t", 1, 1, "bytes", "sum", (one,), "why", "", None)
    assert product("t", Unit.BYTES, one, two) == ("t", 2, 3, "bytes", "product", (one, two), "", "", None)
    assert floor_div("t", Unit.COUNT, two, one)[3:6] == ("count", "floor_div", (two, one))
    assert ceil_div("t", Unit.ORDER, two, one)[3:6] == ("order", "ceil_div", (two, one))
    assert rule("t", 4, 5, Unit.ENTRIES, "why", one) == ("t", 4, 5, "entries", "rule", (one,), "why", "", None)
    assert fixed("t", 4, Unit.OBJECTS, "why", one, two) == ("t", 4, 4, "objects", "rule", (one, two), "why", "", None)
    assert nothing("t", Unit.BYTES, "why") == ("t", 0, 0, "bytes", "given", (), "why", "", None)
    assert named("other", two) == ("other", 2, 3, "pages", "given", (), "here", "", None)
    tree = product("t", Unit.BYTES, total("s", Unit.BYTES, (one, one)), two)
    assert [term.name for term in tree.walk()] == ["t", "s", "a", "a", "a"]
    figures = Ledger()
    assert figures.add(tree) is tree
    assert figures == {"t": tree}


def test_facts_know_their_sources_and_are_made_once() -> None:
    model = scenario("6.1", vm={"vcpus": 3})
    facts = Facts(model)
    ext = facts.kernel("pte_list_ext", Unit.ENTRIES)
    assert (ext.name, ext.low, ext.high, ext.unit, ext.op) == ("pte_list_ext", 14, 14, "entries", "given")
    assert "13236e25ebab" in ext.note
    assert facts.kernel("pte_list_ext", Unit.ENTRIES) is ext
    assert facts.host("cpus") == ("cpus", 1, 1, "count", "given", (), facts.source("host.cpus"), "host.cpus", None)
    assert facts.vm(0, "vcpus").note == "test"
    assert facts.vm(0, "vcpus").low == 3
    assert facts.source("kernel.capacity_below_minimum") == "default"


def test_a_scenario_gives_equal_ledgers_twice() -> None:
    model = scenario("7.3", vm={"nested": True, "l2_memory": 1 << 30})
    assert account(model) == account(model)
