"""What the collector measured, beside what is predicted of the same host."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from refusals import refused

from ptelist.engine.interval import Interval
from ptelist.fleet.measured import Compared

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

COLLECTED = "tests/data/fleet/collected.jsonl"
HELD = {
    "page_tables.bytes.raw": 12_288,
    "pte_list_desc.objects.raw": 96,
    "pte_list_desc.slabs.raw": 3,
    "kvm_mmu_page_header.objects.raw": 88,
    "kvm_mmu_page_header.slabs.raw": 4,
}
"""As that host's slabinfo and meminfo had it."""

FRESH = ("--assume", "filling=packed")
"""Nothing else ran on the hosts, so that they keep nothing beside."""


@pytest.fixture
def line(request: pytest.FixtureRequest) -> dict[str, Any]:
    text = (request.config.rootpath / COLLECTED).read_text(encoding="utf-8")
    return dict(json.loads(text))


@pytest.fixture
def fleet(run: Run, tmp_path: Path) -> Callable[..., Result]:
    def called(lines: list[dict[str, Any]], *words: str) -> Result:
        path = tmp_path / "hosts.jsonl"
        path.write_text("".join(f"{json.dumps(each)}\n" for each in lines), encoding="utf-8")
        return run("fleet", str(path), *words)

    return called


def told(result: Result) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Return both ends of what is predicted and what was measured, by host and figure."""
    return {
        (each["host"], each["figure"]): (each["predicted"]["low"], each["predicted"]["high"], each["measured"])
        for each in json.loads(result.stdout)["measured"]
    }


def test_slabs_of_the_host_that_was_collected_from_are_as_predicted(
    fleet: Callable[..., Result], line: dict[str, Any]
) -> None:
    """A fresh host that nothing else ran on: slabs to the object; its guest has not touched all of its memory."""
    found = told(fleet([line], *FRESH, "--format", "json"))
    assert {figure: measured for (_, figure), (*_, measured) in found.items()} == HELD
    for (_, figure), (low, high, measured) in found.items():
        assert (low, high) == (measured, measured) or figure == "page_tables.bytes.raw"


def test_sums_and_those_that_are_farthest_apart(fleet: Callable[..., Result], line: dict[str, Any]) -> None:
    others = []
    for number in range(12):
        counts = {"pte_list_desc": {"active": 96, "slabs": 3 + number}}
        others.append(line | {"host": f"busy-{number:02}", "measured": {"slabs": counts}})
    page = fleet([line, *others], *FRESH).stdout
    assert "measured on 13 hosts, beside what is predicted\n" in page
    assert ["slabs.raw", "39", str(3 + sum(range(3, 15))), "11", "above"] in map(str.split, page.splitlines())
    _, _, most = page.partition("measured beyond what is predicted, 10 of 12, the farthest first\n")
    assert [text.split()[0] for text in most.splitlines()[2:12]] == [f"busy-{number:02}" for number in range(11, 1, -1)]


def test_a_cache_that_is_merged_is_not_compared(fleet: Callable[..., Result], line: dict[str, Any]) -> None:
    line["measured"]["slabs"]["pte_list_desc"]["merged"] = ":0000128"
    found = told(fleet([line], "--format", "json"))
    assert {figure for _, figure in found} == {figure for figure in HELD if not figure.startswith("pte_list_desc")}
    page = " ".join(fleet([line, line | {"host": "b"}]).stdout.split())
    assert (
        "merged: pte_list_desc on 2 hosts: the counts include those of other caches, so they are not compared" in page
    )


def test_hosts_for_other_engines_have_it_too(fleet: Callable[..., Result], line: dict[str, Any]) -> None:
    (row,) = map(json.loads, fleet([line], "--format", "jsonl").stdout.splitlines())
    assert {figure: each["measured"] for figure, each in row["measured"].items()} == HELD
    assert row["host-memory"] == line["host_memory"]


def test_nothing_is_said_where_nothing_was_measured(fleet: Callable[..., Result], line: dict[str, Any]) -> None:
    del line["measured"]
    assert "measured" not in fleet([line]).stdout


def test_a_host_of_which_no_vm_is_known_is_the_farthest(fleet: Callable[..., Result], line: dict[str, Any]) -> None:
    """Nothing is predicted there, so all that is measured is beyond."""
    slabs = {"kvm_mmu_page_header": {"slabs": 17_000}}
    none = line | {"host": "none", "vms": [], "measured": {"sec_pagetables": 900_000_000, "slabs": slabs}}
    page = fleet([line, none], *FRESH).stdout
    _, _, most = page.partition("measured beyond what is predicted")
    assert [text.split() for text in most.splitlines()[3:5]] == [
        ["none", "page_tables.bytes.raw", "0", "900,000,000"],
        ["none", "kvm_mmu_page_header.slabs.raw", "0", "17,000"],
    ]
    assert told(fleet([none], *FRESH, "--format", "json")) == {
        ("none", "page_tables.bytes.raw"): (0, 0, 900_000_000),
        ("none", "kvm_mmu_page_header.slabs.raw"): (0, 0, 17_000),
    }


def test_slabs_that_are_laid_out_otherwise_refute_a_kernel(fleet: Callable[..., Result], line: dict[str, Any]) -> None:
    """The host's own kernel is as predicted; 5.10 would have descriptors of 32 bytes and headers of 168."""
    mapped = [line | {"host": name, "kernel": "4.18.0-553.el8_10.x86_64"} for name in ("b", "c")]
    words = ("--map-kernel", "el8*=5.10")
    assert "layout:" not in fleet([line], *words).stdout
    page = " ".join(fleet([line, *mapped], *words).stdout.split())
    assert "layout: on 2 of 3 hosts slabs are not laid out as predicted, which refutes the kernel" in page
    assert "pte_list_desc.stride is 128, not 32, on 2 hosts of 4.18.0-553.el8_10.x86_64" in page
    found = json.loads(fleet([line, *mapped], *words, "--format", "json").stdout)["layouts_unlike"]
    assert {(each["figure"], each["predicted"], each["measured"], each["hosts"]) for each in found} == {
        ("pte_list_desc.stride", 32, 128, 2),
        ("pte_list_desc.objects_per_slab", 128, 32, 2),
        ("kvm_mmu_page_header.stride", 168, 184, 2),
        ("kvm_mmu_page_header.objects_per_slab", 24, 22, 2),
    }
    rows = map(json.loads, fleet([line, *mapped], *words, "--format", "jsonl").stdout.splitlines())
    strides = {row["host"]: row["layout"]["pte_list_desc.stride"] for row in rows}
    assert strides["b"] == {"predicted": 32, "measured": 128}
    assert strides["node-1"] == {"predicted": 128, "measured": 128}


def test_fewer_objects_in_a_slab_are_told_where_the_stride_is_as_predicted(
    fleet: Callable[..., Result], line: dict[str, Any]
) -> None:
    line["measured"]["slabs"]["pte_list_desc"]["per_slab"] = 64
    page = " ".join(fleet([line]).stdout.split())
    assert f"pte_list_desc.objects_per_slab is 64, not 32, on 1 host of {line['kernel']}" in page
    assert ".stride is" not in page


def test_vms_that_nobody_knows_are_counted(fleet: Callable[..., Result], line: dict[str, Any]) -> None:
    hosts = [line, line | {"host": "b", "unknown_vms": [12, 13]}, line | {"host": "c", "unknown_vms": [9]}]
    bad = line | {"host": "d", "unknown_vms": [1], "kernel": "6.1.0-el9"}
    page = " ".join(fleet([*hosts, bad], "--keep-going").stdout.split())
    assert "unknown VMs: 3 on 2 hosts are not counted: the collector could not tell their vCPUs" in page
    assert "not used" not in page


COUNTS = [
    *((active, 1) for active in (0, 1, 639, 640, 641, 5247, 5248, 5249, 9999)),
    *((640, slabs) for slabs in (10, 19, 20, 21, 168, 169, 170, 9999)),
]


@pytest.mark.parametrize("kernel", ["5.10", "6.1", "6.18", "7.3"])
def test_an_outlier_is_what_observe_says_differs(
    run: Run, fleet: Callable[..., Result], tmp_path: Path, kernel: str
) -> None:
    """Counts of a host that ran, at the ends of what 6.1 may have and far from them; others have ends of their own."""
    copy = tmp_path / "slabinfo"
    counted = []
    for active, slabs in COUNTS:
        text = f"pte_list_desc {active} {active} 128 32 1 : tunables 0 0 0 : slabdata {slabs} {slabs} 0\n"
        copy.write_text(f"slabinfo - version: 2.1\n{text}", encoding="utf-8")
        options = ("--kernel", kernel, "--cpus", "16", "--vcpus", "16", "--format", "json")
        (cache,) = json.loads(run("observe", "--slabinfo", str(copy), *options).stdout)["caches"]
        checks = {f"pte_list_desc.{name}.raw": cache["checks"][name] for name in ("objects", "slabs")}
        counted.append({name: check["verdict"] == "agrees" for name, check in checks.items()})
    assert {each["pte_list_desc.slabs.raw"] for each in counted} == {True, False}
    hosts = [
        {
            "host": f"h{number:02}",
            "kernel": f"{kernel}.0",
            "cpus": 16,
            "vcpus": 16,
            "measured": {"slabs": {"pte_list_desc": {"active": active, "slabs": slabs}}},
        }
        for number, (active, slabs) in enumerate(COUNTS)
    ]
    found = told(fleet(hosts, "--format", "json"))
    agrees = {key: low <= measured <= high for key, (low, high, measured) in found.items()}
    assert agrees == {(f"h{n:02}", figure): each for n, told_ in enumerate(counted) for figure, each in told_.items()}


def test_what_a_host_that_ran_may_keep_is_no_outlier_and_its_width_shows(fleet: Callable[..., Result]) -> None:
    """A node keeps 5 slabs, and each CPU its own and 8 partial ones (120 free objects in slabs of 32, half full)."""
    counts = {"pte_list_desc": {"active": 650, "slabs": 25}}
    host = {"host": "a", "kernel": "6.1.0", "cpus": 16, "vcpus": 16, "measured": {"slabs": counts}}
    page = fleet([host]).stdout
    assert "beyond what is predicted" not in page
    assert ["slabs.raw", f"20..{20 + 5 + 16 * 9}", "25"] in map(str.split, page.splitlines())
    assert ["objects.raw", f"640..{640 + 16 * 9 * 32:,}", "650"] in map(str.split, page.splitlines())
    (row,) = map(json.loads, fleet([host], "--format", "jsonl").stdout.splitlines())
    assert row["measured"]["pte_list_desc.slabs.raw"] == {"low": 20, "high": 169, "measured": 25}
    packed = fleet([host], *FRESH).stdout
    assert "measured beyond what is predicted, 2, the farthest first" in packed


def test_a_column_of_the_collectors_is_used_without_its_facts_too(
    fleet: Callable[..., Result], line: dict[str, Any]
) -> None:
    del line["facts"]
    page = " ".join(fleet([line | {"unknown_vms": [1], "more": 1, "vms": [{"vcpus": 2}]}]).stdout.split())
    assert "measured on 1 host" in page
    assert "not used: more in" in page


@pytest.mark.parametrize(("measured", "beyond"), [(9, -1), (10, 0), (11, 0), (20, 0), (21, 1), (35, 15)])
def test_how_far_a_number_is_beyond(measured: int, beyond: int) -> None:
    assert Compared("h", "f", Interval(10, 20), measured).beyond == beyond


def test_the_farthest_in_proportion_come_first() -> None:
    """Twice the high end, then half of the low end, then a tenth above, then what is by chance named first."""
    spans = {"b": (10, 20, 40), "c": (10, 20, 5), "d": (10, 100, 110), "a": (1, 10, 11), "e": (0, 0, 9)}
    every = [Compared(host, "f", Interval(low, high), measured) for host, (low, high, measured) in spans.items()]
    assert [each.host for each in sorted(every, key=lambda each: each.rank)] == ["e", "b", "c", "a", "d"]


@pytest.mark.parametrize(
    ("beside", "says"),
    [
        ({"measured": 1}, "measured: expected an object, as the collector prints"),
        ({"measured": {"slabs": []}}, "slabs: expected an object, as the collector prints"),
        ({"measured": {"slabs": {"pte_list_desc": 3}}}, "pte_list_desc: expected an object, as the collector prints"),
        ({"measured": {"sec_pagetables": "1"}}, "measured: sec_pagetables: expected a whole number of 0 or more"),
        ({"measured": {"sec_pagetables": -1}}, "measured: sec_pagetables: expected a whole number of 0 or more"),
        ({"measured": {"sec_pagetables": True}}, "measured: sec_pagetables: expected a whole number of 0 or more"),
        ({"measured": {"sec_pagetables": 1 << 63}}, "measured: sec_pagetables: expected a whole number of 0 or more"),
        ({"unknown_vms": 2}, "unknown-vms: expected a list"),
    ],
)
def test_what_no_collector_prints_is_refused(
    fleet: Callable[..., Result], line: dict[str, Any], beside: dict[str, Any], says: str
) -> None:
    assert refused(fleet([line, line | beside])).endswith(f":2: {says}\n")
