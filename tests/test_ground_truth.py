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
from guest_model import VcpuModel, bucket, grown
from helpers import DATA, Row, comments, kernel, ledger, scenario, table

from ptelist.engine import memslots, pagetables, rules, slab
from ptelist.engine.lists import descriptors
from ptelist.engine.memory_caches import MemoryCache

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ptelist.engine.ledger import Ledger
    from ptelist.scenario import Kernel

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
    rule: slab.OrderRule
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
    rule = rules.order_rule(found.kernel, found.host)
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
    layouts = [(row, slab.layout(int(row["slab_size"]), found.rule)) for row in found.caches]
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
    return slab.stride(
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
    return slab.stride(int(row["object_size"]), align=align, pointer_outside=True) == int(row["slab_size"])


@pytest.mark.parametrize("name", DUMPS)
def test_cache_line_alignment(name: str) -> None:
    """slub.md 1: SLAB_HWCACHE_ALIGN asks for 64 bytes, halved while the object is no more than half of it."""
    found = boot(name)
    asking = [row for row in found.caches if row["hwcache_align"] == "1"]
    assert asking
    assert not differing(
        (row["name"], slab.alignment(int(row["align"]), int(row["object_size"]), CACHE_LINE), int(row["align"]))
        for row in asking
    )


@pytest.mark.parametrize("name", DUMPS)
def test_min_partial(name: str) -> None:
    """slub.md 6: log2(stride) / 2, held between 5 and 10."""
    found = boot(name)
    bounded = found.kernel.slub_min_partial
    assert not differing(
        (row["name"], slab.min_partial(int(row["slab_size"]), *bounded), int(row["min_partial"]))
        for row in found.caches
    )


@pytest.mark.parametrize("name", DUMPS)
def test_cpu_partial(name: str) -> None:
    """slub.md 6, observed.md: objects on per-CPU partial lists by stride; 0 with debugging and with sheaves."""
    found = boot(name)
    sizes = () if found.debug else found.kernel.slub_cpu_partial
    assert not differing(
        (row["name"], slab.by_size(int(row["slab_size"]), sizes), int(row["cpu_partial"])) for row in found.caches
    )


@pytest.mark.parametrize("name", [name for name in DUMPS if name.startswith("k7.3")])
def test_sheaf_capacity(name: str) -> None:
    """observed.md 4: 60 / 28 / 12 / 4 by stride, in 264 of 267 caches."""
    found = boot(name)
    sizes = found.kernel.slub_sheaf_capacity
    wrong = differing(
        (row["name"], slab.by_size(int(row["slab_size"]), sizes), int(row["sheaf_capacity"])) for row in found.caches
    )
    assert {name: recorded for name, _, recorded in wrong} == OTHER_SHEAVES


# vcpu-caches.csv: what N vCPUs hold once they ran

SHRUNK, RAW, DELETED = "shrunk", "raw", "memslot_deleted_vm_alive"
HEADER = "kvm_mmu_page_header"
PROBED_TABLES = 4
"""The guests touch one page or a few below 2 MiB: a page table each on four levels."""


class Seen(NamedTuple):
    """A row's count and what the engine says of a host with just these vCPUs."""

    row: Row
    figures: Ledger
    cache: str
    objects: int
    """Live ones: in vCPU caches, or taken from there for page tables."""

    @property
    def active(self) -> int:
        return int(self.row["active_objs"])

    @property
    def slabs(self) -> int:
        return int(self.row["num_slabs"])

    def packed(self, objects: int) -> int:
        """Return the fewest slabs for so many objects."""
        return -(-objects // self.figures[f"{self.cache}.objects_per_slab"].low)

    @property
    def slack(self) -> int:
        """Return how many slabs beyond the packed ones the ledger allows for."""
        return self.figures[f"{self.cache}.slabs"].high - self.packed(self.figures[f"{self.cache}.objects"].high)

    @property
    def retained(self) -> int:
        """Return how many more a busy host may keep."""
        return self.figures[f"{self.cache}.slabs.retained"].high


def options(row: Row) -> dict[str, str | int | bool]:
    return {
        "kernel": row["kernel"],
        "cpus": int(row["host_cpus"]),
        "slab_merge": row["slab_merge"] == "yes",
        "paging": row["paging"],
        "vcpus": max(int(row["vcpus_created"]), 1),
        "vcpus_run": int(row["vcpus_run"]),
        "memory": GUEST_MEMORY,
        "smm": False,
    }


def seen(row: Row) -> Seen:
    found = ledger(**options(row))
    name = "pte_list_desc" if row["cache"] == "pid" else row["cache"]
    return Seen(row, found, name, found[f"{name}.objects.vcpu_caches"].low)


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


def test_page_tables_are_taken_from_the_vcpu_cache() -> None:
    """Why headers are 40 per vCPU with page tables among them: 36 left are no reason to top up."""
    for version in ("5.10", "6.1", "7.3"):
        found = kernel(version)
        cache_ = MemoryCache(found.cache_capacity, found.page_topup_min)
        cache_.top_up()
        for _ in range(sum(pagetables.tables(((0, found.page_bytes),), "4K", PROBED_TABLES, found.page_bytes))):
            cache_.draw()
        assert cache_.top_up() == 0
        assert cache_.allocated == found.cache_capacity
        assert cache_.objects == found.cache_capacity - PROBED_TABLES


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
    """slub.md 7: on one node, n objects are in ceil(n / objects per slab) slabs.

    The measured number lies in the ledger's interval. (In headers' own ledger figure are the page tables of the whole
    guest, so the interval's width is taken from there and put on the 40 per vCPU.)
    """
    found = some(SHRUNK, deleted=False, version=version)
    off = []
    for each in found:
        low = each.packed(each.objects)
        high = low + each.slack
        if not low <= each.slabs <= high:
            off.append((each.cache, each.objects, f"{low}..{high}", each.slabs))
    assert not off, f"(cache, objects, ledger's slabs, measured) in {len(off)} of {len(found)} rows: {sorted(set(off))}"


def test_headers_after_the_memslot_is_gone() -> None:
    """The page tables drawn from a cache are freed, but maybe not the root: 40 per vCPU less 0 to 4.

    Which tables go, and when, is the zapping's business and not the engine's.
    """
    for each in some(SHRUNK, deleted=True):
        assert each.objects - PROBED_TABLES <= each.active <= each.objects
        assert each.packed(each.active) <= each.slabs <= each.packed(each.objects) + each.retained


def test_raw_counts_bound_the_true_use() -> None:
    """Raw counts have objects in per-CPU slabs (or sheaves) as active: at least the true use.

    At most what the slabs hold; with sheaves, what these can hold is on top. Slabs: at least the packed ones, at
    most those and what the ledger says that a busy host may retain.
    """
    for each in some(RAW):
        tables = PROBED_TABLES if each.cache == HEADER and each.row["moment"] == DELETED else 0
        parked = _parked(each)
        most = each.objects + parked if parked else int(each.row["num_objs"])
        assert each.objects - tables <= each.active <= most
        assert each.packed(each.objects - tables) <= each.slabs <= each.packed(each.objects) + each.retained


def _parked(each: Seen) -> int:
    """Return how many objects the sheaves of a host can hold."""
    found = kernel(each.row["kernel"])
    sheaves = int(each.row["host_cpus"]) * found.slub_sheaves_per_cpu + found.slub_sheaves_per_node
    return sheaves * slab.by_size(int(each.row["objsize"]), found.slub_sheaf_capacity)


def test_merged_rows_differ_from_before_by_what_vcpus_hold() -> None:
    """The cache is shared with struct pid and others: 47 objects before, one process more while a VM lives."""
    found = some(SHRUNK, merged=True)
    (before,) = {each.active for each in found if each.row["moment"] == "before"}
    for each in found:
        others = each.active - before - each.objects
        assert others == (0 if each.row["moment"] == "before" else 1)
        assert each.slabs == each.packed(each.active)


def test_raw_merged_rows_are_bounded_only() -> None:
    """No difference is exact here: the `before` row, too, counts whole per-CPU slabs as active."""
    others = max(each.active - each.objects for each in some(SHRUNK, merged=True))
    for each in some(RAW, merged=True):
        assert each.objects <= each.active <= int(each.row["num_objs"])
        assert each.packed(each.objects) <= each.slabs <= each.packed(each.objects + others) + each.retained


# lists and the vCPU cache, driven step by step


def label(row: Row) -> str:
    return "-".join(text for text in row.values() if text)


def undisturbed(name: str) -> list[Row]:
    return [row for row in rows(name) if tuple(row.values()) != DISTURBED]


def shared_cache(row: Row) -> bool:
    """Tell a boot with 2 CPUs: merged, so that other users' objects come and go (README, rmap-chains.csv)."""
    return row["host_cpus"] == "2"


def assert_counts(row: Row, guest: VcpuModel) -> None:
    """held, cached and in_use; in a merged cache the first two are off by one other object at most."""
    expected = integers(row, "held", "cached", "in_use")
    if shared_cache(row):
        assert guest.in_use == expected[2]
        assert abs(guest.held - expected[0]) <= 1
        assert abs(guest.cache.objects - expected[1]) <= 1
    else:
        assert guest.counts == expected


@pytest.mark.parametrize("row", undisturbed("rmap-chains.csv"), ids=label)
def test_rmap_chain(row: Row) -> None:
    """ceil(n / EXT) for a list that only grew, and what the vCPU cache is left with; past 1001 entries, from anew."""
    assert_counts(row, grown(row["kernel"], int(row["entries"])))


@pytest.mark.parametrize("row", rows("parent-ptes.csv"), ids=label)
def test_parent_ptes(row: Row) -> None:
    """A shadow page with two or more parents costs descriptors exactly like an rmap."""
    assert_counts(row, grown(row["kernel"], int(row["parents"]), parents=True))


@cache
def mapped(version: str, gfns: int, entries: int, *, interleaved: bool) -> tuple[int, int, int]:
    guest = VcpuModel(version)
    for alias in range(gfns * entries):
        guest.touch(alias, alias % gfns if interleaved else alias // entries)
    return guest.counts


def recycled(row: Row) -> bool:
    """Tell where KVM's default limit of shadow pages was in the way."""
    found = kernel(row["kernel"])
    return row["nr_mmu_pages_set"] == "0" and int(row["guest_page_tables"]) > _limit(found)


def _limit(found: Kernel) -> int:
    (slot,) = memslots.slots(found, scenario(memory=GUEST_MEMORY, smm=False).vms[0]).rows
    return pagetables.default_limit(slot[0], found.shadow_page_divisor, found.shadow_page_least)


@pytest.mark.parametrize("row", [row for row in rows("many-gfns.csv") if not recycled(row)], ids=label)
def test_many_gfns(row: Row) -> None:
    """Every gfn has its own list, one vCPU cache feeds them all; the order of the faults does not matter."""
    guest = mapped(row["kernel"], *integers(row, "gfns", "entries_each"), interleaved=row["interleaved"] == "1")
    held, cached, in_use = integers(row, "held", "cached", "in_use")
    assert guest[2] == in_use
    off = int(shared_cache(row))
    assert abs(guest[0] - held) <= off
    assert abs(guest[1] - cached) <= off


def test_many_gfns_recycled() -> None:
    """Past the default limit shadow pages are recycled, their SPTEs with them: the ledger's bound (observed.md 5)."""
    found = [row for row in rows("many-gfns.csv") if recycled(row)]
    assert len(found) == 3
    for row in found:
        gfns, each, in_use, held, cached = integers(row, "gfns", "entries_each", "in_use", "held", "cached")
        assert held - cached == in_use
        figures = ledger(
            kernel=row["kernel"],
            host="single-cpu",
            vm="shadow",
            memory="16MiB",
            smm=False,
            rmaps=f"{gfns}x{each}",
        )
        rmaps = figures["pte_list_desc.objects.rmaps"]
        assert rmaps.low <= in_use < rmaps.high == gfns * descriptors(each, figures["pte_list_desc.ext"].low)
        assert figures["kvm_mmu_page_header.objects.page_tables"].high == _limit(kernel(row["kernel"]))


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
    guest = grown(version, count)
    replayed = []
    for number in range(count):
        alias = count - 1 - number if order == "newest-first" else number
        before = guest.held
        guest.remove(alias)
        left = count - 1 - number
        if guest.held != before or left <= 2:
            replayed.append((alias, left, before, guest.held))
    *steps, end = one_by_one()[run]
    assert replayed == [integers(row, "removed_entry", "left", "held_before", "held_after") for row in steps]
    assert [row["step"] for row in steps] == ["each"] * len(steps)
    assert (end["step"], *integers(end, "left", "held_after", "in_use")) == ("end", 0, guest.held, 0)
    assert guest.in_use == 0


@pytest.mark.parametrize("row", at_once(), ids=label)
def test_removals_at_once(row: Row) -> None:
    """No compaction before 6.4: thinned to one entry per descriptor, a list keeps all its descriptors."""
    count, left = integers(row, "entries", "left")
    guest = grown(row["kernel"], count)
    for alias in range(count):
        first = alias % guest.kernel.pte_list_ext == 0 if row["order"] == "keep-one-per-descriptor" else alias < left
        if not first:
            guest.remove(alias)
    assert len(guest.list()) == left
    assert (guest.held, guest.in_use) == integers(row, "held_after", "in_use")


@pytest.mark.parametrize("row", rows("readds.csv"), ids=label)
def test_readds(row: Row) -> None:
    """Holes are used again before 6.4; from 6.4 on there are none."""
    count, thinned, added, left, before = integers(row, "entries", "thinned_to", "added", "left", "held_before")
    guest = grown(row["kernel"], count)
    for alias in range(count):
        if alias % guest.kernel.pte_list_ext:
            guest.remove(alias)
    assert (len(guest.list()), guest.held) == (thinned, before)
    for alias in range(count, count + added):
        guest.touch(alias)
    assert len(guest.list()) == left
    assert guest.counts == integers(row, "held_after", "cached", "in_use")


@cache
def topup_runs() -> tuple[tuple[str, str, int], ...]:
    return tuple(dict.fromkeys((r["kernel"], r["host_cpus"], int(r["entries_total"])) for r in rows("topups.csv")))


@pytest.mark.parametrize("run", topup_runs(), ids=lambda run: "-".join(map(str, run)))
def test_topups(run: tuple[str, str, int]) -> None:
    """With fewer than 14 left the cache is filled to 40, at that fault and no other."""
    version, cpus, entries = run
    guest = VcpuModel(version)
    replayed = []
    for alias in range(entries):
        before = guest.held
        guest.touch(alias)
        if guest.held != before:
            replayed.append((alias + 1, before, guest.held))
    recorded = [
        integers(row, "at_entry", "held_before", "held_after")
        for row in rows("topups.csv")
        if (row["kernel"], row["host_cpus"], row["entries_total"]) == (version, cpus, str(entries))
    ]
    assert replayed == recorded


@pytest.mark.parametrize("row", rows("notifier.csv"), ids=label)
def test_notifier(row: Row) -> None:
    """The host drops the backing page: all descriptors of the gfn go at once, those in the vCPU cache stay."""
    guest = grown(row["kernel"], int(row["entries"]))
    assert guest.held == int(row["held"])
    guest.list().zap()
    assert guest.held == int(row["held_after_madvise"]) == int(row["held_after_memslot_delete"])


# mmu_rmaps_stat: one gfn with n aliases, two or three other pages mapped once

STATS = sorted((DATA / "observations" / "mmu_rmaps_stat").glob("*/*.txt"))
COLUMNS = ("0", "1", "2-3", "4-7", "8-15", "16-31", "32-63", "64-127", "128-255", "256-511", "512-1023")
OTHERS = (2, 3)


def test_no_histogram_is_lost() -> None:
    assert Counter(path.parent.name for path in STATS) == {"6.1": 31, "7.3": 31}


@pytest.mark.parametrize("path", STATS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_rmaps_stat(path: Path) -> None:
    """The list is in the column that the profile's bucketing gives for the length that the engine says."""
    version = path.parent.name
    lines = dict(line.split(":") for line in path.read_text().splitlines())
    assert tuple(lines.pop("Rmap_Count").split()) == COLUMNS
    histogram = {level: tuple(map(int, text.split())) for level, text in lines.items()}
    (slot,) = memslots.slots(kernel(version), scenario(memory=GUEST_MEMORY, smm=False).vms[0]).rows
    assert tuple(map(sum, histogram.values())) == slot
    length = len(grown(version, int(path.stem.split("-")[2])).list())
    expected = [0] * len(COLUMNS)
    expected[bucket(length, kernel(version).rmaps_stat)] = 1
    empty, single, *longer = histogram["Level=4K"]
    assert single - expected[1] in OTHERS
    assert longer == expected[2:]
    assert empty == slot[0] - single - sum(longer)
    assert histogram["Level=2M"][1:] == histogram["Level=1G"][1:] == (0,) * 10
