"""The figures that any build must reproduce (design.md), and the JSON that other programs build on.

Each row of that table is one test, through the command line where a figure has an id.
"""

from __future__ import annotations

import shlex

import pytest
from helpers import document, figures, kernel, ledger

from ptelist import __version__
from ptelist.engine.lists.descriptors import List, bounds, descriptors
from ptelist.scenario.presets import shipped, versions

FROM_6_4 = [name for name in shipped.names("kernels") if versions.version_key(name) >= (6, 4)]
DESC = "pte_list_desc"


def test_used_per_vcpu() -> None:
    """40 objects, ext 14 / ext 2: 5 120 / 1 280 B used per vCPU (the thread)."""
    ext_2, ext_14 = figures("--vcpus 1 --ext 2,14")
    assert (ext_14[f"{DESC}.objects"], ext_2[f"{DESC}.objects"]) == (40, 40)
    assert (ext_14[f"{DESC}.bytes.used"], ext_2[f"{DESC}.bytes.used"]) == (5120, 1280)


def test_256_vcpus_as_measured() -> None:
    """256 vCPUs on a 1-CPU 6.1 host, ext 14: 10 240 objects, 320 order-0 slabs, 1 310 720 B (measured)."""
    (found,) = figures("--kernel 6.1 --host single-cpu --vcpus 256 --ext 14")
    assert found[f"{DESC}.objects"] == 10240
    assert (found[f"{DESC}.slabs"], found[f"{DESC}.slab_order"]) == (320, 0)
    assert found[f"{DESC}.bytes.slab"] == 1310720


@pytest.mark.parametrize("cpus", [128, 192, 1024])
def test_256_vcpus_on_a_large_host(cpus: int) -> None:
    """The same on a host of 128 or more CPUs: 160 order-1 slabs of 64, the same bytes."""
    (found,) = figures(f"--kernel 6.1 --vcpus 256 --ext 14 --cpus {cpus}")
    assert found[f"{DESC}.objects_per_slab"] == 64
    assert (found[f"{DESC}.slabs"], found[f"{DESC}.slab_order"]) == (160, 1)
    assert found[f"{DESC}.bytes.slab"] == 1310720


def test_saving_with_memcg() -> None:
    """The same, ext 2: 80 slabs, 327 680 B; memcg vectors 81 920 B either way: 70.6 %, not 75 %."""
    ext_2, ext_14 = figures("--kernel 6.1 --host single-cpu --vcpus 256 --ext 2,14")
    assert (ext_2[f"{DESC}.slabs"], ext_2[f"{DESC}.bytes.slab"]) == (80, 327680)
    assert (ext_2[f"{DESC}.bytes.memcg"], ext_14[f"{DESC}.bytes.memcg"]) == (81920, 81920)
    assert saved(ext_14[f"{DESC}.bytes.total"], ext_2[f"{DESC}.bytes.total"]) == 706
    assert saved(ext_14[f"{DESC}.bytes.slab"], ext_2[f"{DESC}.bytes.slab"]) == 750


@pytest.mark.parametrize(("vcpus", "before", "after", "permille"), [(1, 8192, 4096, 500), (8, 40960, 12288, 700)])
def test_saving_alone_on_the_host(vcpus: int, before: int, after: int, permille: int) -> None:
    """1 vCPU alone, 1-CPU host, ext 14 -> 2: 8 192 -> 4 096 B: 50 %; 8 vCPUs: 40 960 -> 12 288 B: 70 %."""
    ext_2, ext_14 = figures(f"--host single-cpu --vcpus {vcpus} --ext 2,14")
    assert (ext_14[f"{DESC}.bytes.slab"], ext_2[f"{DESC}.bytes.slab"]) == (before, after)
    assert saved(before, after) == permille


def saved(before: object, after: object) -> int:
    """Return the saving in tenths of a percent, rounded to the nearest."""
    assert isinstance(before, int)
    assert isinstance(after, int)
    return (2000 * (before - after) + before) // (2 * before)


def test_split_caches() -> None:
    """Split caches, ext 14 / ext 2: 553 objects: 70 784 / 17 696 B used."""
    ext_2, ext_14 = figures("--nested --eager-split --vcpus 1 --ext 2,14")
    assert ext_14[f"{DESC}.objects.split_caches"] == ext_2[f"{DESC}.objects.split_caches"] == 553
    assert (ext_14[f"split_caches.bytes.{DESC}"], ext_2[f"split_caches.bytes.{DESC}"]) == (70784, 17696)


@pytest.mark.parametrize("version", FROM_6_4)
def test_one_gfn(version: str) -> None:
    """One gfn, n entries, 6.4 and later, ext 14: 0 for n = 0; ceil(n/14) for 2 <= n <= 1001."""
    entries = (2, 14, 15, 28, 29, 500, 1000, 1001)
    lists = ",".join(("none", *(f"1x{n}" for n in entries)))
    found = figures(f"--kernel {version} --paging shadow --history any --rmaps {lists}")
    assert [each[f"{DESC}.objects.rmaps"] for each in found] == [0, 1, 1, 2, 2, 3, 36, 72, 72]


def test_one_gfn_of_any_length() -> None:
    """ceil(n/14) whatever came before, from 6.4 on; only one entry may or may not have a descriptor."""
    for n in range(2, 1002):
        fewest = (n + 13) // 14
        assert descriptors(n, 14) == fewest
        assert bounds(n, 14, "head", "any", 1001) == (fewest, fewest)
    assert bounds(0, 14, "head", "any", 1001) == (0, 0)
    assert bounds(1, 14, "head", "any", 1001) == (0, 1)


@pytest.mark.parametrize("version", FROM_6_4)
def test_the_1002nd_add(version: str) -> None:
    """The 1002nd add empties the list (the guest then refaults that one)."""
    profile = kernel(version)
    found = List(profile.pte_list_ext, profile.list_policy)
    zapped = [number for number in range(1, 1003) if found.add_rmap(number, profile.rmap_recycle_threshold)]
    assert zapped == [1002]
    assert (len(found), found.descriptors) == (0, 0)
    assert not found.add_rmap(1002, profile.rmap_recycle_threshold)
    assert (len(found), found.descriptors) == (1, 0)


def test_5_10() -> None:
    """5.10, 256 vCPUs: 10 240 objects of 32 B, 80 slabs; 1001 entries take 334 descriptors."""
    (found,) = figures("--kernel 5.10 --host single-cpu --vcpus 256")
    assert (found[f"{DESC}.objects"], found[f"{DESC}.size"], found[f"{DESC}.slabs"]) == (10240, 32, 80)
    (found,) = figures("--kernel 5.10 --paging shadow --rmaps 1x1001")
    assert found[f"{DESC}.objects.rmaps"] == 334


@pytest.mark.parametrize(("version", "left"), [("6.1", 36), *((version, 3) for version in FROM_6_4)])
def test_thinned_list(version: str, left: int) -> None:
    """6.1: 500 entries, all but one in 14 removed: 36 entries in 36 descriptors; from 6.4 on, in 3."""
    profile = kernel(version)
    found = List(profile.pte_list_ext, profile.list_policy)
    for number in range(500):
        found.add(number)
    for number in range(500):
        if number % 14:
            found.remove(number)
    assert (len(found), found.descriptors) == (36, left)


# figure ids

PER_CACHE = (
    "size", "stride", "slab_order", "objects_per_slab", "objects", "objects.vcpu_caches", "objects.split_caches",
    "slabs", "pages", "bytes.used", "bytes.slab", "bytes.waste", "bytes.memcg", "bytes.total",
)  # fmt: skip
IDS = (
    *(f"{cache}.{figure}" for cache in (DESC, "kvm_mmu_page_header") for figure in PER_CACHE),
    "pte_list_desc.objects.rmaps",
    "pte_list_desc.objects.parent_ptes",
    "kvm_mmu_page_header.objects.page_tables",
    "pte_list_desc.ext",
    "vcpu_caches.bytes",
    "split_caches.bytes",
    "memslots.bytes",
    "page_tables.bytes",
    "mmu.bytes.total",
)
UNITS = {
    "size": "bytes",
    "stride": "bytes",
    "slab_order": "order",
    "objects_per_slab": "objects",
    "objects": "objects",
    "slabs": "slabs",
    "pages": "pages",
    "bytes": "bytes",
    "ext": "entries",
}


@pytest.mark.parametrize("line", ["", "--kernel 5.10", "--kernel 7.3 --paging shadow", "--nested --eager-split"])
def test_figures_exist_with_their_units(line: str) -> None:
    """Figure ids that must exist: for each cache, for the caches' and memslots' bytes, and the total."""
    (config,) = document(*line.split())["configs"]
    found = config["figures"]
    assert not set(IDS) - set(found)
    for name in IDS:
        units = [UNITS[word] for word in name.split(".")[1:] if word in UNITS]
        assert found[name]["unit"] == units[0], name


@pytest.mark.parametrize("line", ["--vcpus 3", "--paging shadow --rmaps 7x15 --parent-ptes 3x500", "--nodes 2"])
@pytest.mark.parametrize("cache", [DESC, "kvm_mmu_page_header"])
def test_sums(line: str, cache: str) -> None:
    """A term is no wider than the sum of its children, and equal where they are exact; waste = slab - used."""
    (config,) = document(*line.split())["configs"]
    found = config["figures"]
    below = [found[name] for name in found if name.startswith(f"{cache}.objects.") and not name.endswith(".raw")]
    ends = [found[f"{cache}.objects"][end] for end in ("low", "high")]
    low, high = (sum(each[end] for each in below) for end in ("low", "high"))
    assert low <= ends[0] <= ends[1] <= high
    for end in ("low", "high"):
        total = found[f"{cache}.bytes.slab"][end] + found[f"{cache}.bytes.memcg"][end]
        assert found[f"{cache}.bytes.total"][end] == total
    slab, used, waste = (found[f"{cache}.bytes.{name}"] for name in ("slab", "used", "waste"))
    if used["low"] == used["high"]:
        assert {end: slab[end] - used[end] for end in ("low", "high")} == {end: waste[end] for end in ("low", "high")}
    else:
        assert used["low"] + waste["low"] <= slab["low"] <= slab["high"] <= used["high"] + waste["high"]


# the JSON contract

ARGS = ("--vcpus", "256", "--ext", "2,14")


def test_json_document() -> None:
    """JSON (stable): schema, version, command, headline, baseline, assumptions, configs."""
    found = document(*ARGS)
    assert found.keys() == {"schema", "version", "command", "headline", "baseline", "assumptions", "configs"}
    assert found["headline"].startswith("ext=2 takes 983,040 bytes (960.0 KiB) less than ext=14: ")
    assert (found["schema"], found["version"]) == ("ptelist/1", __version__)
    assert found["command"] == "ptelist compare --vcpus 256 --ext 2,14"
    assert found["baseline"] == "ext=14"
    assert found["assumptions"]
    assert all(isinstance(text, str) for text in found["assumptions"])


def test_json_configs() -> None:
    """Each config has name, axes, scenario and figures of two integers and a unit."""
    found = document(*ARGS)["configs"]
    assert [(each["name"], each["axes"]) for each in found] == [("ext=2", {"ext": 2}), ("ext=14", {"ext": 14})]
    for config in found:
        assert {"name", "axes", "scenario", "figures"} <= config.keys()
        assert config["scenario"].keys() >= {"kernel", "host", "vms"}
        for name, figure in config["figures"].items():
            assert figure.keys() == {"low", "high", "unit"}, name
            assert type(figure["low"]) is type(figure["high"]) is int
            assert 0 <= figure["low"] <= figure["high"]
    assert found[0]["figures"]["pte_list_desc.objects"] == {"low": 10240, "high": 10240, "unit": "objects"}


def test_json_command_reproduces_itself() -> None:
    """Below each table: the command that reproduces it."""
    found = document("nested", "--kernel", "6.1,7.3", "--vcpus", "1..4*2", "--no-memcg", "--baseline", "kernel=7.3")
    program, command, *args = shlex.split(found["command"])
    assert (program, command) == ("ptelist", "compare")
    assert document(*args) == found


def test_json_has_the_whole_ledger() -> None:
    """Every number that a view prints is in the ledger."""
    (config,) = document("--kernel", "6.1", "--memslots", "ram")["configs"]
    found = {name: (figure["low"], figure["high"]) for name, figure in config["figures"].items()}
    assert found == {name: (term.low, term.high) for name, term in ledger(kernel="6.1").items()}
