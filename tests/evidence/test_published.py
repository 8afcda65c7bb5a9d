"""Numbers that others published, or that follow from the kernel's sources by hand (kvm-facts.md, 3 to 7 and 9).

Not computable here: P3 to P5 (run times), P8 (an estimate), P9 (other kmem_caches).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest
from helpers import figures, kernel, ledger, scenario

from ptelist.engine import memslots, slab_layout, slub_parameters, windows
from ptelist.engine.lists.descriptors import List
from ptelist.scenario.presets import shipped, versions

if TYPE_CHECKING:
    from helpers import Option

KERNELS = shipped.names("kernels")
GIB = 1 << 30


def between(first: str, last: str) -> list[str]:
    """Return the shipped kernels from first to last."""
    low, high = versions.version_key(first), versions.version_key(last)
    return [name for name in KERNELS if low <= versions.version_key(name) <= high]


# 9: P1, P2: mmu_rmaps_stat of an idle 6 GiB guest


class Published(NamedTuple):
    """The three rows of mmu_rmaps_stat, and what was computed from them by hand."""

    rows: tuple[tuple[int, ...], ...]
    least: dict[int, int]
    """Descriptors by EXT, whichever way the columns are read."""
    most: dict[int, int]
    """The same if the columns were ranges of lengths."""


P1 = Published(
    ((3089171, 49005, 14016, 1363, 235, 212, 15, 7), (5951, 227), (32,)),
    {3: 19038, 14: 16118},
    {3: 22228, 14: 16630},
)
P2 = Published(
    ((3086676, 53045, 12330, 1272, 502, 121, 76, 2), (5947, 231), (32,)),
    {3: 17986, 14: 14584},
    {3: 21669, 14: 15369},
)
both = pytest.mark.parametrize("published", [P1, P2], ids=["P1", "P2"])
by_ext = pytest.mark.parametrize(("version", "ext"), [("5.14", 3), ("5.15", 14), ("6.18", 14)])


@both
def test_row_totals_are_rmap_heads(published: Published) -> None:
    """3 154 024 / 6 178 / 32 -> rmap arrays of 3 160 234 x 8 = 25 281 872 B (the preset's memslots)."""
    found = scenario(vm="idle-6g-shadow")
    (slots,) = memslots.slots(found.kernel, found.host, found.vms[0]).rows
    assert slots == tuple(map(sum, published.rows)) == (3154024, 6178, 32)
    assert asked(vm="idle-6g-shadow", figure="rmap_heads") == 25281872


@both
@by_ext
def test_least_descriptors(published: Published, version: str, ext: int) -> None:
    """Lower bounds: ceil(2^(i-1)/EXT) for each list of column i, valid under either reading."""
    assert lists(published, version, ranges=False)[0] == published.least[ext]


@both
@by_ext
def test_most_descriptors_if_columns_were_ranges(published: Published, version: str, ext: int) -> None:
    """Upper bounds, were the columns true ranges: ceil((2^i - 1)/EXT)."""
    assert lists(published, version, ranges=True)[1] == published.most[ext]


def lists(published: Published, version: str, *, ranges: bool) -> tuple[int, int]:
    """Return the engine's bounds for the leaf lists of columns 1, 2-3, 4-7, ..."""
    classes = []
    for column, count in enumerate(published.rows[0][1:], 1):
        last = 2**column - 1 if ranges else 1001
        classes.append(f"{count}x{2 ** (column - 1)}-{last}")
    rmaps = "+".join(classes)
    found = ledger(kernel=version, paging="shadow", rmaps=rmaps, history="grown" if ranges else "any")
    objects = found["pte_list_desc.objects.rmaps"]
    return objects.low, objects.high


@pytest.mark.parametrize(("version", "used"), [("5.14", 609216), ("5.15", 2063104)])
def test_p1_bytes(version: str, used: int) -> None:
    """P1: at least 609 216 B (EXT 3) or 2 063 104 B (EXT 14) of leaf descriptors, by the shipped preset."""
    found = ledger(kernel=version, vm="idle-6g-shadow")
    assert found["pte_list_desc.objects.rmaps"].low * found["pte_list_desc.size"].low == used


# 9: P6, P7, P10


def test_p6_share_of_guest_memory() -> None:
    """Lazy rmaps save 0.2 % of guest memory (8/4096), lazy write tracking 0.05 % (2/4096)."""
    lazy = ledger(kernel="6.18", memory="1GiB", smm=False)
    full = ledger(kernel="6.18", memory="1GiB", smm=False, paging="shadow")
    heads, track = (f"memslots.bytes.{name}" for name in ("rmap_heads", "write_track"))
    assert (lazy[heads].high, lazy[track].high) == (0, 0)
    assert round(100 * full[heads].low / GIB, 1) == round(100 * full[heads].high / GIB, 1) == 0.2
    assert round(100 * full[track].low / GIB, 2) == round(100 * full[track].high / GIB, 2) == 0.05


@pytest.mark.parametrize("version", KERNELS)
def test_p6_page_hash(version: str) -> None:
    """mmu_page_hash: 32 KiB per VM; from 6.17 on only with a shadow root, or with the TDP MMU off."""
    deferred = versions.version_key(version) >= (6, 17)
    for paging, expected in (("tdp-mmu", 0 if deferred else 32768), ("tdp-legacy", 32768), ("shadow", 32768)):
        found = ledger(kernel=version, paging=paging)["page_hash.bytes"]
        assert expected == found.low
        # kvcalloc may scatter it: a page-pointer array of 8 x 8 B comes on top then
        assert found.high in {expected, 32768 + 64}


@pytest.mark.parametrize("version", between("5.15", "7.3"))
def test_p7_the_shrink(version: str) -> None:
    """128 -> 32 B would cut 5120 -> 1280 B per vCPU; 4 entries instead of 2 cost 16 B x 40 x vCPUs."""
    used = [found["pte_list_desc.bytes.used"] for found in figures(f"--kernel {version} --vcpus 8 --ext 14,2,4")]
    assert used == [8 * 5120, 8 * 1280, 8 * (1280 + 16 * 40)]


@pytest.mark.parametrize("version", between("5.15", "7.3"))
def test_p7_the_proposals(version: str) -> None:
    """3/4 of the series: 2 entries with TDP, 14 without; 4/4 (top-up gating) saves 1280 B per vCPU after that."""
    line = f"--kernel {version} --vcpus 1 --paging tdp-mmu --proposal none,shrink-tdp,shrink-tdp+topup-iff-rmaps"
    assert [found["pte_list_desc.bytes.used"] for found in figures(line)] == [5120, 1280, 0]
    (shadow,) = figures(f"--kernel {version} --paging shadow --proposal shrink-tdp+topup-iff-rmaps --vcpus 1")
    assert (shadow["pte_list_desc.size"], shadow["pte_list_desc.bytes.used"]) == (128, 5120)


def test_p7_split_cache() -> None:
    """The split cache is large, 513 entries: the top-up's minimum, 40 short of its capacity."""
    found = ledger(kernel="6.18", nested=True, eager_split=True)["pte_list_desc.objects.split_caches"]
    assert {(term.name, term.low) for term in found.walk()} >= {("split_desc_min", 513), ("split_desc_capacity", 553)}


@pytest.mark.parametrize("version", ["5.10", "6.1", "7.3"])
def test_p10_rmap_chain(version: str) -> None:
    """x86/rmap_chain: one page mapped 3 096 times (16 MiB): the list never exceeds 1001 after an add."""
    profile = kernel(version)
    found = List(profile.pte_list_ext, profile.list_policy)
    longest = 0
    for number in range(16 * 1024 * 1024 // 4096 - 1000 + 1):
        found.add_rmap(number, profile.rmap_recycle_threshold)
        longest = max(longest, len(found))
    assert longest == 1001


# 3: what a vCPU holds right after kvm_mmu_load()


class PerVcpu(NamedTuple):
    """Bytes of objects and pages, and of pointer arrays as kmalloc buckets."""

    desc: int
    headers: int
    direct: int
    direct_arrays: int


ERAS = {
    ("5.10", "5.11"): PerVcpu(1280, 6720, 171840, 0),
    ("5.12", "5.14"): PerVcpu(1280, 7360, 172480, 0),
    ("5.15", "5.19"): PerVcpu(5120, 7360, 176320, 0),
    ("6.0", "7.3"): PerVcpu(5120, 7360, 176320, 3 * 512),
}
PER_VCPU = [(version, found) for era, found in ERAS.items() for version in between(*era)]


def test_eras_leave_no_kernel_out() -> None:
    assert [version for version, _ in PER_VCPU] == list(KERNELS[: len(PER_VCPU)])


@pytest.mark.parametrize(("version", "expected"), PER_VCPU)
def test_per_vcpu_bytes(version: str, expected: PerVcpu) -> None:
    """pte_list_desc 40x, page headers 40x, shadow pages 40x; the direct-only total, plus 3 x 512 from 6.0 on."""
    found = ledger(kernel=version, paging="tdp-mmu", vcpus=1, caches="topped-up")
    assert found["vcpu_caches.bytes.pte_list_desc"].low == expected.desc
    assert found["vcpu_caches.bytes.kvm_mmu_page_header"].low == expected.headers
    assert found["vcpu_caches.bytes.pages"].low == 163840
    assert vcpu_bytes(version, paging="tdp-mmu") == (expected.direct, expected.direct_arrays)


@pytest.mark.parametrize(("version", "expected"), PER_VCPU)
def test_per_vcpu_bytes_indirect(version: str, expected: PerVcpu) -> None:
    """+ indirect (L2/shadow) 40 x 4096: +163 840 (+512)."""
    array = 512 if expected.direct_arrays else 0
    more = (expected.direct + 163840, expected.direct_arrays + array)
    assert vcpu_bytes(version, paging="shadow") == more
    assert vcpu_bytes(version, nested=True) == more


@pytest.mark.parametrize("version", between("6.14", "7.3"))
def test_per_vcpu_bytes_tdx(version: str) -> None:
    """+ TDX external 40 x 4096, from 6.14 on: +163 840 (+512)."""
    assert vcpu_bytes(version, tdx=True, leaf="4K") == (176320 + 163840, 3 * 512 + 512)


def vcpu_bytes(version: str, **options: Option) -> tuple[int, int]:
    """Return objects' and pages' bytes, and those of the arrays, of one vCPU."""
    found = ledger(kernel=version, vcpus=1, caches="topped-up", **options)
    held, arrays = found["vcpu_caches.bytes"], found["vcpu_caches.bytes.arrays"]
    assert (held.exact, arrays.exact) == (True, True)
    return held.low - arrays.low, arrays.low


@pytest.mark.parametrize("version", between("5.10", "5.19"))
def test_embedded_arrays(version: str) -> None:
    """<= 5.19: 40 x 8 = 320 B embedded in each of the 4 caches inside kvm_vcpu, run or not."""
    assert ledger(kernel=version, vcpus=3, vcpus_run=0)["embedded.bytes"].low == 3 * 4 * 320


@pytest.mark.parametrize("version", between("6.0", "7.3"))
def test_split_caches(version: str) -> None:
    """553 x 128, 40 x 184, 40 x 4096, arrays 8192 + 2 x 512: 251 200 with buckets (section 4)."""
    found = ledger(kernel=version, nested=True, eager_split=True, caches="topped-up")
    parts = ("pte_list_desc", "kvm_mmu_page_header", "pages", "arrays")
    assert [found[f"split_caches.bytes.{part}"].low for part in parts] == [70784, 7360, 163840, 9216]
    assert found["split_caches.bytes"].low == found["split_caches.bytes"].high == 251200


# 5: memslots


def asked(figure: str, **options: Option) -> int:
    """Return the bytes requested for a kind of memslot array, before the allocator's rounding."""
    return sum(
        part.low
        for term in ledger(**options)[f"memslots.bytes.{figure}"].walk()
        for part in term.parts
        if part.name == "asked"
    )


PER_GIB = {
    "rmap_heads": 2097152 + 4096 + 8,
    "lpage_info": 2048 + 4,
    "write_track": 524288,
    "dirty_bitmap": 65536,
}


@pytest.mark.parametrize(("figure", "each"), PER_GIB.items())
@pytest.mark.parametrize("gib", [1, 2, 3])
@pytest.mark.parametrize("smm", [False, True])
@pytest.mark.parametrize("version", ["5.10", "5.16", "6.18", "7.3"])
def test_memslot_arrays_per_gib(version: str, figure: str, each: int, gib: int, smm: bool) -> None:
    """Per GiB of 4K-granular slot, in both address spaces: rmap 2 097 152 + 4 096 + 8, lpage_info 2 048 + 4, ..."""
    spaces = 2 if smm else 1
    found = asked(figure, kernel=version, memory=f"{gib}GiB", paging="shadow", dirty_log=True, smm=smm, set_=LOW_MEMORY)
    assert found == spaces * gib * each


LOW_MEMORY = f"vm.low_memory={4 * GIB}"


@pytest.mark.parametrize(
    ("base", "pages", "windows_2m", "windows_1g"),
    [(0, 1, 1, 1), (0, 512, 1, 1), (0, 513, 2, 1), (511, 2, 2, 1), (262143, 2, 2, 2), (1, 262144, 513, 2)],
)
def test_windows_of_a_slot(base: int, pages: int, windows_2m: int, windows_1g: int) -> None:
    """entries(level): ((base+npages-1)>>9) - (base>>9) + 1; 1G the same with 18; 4K = npages."""
    span = (base * 4096, (base + pages) * 4096)
    assert windows.touched(span, 4096) == pages
    assert windows.touched(span, 4096 << 9) == windows_2m
    assert windows.touched(span, 4096 << 18) == windows_1g


@pytest.mark.parametrize("version", ["5.10", "5.19", "6.18"])
def test_vmalloc_of_an_array(version: str) -> None:
    """ceil(bytes/4096) pages plus a page-pointer array of 8 B per page: 1 GiB's write tracking, 128 pages."""
    found = ledger(kernel=version, memory="1GiB", paging="shadow", smm=False)["memslots.bytes.write_track"]
    assert (found.low, found.high) == (524288 + 128 * 8,) * 2


# 6: page tables


def test_page_tables_of_6_gib() -> None:
    """N = 6, 4K: 3080 pages = 12 615 680 B + 566 720 B headers; a PCI hole leaves 6 windows of 1 GiB touched."""
    for set_ in (LOW_MEMORY, f"vm.low_memory={3 * GIB}"):
        found = ledger(memory="6GiB", leaf="4K", set_=set_)
        tables = found["kvm_mmu_page_header.objects.page_tables"].low
        assert tables == 3080
        assert found["page_tables.bytes"].low == 12615680
        assert tables * found["kvm_mmu_page_header.size"].low == 566720


@pytest.mark.parametrize("n", [1, 2, 6, 512, 513, 1024, 1025])
def test_page_tables_of_n_gib(n: int) -> None:
    """4K: 512 N + N + ceil(N/512) + 1; 2M: N + ceil(N/512) + 1; 1G: ceil(N/512) + 1; one more for 5 levels.

    Contiguous memory: no hole below 4 GiB.
    """
    top = -(-n // 512) + 1
    for leaf, expected in (("4K", 512 * n + n + top), ("2M", n + top), ("1G", top)):
        for root_level in (4, 5):
            options = {"memory": f"{n}GiB", "leaf": leaf, "root_level": root_level, "set_": LOW_MEMORY}
            tables = ledger(**options)["kvm_mmu_page_header.objects.page_tables"].low
            assert tables == expected + root_level - 4


# 7: slab order, memcg vectors

LAYOUTS = {
    32: {1: (0, 128), 16: (0, 128), 32: (0, 128), 128: (0, 128)},
    128: {1: (0, 32), 16: (0, 32), 32: (0, 32), 128: (1, 64)},
    168: {1: (0, 24), 16: (0, 24), 32: (1, 48), 128: (1, 48)},
    184: {1: (0, 22), 16: (1, 44), 32: (1, 44), 128: (1, 44)},
}
CPUS = {1: (1, 2, 8, 15), 16: (16, 31), 32: (32, 64, 127), 128: (128, 256, 1023)}
"""CPUs by the table's columns. The last one ends at 1023: 1 024 CPUs ask for 48 objects, of 184 B more than 8 KiB."""


@pytest.mark.parametrize("version", KERNELS)
@pytest.mark.parametrize("size", LAYOUTS)
def test_slab_order(version: str, size: int) -> None:
    """Order and objects per slab by stride and CPUs; the same in all versions."""
    for bucket, expected in LAYOUTS[size].items():
        for cpus in CPUS[bucket]:
            found = scenario(kernel=version, cpus=cpus)
            layout = slab_layout.layout(size, slub_parameters.order_rule(found.kernel, found.host))
            assert (layout.order, layout.objects) == expected, cpus


VECTORS = {
    ("5.10", "absent"): (1024, 192),
    ("6.1", "absent"): (256, 192),
    ("6.12", "absent"): (256, 192),
    ("6.12", "built"): (512, 512),
    ("7.0", "absent"): (256, 192),
    ("7.2", "built"): (512, 512),
    ("7.3", "absent"): (256, 192),
    ("7.3", "built"): (512, 512),
    ("7.3", "never"): (256, 192),
    ("7.3", "on"): (512, 512),
}
"""(kernel, allocation profiling) to bytes for each slab of descriptors and of headers (24 of 168 B in 5.10)."""


@pytest.mark.parametrize(("case", "expected"), VECTORS.items())
def test_memcg_vectors(case: tuple[str, str], expected: tuple[int, int]) -> None:
    """8 or 16 B an object, a kmalloc bucket per slab: 32 x 8 = 256, EXT 3: 128 x 8 = 1 024, 22 x 8 -> 192.

    Neither cache's slab has a tail that holds the whole vector, so it is separate in 7.0 to 7.3 as well.
    """
    version, profiling = case
    found = ledger(kernel=version, host="single-cpu", vcpus=256, alloc_profiling=profiling)
    for cache, vector in zip(("pte_list_desc", "kvm_mmu_page_header"), expected, strict=True):
        assert found[f"{cache}.bytes.memcg"].low == found[f"{cache}.slabs"].low * vector


def test_memcg_share() -> None:
    """6.25 % of pte_list_desc's slabs with EXT 14, 25 % with EXT 3; 4.7 % of headers' (192 of 4096)."""
    assert memcg_share("6.1", "pte_list_desc") == 6.25
    assert memcg_share("5.10", "pte_list_desc") == 25
    assert round(memcg_share("6.1", "kvm_mmu_page_header"), 1) == 4.7


def memcg_share(version: str, cache: str) -> float:
    found = ledger(kernel=version, host="single-cpu", vcpus=256)
    return 100 * found[f"{cache}.bytes.memcg"].low / found[f"{cache}.bytes.slab"].low


def test_no_memcg_no_vector() -> None:
    """The vector exists with kernel memory accounting on, or from 6.10 on with profiling."""
    assert ledger(kernel="6.1", memcg=False)["pte_list_desc.bytes.memcg"].high == 0
    assert ledger(kernel="7.3", memcg=False)["pte_list_desc.bytes.memcg"].high == 0
