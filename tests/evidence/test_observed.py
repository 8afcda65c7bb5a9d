"""What was seen on running kernels (observed.md), rule by rule, and the list vectors of kvm-facts.md, section 2a.

Of observed.md the engine does not model: raw slabinfo counts (rule 3, but for the bound on what stays), the MMU
shrinker (rule 6) and packages (rule 11).
"""

from __future__ import annotations

from typing import NamedTuple

import pytest
from helpers import kernel, ledger, scenario

from ptelist.engine import page_tables, slab_layout, slub_parameters
from ptelist.engine.lists.descriptors import List, bounds

BOOTED = ("5.10", "6.1", "6.12", "6.16", "6.18", "7.2", "7.3")


class Era(NamedTuple):
    """A column of observed.md's table."""

    size: int
    ext: int
    per_slab: int
    header: int
    headers_per_slab: int
    most: int
    policy: str
    rmaps_stat: str
    counts: str


OLDEST = Era(32, 3, 128, 168, 24, 334, "walk", "none", "nr_cpu_ids")
OLD = Era(128, 14, 32, 184, 22, 72, "walk", "ffs", "present")
NEW = OLD._replace(policy="head")
NEWEST = NEW._replace(rmaps_stat="fls")
ERAS = dict(zip(BOOTED, (OLDEST, OLD, NEW, NEW, NEW, NEWEST, NEWEST), strict=True))
every_era = pytest.mark.parametrize(("version", "era"), ERAS.items())
every_kernel = pytest.mark.parametrize("version", BOOTED)

# the table


@every_era
def test_descriptor_and_header(version: str, era: Era) -> None:
    """Descriptor / ext / per order-0 slab; page header and how many of it."""
    found = ledger(kernel=version, host="single-cpu")
    desc, header = "pte_list_desc", "kvm_mmu_page_header"
    assert [found[f"{desc}.{figure}"].low for figure in ("size", "ext", "objects_per_slab", "slab_order")] == [
        era.size,
        era.ext,
        era.per_slab,
        0,
    ]
    assert [found[f"{header}.{figure}"].low for figure in ("size", "objects_per_slab", "slab_order")] == [
        era.header,
        era.headers_per_slab,
        0,
    ]


@every_kernel
@pytest.mark.parametrize("paging", ["tdp-mmu", "tdp-legacy", "shadow"])
@pytest.mark.parametrize("vcpus", [1, 2, 8, 32, 64, 128, 256])
def test_objects_per_vcpu(version: str, paging: str, vcpus: int) -> None:
    """40 objects per vCPU that ran, both caches, 1..256 vCPUs: exact."""
    found = ledger(kernel=version, paging=paging, vcpus=256, vcpus_run=vcpus)
    for cache in ("pte_list_desc", "kvm_mmu_page_header"):
        held = found[f"{cache}.objects"]
        assert (held.low, held.high) == (40 * vcpus, 40 * vcpus)


@every_era
def test_grown_list(version: str, era: Era) -> None:
    """Descriptors of an n-entry list that only grew: ceil(n/EXT), 0 for n < 2; most that one gfn holds: 1001."""
    profile = kernel(version)
    found = List(profile.pte_list_ext, profile.list_policy)
    for n in range(1, 1002):
        assert not found.add_rmap(n, profile.rmap_recycle_threshold)
        expected = 0 if n < 2 else (n + era.ext - 1) // era.ext
        assert found.descriptors == expected
        assert bounds(n, profile.pte_list_ext, profile.list_policy, "grown", n) == (expected, expected)
    assert found.descriptors == era.most


@every_era
def test_compaction(version: str, era: Era) -> None:
    """Removals: no compaction in 5.10 and 6.1, from 6.12 on the list compacts."""
    profile = kernel(version)
    assert profile.list_policy == era.policy
    entries = 10 * era.ext
    found = _thinned(version, entries)
    assert len(found) == 10
    assert found.descriptors == (10 if era.policy == "walk" else (10 + era.ext - 1) // era.ext)


def _thinned(version: str, entries: int) -> List:
    """Return a list of which one entry a descriptor is left."""
    profile = kernel(version)
    found = List(profile.pte_list_ext, profile.list_policy)
    for entry in range(entries):
        found.add(entry)
    for entry in range(entries):
        if entry % profile.pte_list_ext:
            found.remove(entry)
    return found


@every_era
def test_rmaps_stat(version: str, era: Era) -> None:
    """mmu_rmaps_stat: no such file; lowest set bit; magnitude."""
    assert kernel(version).rmaps_stat == era.rmaps_stat


@every_era
@pytest.mark.parametrize(("cpus", "possible"), [(1, 1), (1, 128), (2, 2), (2, 128), (128, 128)])
def test_cpus_counted(version: str, era: Era, cpus: int, possible: int) -> None:
    """SLUB order: nr_cpu_ids always (5.10); present CPUs, nr_cpu_ids if 1 is present."""
    found = scenario(kernel=version, cpus=cpus, possible_cpus=possible)
    expected = possible if era.counts == "nr_cpu_ids" or cpus == 1 else cpus
    assert slub_parameters.counted_cpus(found.kernel, found.host) == expected
    few = ledger(kernel=version, cpus=cpus, possible_cpus=possible)["kvm_mmu_page_header.slab_order"].low
    assert few == (1 if expected == 128 else 0)


PARTIAL = {"5.10": (30, 13, 6, 2), "7.2": (0, 0, 0, 0), "7.3": (0, 0, 0, 0)}
SIZES = ((8, 255), (256, 1023), (1024, 4095), (4096, 100000))


@every_kernel
def test_cpu_partial(version: str) -> None:
    """cpu_partial for stride < 256 / < 1024 / < 4096 / larger."""
    found = kernel(version).slub_cpu_partial
    for sizes, expected in zip(SIZES, PARTIAL.get(version, (120, 52, 24, 6)), strict=True):
        assert [slab_layout.by_size(size, found) for size in sizes] == [expected, expected]


# the numbered rules


@pytest.mark.parametrize("version", ["5.10", "6.1", "7.3"])
def test_rule_1_past_the_cap(version: str) -> None:
    """After K aliases touched in order the list has K - 1001 x floor((K-1)/1001) entries."""
    profile = kernel(version)
    found = List(profile.pte_list_ext, profile.list_policy)
    for k in range(1, 4100):
        if found.add_rmap(k, profile.rmap_recycle_threshold):
            assert len(found) == 0
            assert not found.add_rmap(k, profile.rmap_recycle_threshold)
        assert len(found) == k - 1001 * ((k - 1) // 1001)
        assert found.descriptors == (0 if len(found) < 2 else -(-len(found) // profile.pte_list_ext))


@pytest.mark.parametrize("version", ["5.10", "6.1"])
@pytest.mark.parametrize("added", [0, 1, 9, 20, 100, 130, 300])
def test_rule_2_holes_are_used_again(version: str, added: int) -> None:
    """Thinned to one entry a descriptor and grown again: max(surviving descriptors, ceil(n/ext))."""
    ext = kernel(version).pte_list_ext
    found = _thinned(version, 140)
    surviving = -(-140 // ext)
    assert found.descriptors == surviving
    for entry in range(140, 140 + added):
        found.add(entry)
    assert found.descriptors == max(surviving, -(-len(found) // ext))


@pytest.mark.parametrize(
    ("version", "cpus", "slabs"),
    [("6.1", 4, 768 // 32), ("5.10", 4, 5632 // 128), ("6.12", 4, 13), ("7.3", 4, 44), ("6.1", 1, 13)],
)
def test_rules_3_and_4_what_stays_after_close(version: str, cpus: int, slabs: int) -> None:
    """True use 0, raw counts stay up: `slabs.retained` has room for what stayed (6.1, 1 CPU: README's 5 + 8)."""
    retained = ledger(kernel=version, cpus=cpus)["pte_list_desc.slabs.retained"]
    assert retained.low == 0
    assert retained.high >= slabs


def test_rule_3_parts_of_what_stays() -> None:
    """1 CPU, 64 vCPUs closed -> num 416, 13 slabs = 5 node partial + 8 on the CPU (6.1)."""
    profile = kernel("6.1")
    assert 416 == 13 * 32
    assert slab_layout.min_partial(128, *profile.slub_min_partial) == 5
    free = slab_layout.by_size(128, profile.slub_cpu_partial)
    assert slab_layout.cpu_partial_slabs(free, 32, profile.slub_cpu_partial_unit) == 8


@pytest.mark.parametrize("version", ["7.2", "7.3"])
def test_rule_4_sheaves(version: str) -> None:
    """sheaf_capacity 60 / 28 / 12 / 4 for stride < 256 / < 1024 / < 4096 / larger; 0 with slub_debug."""
    found = kernel(version).slub_sheaf_capacity
    for sizes, expected in zip(SIZES, (60, 28, 12, 4), strict=True):
        assert [slab_layout.by_size(size, found) for size in sizes] == [expected, expected]
    debugged = ledger(kernel=version, host="single-cpu", slub_debug="U")["pte_list_desc.slabs.retained"].high
    assert debugged == 5  # a node's partial slabs: no CPU keeps any of a debugged cache


@pytest.mark.parametrize(("vcpus", "raw"), [(1, 60), (2, 120), (8, 360), (64, 2580)])
def test_rule_4_raw_counts_are_whole_sheaves(vcpus: int, raw: int) -> None:
    """Raw active after 1, 2, 8, 64 vCPUs: 60, 120, 360, 2 580 (true 40, 80, 320, 2 560)."""
    true = ledger(kernel="7.3", host="single-cpu", vcpus=vcpus)["pte_list_desc.objects"].low
    assert true == 40 * vcpus
    assert slab_layout.round_up(true, slab_layout.by_size(128, kernel("7.3").slub_sheaf_capacity)) == raw


@pytest.mark.parametrize("version", ["5.10", "6.1", "6.12", "6.18", "6.19"])
def test_rule_4_no_sheaves_before_7_0(version: str) -> None:
    """In 6.18 the file exists but is 0 for the KVM caches."""
    assert slab_layout.by_size(128, kernel(version).slub_sheaf_capacity) == 0


@every_kernel
def test_rule_5_default_shadow_page_limit(version: str) -> None:
    """98 guest page tables in a 16 MiB guest are over the default limit of 81 shadow pages."""
    profile = kernel(version)
    assert page_tables.default_limit(4096, profile.shadow_page_divisor, profile.shadow_page_least) == 81


@every_kernel
def test_rule_5_figures_are_bounded_at_the_limit(version: str) -> None:
    """Past the limit max(64, memslot pages / 50) shadow pages are recycled: an interval that ends below the limit."""
    guest = {"kernel": version, "paging": "shadow", "memory": "1GiB", "leaf": "4K", "smm": False}
    tables = ledger(**guest)["kvm_mmu_page_header.objects.page_tables"]
    assert (tables.low, tables.high) == (512 + 1 + 1 + 1,) * 2
    fewer = ledger(**guest, set_="kernel.shadow_page_divisor=8192")["kvm_mmu_page_header.objects.page_tables"]
    assert (fewer.low, fewer.high) == (1, 64 - 5 + 4)


@every_kernel
def test_rule_7_host_unmap(version: str) -> None:
    """MADV_DONTNEED of a backing page frees all descriptors of that gfn at once."""
    profile = kernel(version)
    found = List(profile.pte_list_ext, profile.list_policy)
    for entry in range(1000):
        found.add(entry)
    assert found.zap() == 1000
    assert (len(found), found.descriptors, found.frees) == (0, 0, found.allocs)


@pytest.mark.parametrize(
    ("version", "debug", "stride"), [("5.10", "U", 336), ("7.3", "U", 192), ("6.1", "FZPU", 224), ("6.12", "FZPU", 224)]
)
def test_rule_8_debugging(version: str, debug: str, stride: int) -> None:
    """slub_debug=U: descriptor stride 336 (5.10), 192 (7.3); FZPU: 224 on 6.1 and 6.12 (slub.md 1)."""
    assert ledger(kernel=version, slub_debug=debug)["pte_list_desc.stride"].low == stride


@pytest.mark.parametrize("version", ["6.1", "7.3"])
def test_rule_9_memcg_charge(version: str) -> None:
    """memcg, 64 vCPUs: 14 680 B of slab per vCPU = 40 x (128+8) + 40 x (184+8) + 3 x (512+8)."""
    found = ledger(kernel=version, host="single-cpu", vcpus=64)
    charged = 0
    for cache in ("pte_list_desc", "kvm_mmu_page_header"):
        charged += found[f"{cache}.objects"].low * (found[f"{cache}.stride"].low + 8)
    arrays = found["vcpu_caches.bytes.arrays"].low
    assert arrays == 64 * 3 * 512
    charged += arrays // 512 * (512 + 8)
    assert charged == 64 * 14680


@pytest.mark.parametrize("cpus", [1, 16, 64, 128])
def test_rule_10_order_forms(cpus: int) -> None:
    """For strides from 8 to 131 072 the two forms differ only between 10 928 and 12 280."""
    both = [scenario(kernel=version, cpus=cpus) for version in ("6.1", "6.12")]
    older, newer = (slub_parameters.order_rule(each.kernel, each.host) for each in both)
    assert (older.form, newer.form) == ("loop", "fixed")
    strides = range(8, 131072 + 1, 8)
    differing = [size for size in strides if slab_layout.slab_order(size, older) != slab_layout.slab_order(size, newer)]
    assert (differing[0], differing[-1]) == (10928, 12280)


# kvm-facts.md, 2a


Counts = tuple[int, int, int, int]


class Vector(NamedTuple):
    """Entries are numbered in add order; counts are entries, live descriptors, allocations, frees."""

    add: int
    a: Counts
    b: Counts
    c: Counts
    remove: tuple[int, ...] = ()
    again: int = 0


def to(last: int) -> tuple[int, ...]:
    return tuple(range(1, last + 1))


ALL_BUT_FIRSTS = tuple(number for number in to(42) if number not in {1, 15, 29})
VECTORS = {
    "add 1": Vector(1, (1, 0, 0, 0), (1, 0, 0, 0), (1, 0, 0, 0)),
    "add 2": Vector(2, (2, 1, 1, 0), (2, 1, 1, 0), (2, 1, 1, 0)),
    "add 2, remove #2": Vector(2, (1, 1, 1, 0), (1, 1, 1, 0), (1, 1, 1, 0), remove=(2,)),
    "add 2, remove both": Vector(2, (0, 0, 1, 1), (0, 0, 1, 1), (0, 0, 1, 1), remove=(1, 2)),
    "add 4": Vector(4, (4, 2, 2, 0), (4, 1, 1, 0), (4, 1, 1, 0)),
    "add 14": Vector(14, (14, 5, 5, 0), (14, 1, 1, 0), (14, 1, 1, 0)),
    "add 15": Vector(15, (15, 5, 5, 0), (15, 2, 2, 0), (15, 2, 2, 0)),
    "add 29": Vector(29, (29, 10, 10, 0), (29, 3, 3, 0), (29, 3, 3, 0)),
    "add 29, remove #1": Vector(29, (28, 10, 10, 0), (28, 3, 3, 0), (28, 2, 3, 1), remove=(1,)),
    "add 29, remove #29": Vector(29, (28, 10, 10, 0), (28, 2, 3, 1), (28, 2, 3, 1), remove=(29,)),
    "add 29, remove #1..#13": Vector(29, (16, 6, 10, 4), (16, 3, 3, 0), (16, 2, 3, 1), remove=to(13)),
    "add 29, remove #1..#14": Vector(29, (15, 6, 10, 4), (15, 2, 3, 1), (15, 2, 3, 1), remove=to(14)),
    "add 42, remove every odd #": Vector(42, (21, 14, 14, 0), (21, 3, 3, 0), (21, 2, 3, 1), remove=to(42)[::2]),
    "add 42, keep only #1,#15,#29": Vector(42, (3, 3, 14, 11), (3, 3, 3, 0), (3, 1, 3, 2), remove=ALL_BUT_FIRSTS),
    "previous, then add 3": Vector(42, (6, 3, 14, 11), (6, 3, 3, 0), (6, 1, 3, 2), remove=ALL_BUT_FIRSTS, again=3),
    "add 500": Vector(500, (500, 167, 167, 0), (500, 36, 36, 0), (500, 36, 36, 0)),
    "add 500, remove oldest 250": Vector(500, (250, 84, 167, 83), (250, 19, 36, 17), (250, 18, 36, 18), remove=to(250)),
    "add 500, remove newest 250": Vector(
        500, (250, 84, 167, 83), (250, 18, 36, 18), (250, 18, 36, 18), remove=to(500)[:249:-1]
    ),
    "add 1001 (largest stable rmap)": Vector(1001, (1001, 334, 334, 0), (1001, 72, 72, 0), (1001, 72, 72, 0)),
    "1002nd rmap add": Vector(1002, (0, 0, 334, 334), (0, 0, 72, 72), (0, 0, 72, 72)),
}
VECTOR_ERAS = {"a": ("5.10", "5.14"), "b": ("5.15", "6.1", "6.3"), "c": ("6.4", "6.18", "7.3")}


def test_vectors_are_complete() -> None:
    assert len(VECTORS) == 20


@pytest.mark.parametrize("name", VECTORS)
@pytest.mark.parametrize(("era", "version"), [(era, each) for era, found in VECTOR_ERAS.items() for each in found])
def test_vector(name: str, era: str, version: str) -> None:
    """Entries / live descriptors / total allocations / total frees; and the bounds for any history hold them."""
    found = VECTORS[name]
    profile = kernel(version)
    each = List(profile.pte_list_ext, profile.list_policy)
    for number in to(found.add):
        each.add_rmap(number, profile.rmap_recycle_threshold)
    for number in found.remove:
        each.remove(number)
    for number in range(found.add, found.add + found.again):
        each.add_rmap(("again", number), profile.rmap_recycle_threshold)
    assert (len(each), each.descriptors, each.allocs, each.frees) == getattr(found, era)
    low, high = bounds(len(each), profile.pte_list_ext, profile.list_policy, "any", min(found.add, 1001))
    assert low <= each.descriptors <= high
