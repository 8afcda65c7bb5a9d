"""What real kernels did is what the engine says: every recorded row is replayed.

The rules' values come from the shipped kernel profiles, none is typed in here. 2 810 observations, 4 333 slab caches
and 62 histograms; where the kernel leaves a count open it is bounded, with the reason; one row is left out (DISTURBED).
A data file that lost rows fails.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import pytest
from exploring import sampled
from guest_steps import GUEST, TABLE, drop, grown, mapped, marked, moments, start, touch
from helpers import DATA, Row, comments, kernel, ledger, scenario, table

from ptelist.engine import memslots, page_tables, slab_layout, slub_parameters
from ptelist.engine.lists.descriptors import descriptors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from guest_steps import Moment

    from ptelist.engine.ledger import Ledger, Term
    from ptelist.scenario.models import Kernel

ROWS = {
    "vcpu-caches.csv": 2009,
    "rmap-chains.csv": 122,
    "many-gfns.csv": 51,
    "parent-ptes.csv": 30,
    "removals.csv": 546,
    "readds.csv": 18,
    "topups.csv": 19,
    "notifier.csv": 15,
}
DISTURBED = ("6.1", "2", "yes", "16", "40", "37", "3", "0")
"""rmap-chains: merged cache, another user took an object between two reads (the unmerged row says 2)."""

GUEST_MEMORY = "16MiB"
"""Of the probe's guests: one memslot from 0, none for SMM."""


def rows(name: str) -> tuple[Row, ...]:
    return table(f"observations/{name}")


@pytest.mark.parametrize(("name", "count"), ROWS.items())
def test_no_observation_is_lost(name: str, count: int) -> None:
    assert len(rows(name)) == count


def test_the_disturbed_row_is_there_and_one() -> None:
    assert [tuple(row.values()) for row in rows("rmap-chains.csv")].count(DISTURBED) == 1


def integers(row: Row, *names: str) -> tuple[int, ...]:
    return tuple(int(row[name]) for name in names)


# slub/: layout, stride and what stays of every cache of 19 boots

DUMPS = {
    "k5.10_smp1_nomerge": 192,
    "k5.10_smp2_maxcpus_128_nomerge": 192,
    "k6.1_smp128_parked_nomerge": 216,
    "k6.1_smp16_parked_nomerge": 216,
    "k6.1_smp1_maxcpus_128_nomerge": 216,
    "k6.1_smp1_merge": 280,
    "k6.1_smp1_nomerge": 216,
    "k6.1_smp1_nomerge_maxorder0": 216,
    "k6.1_smp1_nomerge_minobj16": 216,
    "k6.1_smp2_nomerge": 216,
    "k6.1_smp4_nomerge": 216,
    "k6.1_smp4_nomerge_debugFZPU": 216,
    "k6.1_smp64_nomerge": 216,
    "k6.1_smp8_nomerge": 216,
    "k6.12_smp1_maxcpus_128_nomerge": 253,
    "k6.12_smp1_nomerge": 253,
    "k6.12_smp8_nomerge": 253,
    "k7.3_smp128_parked_nomerge": 267,
    "k7.3_smp1_nomerge": 267,
}
POINTER_INSIDE = {"7.3": frozenset(("vm_area_struct", "TCP", "TCPv6", "ext4_inode_cache"))}
"""Type-safe by RCU or with a constructor, yet with a free pointer inside (observed.md, rule 8)."""
OTHER_SHEAVES = {"kmem_cache": 0, "kmem_cache_node": 0, "maple_node": 32}
"""The two boot caches have none, maple_node asks for its own (observed.md, rule 4: 264 of 267)."""
CACHE_LINE = 64


class Boot(NamedTuple):
    """One dump of /sys/kernel/slab and the profile it is held against."""

    kernel: Kernel
    rule: slab_layout.OrderRule
    debug: str
    caches: tuple[Row, ...]


@cache
def boot(name: str) -> Boot:
    """Read CPUs and boot options off the dump's own comment lines."""
    path = f"slub/{name}.tsv"
    head = comments(path)
    host = dict(re.findall(r"\b(slub_\w+)=(\w+)", head))
    version = name[1:].partition("_")[0]
    found = scenario(kernel=version, cpus=_cpus(head, "present"), possible_cpus=_cpus(head, "possible"), **host)
    rule = slub_parameters.order_rule(found.kernel, found.host)
    return Boot(found.kernel, rule, found.host.slub_debug, table(path, "\t"))


def _cpus(head: str, kind: str) -> int:
    """Return how many CPUs a list such as 0 or 0-127 has."""
    last = re.search(rf"{kind}=(?:\d+-)?(\d+)", head)
    assert last
    return int(last[1]) + 1


def differing(expected: Iterable[tuple[str, object, object]]) -> list[tuple[str, object, object]]:
    """Return (cache, predicted, recorded) where the two are not the same."""
    return [each for each in expected if each[1] != each[2]]


def test_the_dumps_are_complete() -> None:
    assert {path.stem for path in (DATA / "slub").iterdir()} == set(DUMPS)


@pytest.mark.parametrize(("name", "count"), DUMPS.items())
def test_slab_layout(name: str, count: int) -> None:
    """slub.md 2 to 4: order and objects per slab follow from stride, CPUs and boot options."""
    found = boot(name)
    layouts = [(row, slab_layout.layout(int(row["slab_size"]), found.rule)) for row in found.caches]
    assert len(layouts) == count
    assert not differing(
        (row["name"], (layout.order, layout.objects), integers(row, "order", "objs_per_slab"))
        for row, layout in layouts
    )


@pytest.mark.parametrize("name", DUMPS)
def test_stride(name: str) -> None:
    """slub.md 1: size rounded up to 8, a free pointer outside where need be, debugging, alignment."""
    found = boot(name)
    assert not differing((row["name"], _stride(row, found), int(row["slab_size"])) for row in found.caches)


def _stride(row: Row, found: Boot) -> int:
    outside = bool(row["ctor"]) or row["destroy_by_rcu"] == "1"
    return slab_layout.stride(
        int(row["object_size"]),
        align=int(row["align"]),
        pointer_outside=outside and row["name"] not in POINTER_INSIDE.get(found.kernel.version, ()),
        debug=found.debug,
        track_bytes=found.kernel.slub_track_bytes,
        request_bytes=4 if "kmalloc" in row["name"] else 0,
    )


@pytest.mark.parametrize("name", DUMPS)
def test_free_pointers_inside_against_the_rule_are_the_documented_ones(name: str) -> None:
    """Each exception by name: the rule alone would give those a longer stride, and only those."""
    found = boot(name)
    named = POINTER_INSIDE.get(found.kernel.version, frozenset())
    shorter = {row["name"] for row in found.caches if row["name"] in named and not _follows_rule(row)}
    assert shorter == named


def _follows_rule(row: Row) -> bool:
    align = int(row["align"])
    return slab_layout.stride(int(row["object_size"]), align=align, pointer_outside=True) == int(row["slab_size"])


@pytest.mark.parametrize("name", DUMPS)
def test_cache_line_alignment(name: str) -> None:
    """slub.md 1: SLAB_HWCACHE_ALIGN asks for 64 bytes, halved while the object is no more than half of it."""
    found = boot(name)
    asking = [row for row in found.caches if row["hwcache_align"] == "1"]
    assert asking
    assert not differing(
        (row["name"], max(int(row["align"]), _cache_line(int(row["object_size"]))), int(row["align"])) for row in asking
    )


def _cache_line(object_size: int) -> int:
    """Return the alignment that SLAB_HWCACHE_ALIGN asks for (calculate_alignment() in mm/slab_common.c)."""
    line = CACHE_LINE
    while object_size <= line // 2:
        line //= 2
    return max(line, 8)


@pytest.mark.parametrize("name", DUMPS)
def test_min_partial(name: str) -> None:
    """slub.md 6: log2(stride) / 2, held between 5 and 10."""
    found = boot(name)
    bounded = found.kernel.slub_min_partial
    assert not differing(
        (row["name"], slab_layout.min_partial(int(row["slab_size"]), *bounded), int(row["min_partial"]))
        for row in found.caches
    )


@pytest.mark.parametrize("name", DUMPS)
def test_cpu_partial(name: str) -> None:
    """slub.md 6, observed.md: objects on per-CPU partial lists by stride; 0 with debugging and with sheaves."""
    found = boot(name)
    sizes = () if found.debug else found.kernel.slub_cpu_partial
    assert not differing(
        (row["name"], slab_layout.by_size(int(row["slab_size"]), sizes), int(row["cpu_partial"]))
        for row in found.caches
    )


@pytest.mark.parametrize("name", [name for name in DUMPS if name.startswith("k7.3")])
def test_sheaf_capacity(name: str) -> None:
    """observed.md 4: 60 / 28 / 12 / 4 by stride, in 264 of 267 caches."""
    found = boot(name)
    sizes = found.kernel.slub_sheaf_capacity
    wrong = differing(
        (row["name"], slab_layout.by_size(int(row["slab_size"]), sizes), int(row["sheaf_capacity"]))
        for row in found.caches
    )
    assert {name: recorded for name, _, recorded in wrong} == OTHER_SHEAVES


# vcpu-caches.csv: what N vCPUs hold once they ran

SHRUNK, RAW, DELETED = "shrunk", "raw", "memslot_deleted_vm_alive"
HEADER = "kvm_mmu_page_header"


class Seen(NamedTuple):
    """A row's count and what the engine says of a host with just these vCPUs."""

    row: Row
    figures: Ledger
    cache: str
    objects: int
    """The figure of `ptelist show`: in vCPU caches, or taken from there for page tables."""

    @property
    def active(self) -> int:
        return int(self.row["active_objs"])

    @property
    def slabs(self) -> int:
        return int(self.row["num_slabs"])

    @property
    def left(self) -> int:
        """Return the objects of `ptelist replay` once the memslot has gone: page tables go, but for the root."""
        if self.cache != HEADER or self.row["moment"] != DELETED:
            return self.objects
        vcpus = range(int(self.row["vcpus_run"]))
        lines = [line for vcpu in vcpus for line in start(vcpu=vcpu, paged=self.row["guest"] != "real")]
        chosen = (("paging", paging(self.row)), *GUEST)
        (moment,) = moments([*lines, "unslot vm", "mark"], self.row["kernel"], options=chosen)
        return moment.headers

    def packed(self, objects: int) -> int:
        """Return the fewest slabs for so many objects."""
        return -(-objects // self.figures[f"{self.cache}.objects_per_slab"].low)

    @property
    def raw(self) -> tuple[int, int] | None:
        """Return the most objects and slabs that raw counts may show; None where they may be of VMs before.

        The figures of a fresh host as it stands. Between the rows of a VM its caches were shrunk, after which a CPU has
        less than one sheaf at most beside what is in use.
        """
        if self.row["state"] != RAW or self.row["cache"] == "pid" or not int(self.row["vcpus_run"]):
            return None
        filling = "packed" if self.row["host_cpus"] == "1" else "spread"
        found = ledger(**options(self.row), filling=filling)
        objects, slabs = (found[f"{self.cache}.{what}.raw"].high for what in ("objects", "slabs"))
        sheaf = slab_layout.by_size(int(self.row["objsize"]), kernel(self.row["kernel"]).slub_sheaf_capacity)
        return max(objects, self.objects + max(sheaf - 1, 0)), max(slabs, found[f"{self.cache}.slabs"].high)

    @property
    def retained(self) -> int:
        """Return how many more a busy host may keep."""
        return self.figures[f"{self.cache}.slabs.retained"].high


def paging(row: Row) -> str:
    """Return the paging of a row.

    All of 5.10 are labelled shadow, for that it has no tdp_mmu to read; the rows above the first guest in long mode are
    those of the harness's first pass, npt=1 (job_e1.sh).
    """
    return "tdp-legacy" if id(row) in _first_pass() else row["paging"]


@cache
def _first_pass() -> frozenset[int]:
    """Return the identities of the rows of the first pass, of which all are kept."""
    found = [each for each in rows("vcpu-caches.csv") if each["kernel"] == "5.10"]
    first = next(number for number, each in enumerate(found) if each["guest"] == "long")
    return frozenset(map(id, found[:first]))


def options(row: Row) -> dict[str, str | int | bool]:
    return {
        "kernel": row["kernel"],
        "cpus": int(row["host_cpus"]),
        "slab_merge": row["slab_merge"] == "yes",
        "paging": paging(row),
        "vcpus": max(int(row["vcpus_created"]), 1),
        "vcpus_run": int(row["vcpus_run"]),
        "memory": GUEST_MEMORY,
        "leaf": "4K",
        "smm": False,
    }


def seen(row: Row) -> Seen:
    found = ledger(**options(row))
    name = "pte_list_desc" if row["cache"] == "pid" else row["cache"]
    held = found[f"{name}.objects"]
    assert held.exact
    return Seen(row, found, name, held.low)


@cache
def all_seen() -> tuple[Seen, ...]:
    return tuple(seen(row) for row in rows("vcpu-caches.csv"))


def some(state: str, *, merged: bool = False, deleted: bool | None = None, version: str = "") -> list[Seen]:
    """Return the rows of one kind; `deleted` picks headers once the memslot has gone, or leaves them out."""
    return [
        each
        for each in all_seen()
        if each.row["state"] == state
        and (each.row["cache"] == "pid") == merged
        and deleted in {None, each.cache == HEADER and each.row["moment"] == DELETED}
        and version in {"", each.row["kernel"]}
    ]


KINDS = {"shrunk": 781, "shrunk, headers, memslot deleted": 67, "shrunk, merged": 102, "raw": 941, "raw, merged": 118}


def test_every_row_is_of_one_kind() -> None:
    """None is skipped: 781 are predicted, the others bounded or held against the row before the VM."""
    counts = Counter(
        {
            "shrunk": len(some(SHRUNK, deleted=False)),
            "shrunk, headers, memslot deleted": len(some(SHRUNK, deleted=True)),
            "shrunk, merged": len(some(SHRUNK, merged=True)),
            "raw": len(some(RAW)),
            "raw, merged": len(some(RAW, merged=True)),
        }
    )
    assert counts == KINDS
    assert counts.total() == ROWS["vcpu-caches.csv"]


def test_geometry_of_every_row() -> None:
    """slabinfo's object size is the stride; objects = slabs x objects per slab."""
    for each in all_seen():
        size, objects, pages, total = integers(each.row, "objsize", "objperslab", "pagesperslab", "num_objs")
        figures = each.figures
        assert size == figures[f"{each.cache}.stride"].low
        assert objects == figures[f"{each.cache}.objects_per_slab"].low
        assert pages == 1 << figures[f"{each.cache}.slab_order"].low
        assert total == each.slabs * objects


@pytest.mark.parametrize(("version", "count"), [("5.10", 123), ("6.1", 468), ("7.3", 190)])
def test_exact_objects(version: str, count: int) -> None:
    """40 objects per vCPU that ran, both caches, whatever the paging; 0 for one that did not."""
    found = some(SHRUNK, deleted=False, version=version)
    assert len(found) == count
    assert not [each.row for each in found if each.active != each.objects]


def test_headers_lie_in_the_drawn_interval() -> None:
    """`caches=drawn` says what a VM that has run holds: measured totals lie in its interval, page tables included."""
    for each in some(SHRUNK):
        run = int(each.row["vcpus_run"])
        if each.cache == HEADER and run and each.row["moment"] != DELETED:
            total = ledger(**options(each.row), caches="drawn")[f"{HEADER}.objects"]
            assert total.low <= each.active <= total.high


@pytest.mark.parametrize("version", ["5.10", "6.1", "7.3"])
def test_exact_slabs(version: str) -> None:
    """slub.md 7: on one node, n objects are in ceil(n / objects per slab) slabs; the figure that `show` prints."""
    found = some(SHRUNK, deleted=False, version=version)
    off = []
    for each in found:
        slabs = each.figures[f"{each.cache}.slabs"]
        if not slabs.low <= each.slabs <= slabs.high:
            off.append((each.cache, each.objects, f"{slabs.low}..{slabs.high}", each.slabs))
    assert not off, f"(cache, objects, ledger's slabs, measured) in {len(off)} of {len(found)} rows: {sorted(set(off))}"


def settling(each: Seen) -> int:
    """Return the tables of the TDP MMU that wait for a grace period of RCU, which these counts did not all wait for."""
    return each.objects - each.left if paging(each.row) == "tdp-mmu" else 0


def object_bounds(each: Seen) -> tuple[int, int]:
    """Return the objects that a row may have.

    After a shrink those that KVM has, in a merged cache beside the others. Raw counts have objects in per-CPU slabs
    (or sheaves) as active: at most what the slabs hold; with sheaves, what these can hold is on top.
    """
    merged = each.row["cache"] == "pid"
    if each.raw:
        return each.left, each.raw[0]
    if each.row["state"] == RAW:
        parked = _parked(each)
        return each.left, each.objects + parked if parked and not merged else int(each.row["num_objs"])
    others = merged_others(each) if merged else range(1)
    return each.left + others[0], each.left + settling(each) + others[-1]


def slab_bounds(each: Seen) -> tuple[int, int]:
    """Return the slabs that a row may have: packed ones; with raw counts, or after some went, what a host retains."""
    if each.raw:
        return each.packed(each.left), each.raw[1]
    low, high = object_bounds(each) if each.row["state"] == SHRUNK else (each.left, each.objects)
    if each.row["state"] == RAW and each.row["cache"] == "pid":
        high += merged_others(each)[-1]
    if each.row["state"] == RAW or each.left != each.objects:
        return each.packed(low), each.packed(max(high, each.objects)) + each.retained
    slabs = each.figures[f"{each.cache}.slabs"]
    return (each.packed(low), each.packed(high)) if each.row["cache"] == "pid" else (slabs.low, slabs.high)


@cache
def _before() -> int:
    (before,) = {each.active for each in some(SHRUNK, merged=True) if each.row["moment"] == "before"}
    return before


def merged_others(each: Seen) -> range:
    """Return how many others' objects are in struct pid's cache: those before, and one while a VM's process lives."""
    return range(_before(), _before() + 1) if each.row["moment"] == "before" else range(_before() + 1, _before() + 2)


def test_headers_after_the_memslot_is_gone() -> None:
    """The page tables drawn from a cache are freed, but not the root: what `replay` prints, exactly."""
    found = some(SHRUNK, deleted=True)
    for each in found:
        assert each.active in {each.left, each.left + settling(each)}
        assert slab_bounds(each)[0] <= each.slabs <= slab_bounds(each)[1]
    assert sum(not settling(each) for each in found) == 35


def test_raw_counts_bound_the_true_use() -> None:
    for each in some(RAW):
        for (low, high), measured in ((object_bounds(each), each.active), (slab_bounds(each), each.slabs)):
            assert low <= measured <= high


def _parked(each: Seen) -> int:
    """Return how many objects the sheaves of a host can hold."""
    found = kernel(each.row["kernel"])
    sheaves = int(each.row["host_cpus"]) * found.slub_sheaves_per_cpu + found.slub_sheaves_per_node
    return sheaves * slab_layout.by_size(int(each.row["objsize"]), found.slub_sheaf_capacity)


def test_merged_rows_differ_from_before_by_what_vcpus_hold() -> None:
    """The cache is shared with struct pid and others: as many as before, and one process more while a VM lives."""
    for each in some(SHRUNK, merged=True):
        assert object_bounds(each) == (each.active, each.active)
        assert slab_bounds(each) == (each.slabs, each.slabs)


def test_raw_merged_rows_are_bounded() -> None:
    """No difference is exact here: the `before` row, too, counts whole per-CPU slabs as active."""
    for each in some(RAW, merged=True):
        for (low, high), measured in ((object_bounds(each), each.active), (slab_bounds(each), each.slabs)):
            assert low <= measured <= high


# lists and the vCPU cache, driven step by step


def label(row: Row) -> str:
    return "-".join(text for text in row.values() if text)


def undisturbed(name: str) -> list[Row]:
    return [row for row in rows(name) if tuple(row.values()) != DISTURBED]


ONE_LESS = {
    "many-gfns.csv": ("6.1-2-1000-2-2000-4-0-0-1038-38-1000",),
    "parent-ptes.csv": ("6.1-2-3-39-38-1", "6.1-2-15-39-37-2", "6.1-2-100-39-31-8", "6.1-2-250-39-21-18"),
}
"""Rows of the boot with two CPUs and merged caches in which another user's object left between two counts; all other
rows of these files are exact."""


def off_by(row: Row) -> range:
    """Return by how much held and cached may differ: an object of a merged cache's other users comes or goes."""
    if row.get("slab_merge") == "yes":
        return range(-1, 2)
    return range(-1, 0) if any(label(row) in named for named in ONE_LESS.values()) else range(1)


def assert_counts(row: Row, counts: tuple[int, int, int]) -> None:
    """held, cached and in_use; the first two are off together, by one at most in a merged cache or a named row."""
    held, cached, in_use = integers(row, "held", "cached", "in_use")
    assert counts[2] == in_use
    assert held - counts[0] == cached - counts[1]
    assert held - counts[0] in off_by(row)


def test_the_named_rows_are_there() -> None:
    for name, named in ONE_LESS.items():
        assert [label(row) for row in rows(name) if label(row) in named] == list(named)


KERNELS = ("5.10", "6.1", "7.3")


def chain(row: Row) -> Moment:
    (moment,) = moments([*grown(int(row["entries"])), "mark"], row["kernel"], KERNELS)
    return moment


@pytest.mark.parametrize("row", undisturbed("rmap-chains.csv"), ids=label)
def test_rmap_chain(row: Row) -> None:
    """ceil(n / EXT) for a list that only grew, and what the vCPU cache is left with; past 1001 entries, from anew."""
    assert_counts(row, chain(row).counts)


def parents(row: Row) -> Moment:
    touches = [touch(parent * TABLE, table="shared") for parent in range(int(row["parents"]))]
    (moment,) = moments([*start(), *touches, "mark"], row["kernel"], KERNELS)
    return moment


@pytest.mark.parametrize("row", rows("parent-ptes.csv"), ids=label)
def test_parent_ptes(row: Row) -> None:
    """A shadow page with two or more parents costs descriptors exactly like an rmap."""
    assert_counts(row, parents(row).counts)


def recycled(row: Row) -> bool:
    """Tell where KVM's default limit of shadow pages was in the way."""
    found = kernel(row["kernel"])
    return row["nr_mmu_pages_set"] == "0" and int(row["guest_page_tables"]) > _limit(found)


def _limit(found: Kernel) -> int:
    plain = scenario(memory=GUEST_MEMORY, smm=False)
    (slot,) = memslots.slots(found, plain.host, plain.vms[0]).rows
    return page_tables.default_limit(slot[0], found.shadow_page_divisor, found.shadow_page_least)


def many(row: Row) -> Moment:
    aliases = mapped(*integers(row, "gfns", "entries_each"), interleaved=row["interleaved"] == "1")
    limit = [] if row["nr_mmu_pages_set"] == "0" else [f"limit vm {row['nr_mmu_pages_set']}"]
    (moment,) = moments([*limit, *start(), aliases, "mark"], row["kernel"], ("5.10", "6.1"))
    return moment


@pytest.mark.parametrize("row", sampled([row for row in rows("many-gfns.csv") if not recycled(row)], 3), ids=label)
def test_many_gfns(row: Row) -> None:
    """Every gfn has its own list, one vCPU cache feeds them all; the order of the faults does not matter."""
    assert_counts(row, many(row).counts)


COUNTED = {"rmap-chains.csv": chain, "parent-ptes.csv": parents, "many-gfns.csv": many}
"""Files with held, cached and in_use, and what `replay` prints for a row of each."""


def recycled_figures(row: Row) -> Ledger:
    gfns, each = integers(row, "gfns", "entries_each")
    return ledger(
        kernel=row["kernel"],
        host="single-cpu",
        vm="shadow",
        memory="16MiB",
        smm=False,
        mapped="listed",
        faults="in-order",
        rmaps=f"{gfns}x{each}",
    )


def recycled_rmaps(row: Row) -> Term:
    return recycled_figures(row)["pte_list_desc.objects.rmaps"]


def test_many_gfns_recycled() -> None:
    """Past the default limit shadow pages are recycled, their SPTEs with them: the ledger's bound (observed.md 5)."""
    found = [row for row in rows("many-gfns.csv") if recycled(row)]
    assert len(found) == 3
    for row in found:
        gfns, each, in_use, held, cached = integers(row, "gfns", "entries_each", "in_use", "held", "cached")
        assert held - cached == in_use
        figures, rmaps = recycled_figures(row), recycled_rmaps(row)
        most = gfns * descriptors(each, figures["pte_list_desc.ext"].low)
        assert rmaps.low <= in_use <= rmaps.high <= most
        assert most / 2.5 < rmaps.low
        tables = figures["kvm_mmu_page_header.objects.page_tables"]
        assert tables.high == _limit(kernel(row["kernel"])) - 1
        assert tables.low == tables.high - 24


Run = tuple[str, str, str, str]
ORDERS = ("oldest-first", "newest-first", "keep-one-per-descriptor", "keep-first-n")


@cache
def one_by_one() -> dict[Run, tuple[Row, ...]]:
    """Return the runs of removals.csv that have a row for each change."""
    runs: dict[Run, list[Row]] = {}
    for row in rows("removals.csv"):
        if row["order"] in ORDERS[:2]:
            key = (row["kernel"], row["host_cpus"], row["entries"], row["order"])
            runs.setdefault(key, []).append(row)
    return {run: tuple(found) for run, found in runs.items()}


def at_once() -> list[Row]:
    """Return the rows of removals.csv that only have an end."""
    return [row for row in rows("removals.csv") if row["order"] in ORDERS[2:]]


def test_no_removal_is_left_out() -> None:
    runs = one_by_one()
    assert len(runs) == 64
    assert (sum(len(found) for found in runs.values()), len(at_once())) == (492, 54)


@pytest.mark.parametrize("run", one_by_one(), ids="-".join)
def test_removals_one_by_one(run: Run) -> None:
    """Where a removal frees a descriptor, and nowhere else: the file has a row for every change."""
    version, _, entries, order = run
    count = int(entries)
    aliases = [count - 1 - number if order == "newest-first" else number for number in range(count)]
    before, *after = moments([*grown(count), "mark", *marked(map(drop, aliases))], version, KERNELS)
    replayed = []
    for number, (alias, moment) in enumerate(zip(aliases, after, strict=True)):
        left = count - 1 - number
        if moment.held != before.held or left <= 2:
            replayed.append((alias, left, before.held, moment.held))
        before = moment
    *steps, end = one_by_one()[run]
    assert replayed == [integers(row, "removed_entry", "left", "held_before", "held_after") for row in steps]
    assert [row["step"] for row in steps] == ["each"] * len(steps)
    assert (end["step"], *integers(end, "left", "held_after", "in_use")) == ("end", 0, before.held, before.live)


@pytest.mark.parametrize("row", at_once(), ids=label)
def test_removals_at_once(row: Row) -> None:
    """No compaction before 6.4: thinned to one entry per descriptor, a list keeps all its descriptors."""
    count, left = integers(row, "entries", "left")
    ext = kernel(row["kernel"]).pte_list_ext
    thinned = row["order"] == "keep-one-per-descriptor"
    removed = [drop(alias) for alias in range(count) if (alias % ext if thinned else alias >= left)]
    (moment,) = moments([*grown(count), *removed, "mark"], row["kernel"])
    assert moment.lists == Counter((1, 1, left))
    assert (moment.held, moment.live) == integers(row, "held_after", "in_use")


@pytest.mark.parametrize("row", rows("readds.csv"), ids=label)
def test_readds(row: Row) -> None:
    """Holes are used again before 6.4; from 6.4 on there are none."""
    count, thinned, added, left, held = integers(row, "entries", "thinned_to", "added", "left", "held_before")
    ext = kernel(row["kernel"]).pte_list_ext
    removed = [drop(alias) for alias in range(count) if alias % ext]
    before, after = moments(
        [*grown(count), *removed, "mark", *([touch(count, added)] if added else []), "mark"], row["kernel"]
    )
    assert (before.lists, before.held) == (Counter((1, 1, thinned)), held)
    assert after.lists == Counter((1, 1, left))
    assert after.counts == integers(row, "held_after", "cached", "in_use")


@cache
def topup_runs() -> tuple[tuple[str, str, int], ...]:
    return tuple(dict.fromkeys((r["kernel"], r["host_cpus"], int(r["entries_total"])) for r in rows("topups.csv")))


@pytest.mark.parametrize("run", topup_runs(), ids=lambda run: "-".join(map(str, run)))
def test_topups(run: tuple[str, str, int]) -> None:
    """With fewer than 14 left the cache is filled to 40, at that fault and no other."""
    version, cpus, entries = run
    before, *after = moments([*start(), "mark", *marked(map(touch, range(entries)))], version, KERNELS)
    replayed = []
    for entry, moment in enumerate(after, 1):
        if moment.held != before.held:
            replayed.append((entry, before.held, moment.held))
        before = moment
    recorded = [
        integers(row, "at_entry", "held_before", "held_after")
        for row in rows("topups.csv")
        if (row["kernel"], row["host_cpus"], row["entries_total"]) == (version, cpus, str(entries))
    ]
    assert replayed == recorded


UNMAPPED = ("held", "held_after_madvise", "held_after_memslot_delete")


def unmapped(row: Row) -> tuple[Moment, ...]:
    steps = [*grown(int(row["entries"])), "mark", *marked(["unmap vm target", "unslot vm"])]
    return moments(steps, row["kernel"], KERNELS)


@pytest.mark.parametrize("row", rows("notifier.csv"), ids=label)
def test_notifier(row: Row) -> None:
    """The host drops the backing page: all descriptors of the gfn go at once, those in the vCPU cache stay."""
    assert tuple(moment.held for moment in unmapped(row)) == integers(row, *UNMAPPED)


# mmu_rmaps_stat: one gfn with n aliases, two or three other pages mapped once

STATS = sorted((DATA / "observations" / "mmu_rmaps_stat").glob("*/*.txt"))
COLUMNS = ("0", "1", "2-3", "4-7", "8-15", "16-31", "32-63", "64-127", "128-255", "256-511", "512-1023")


def test_no_histogram_is_lost() -> None:
    assert Counter(path.parent.name for path in STATS) == {"6.1": 31, "7.3": 31}


@pytest.mark.parametrize("path", STATS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_rmaps_stat(path: Path) -> None:
    """The file is what `replay` prints of it, with two other pages mapped once, or three."""
    version = path.parent.name
    lines = dict(line.split(":") for line in path.read_text(encoding="utf-8").splitlines())
    assert tuple(lines.pop("Rmap_Count").split()) == COLUMNS
    histogram = {level.removeprefix("Level="): [int(count) for count in text.split()] for level, text in lines.items()}
    steps = [*grown(int(path.stem.split("-")[2])), "mark", "touch vm 0 0x3000", "mark"]
    assert histogram in [moment.rmaps_stat for moment in moments(steps, version, KERNELS)]
