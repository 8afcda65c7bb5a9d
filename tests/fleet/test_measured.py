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
        (each["host"], each["figure"]): (*each["predicted"].values(), each["measured"])
        for each in json.loads(result.stdout)["measured"]
    }


def test_slabs_of_the_host_that_was_collected_from_are_as_predicted(
    fleet: Callable[..., Result], line: dict[str, Any]
) -> None:
    """A fresh host that nothing else ran on: slabs to the object; its guest has not touched all of its memory."""
    found = told(fleet([line], "--format", "json"))
    assert {figure: measured for (_, figure), (*_, measured) in found.items()} == HELD
    for (_, figure), (low, high, measured) in found.items():
        assert (low, high) == (measured, measured) or figure == "page_tables.bytes.raw"


def test_sums_and_those_that_are_farthest_apart(fleet: Callable[..., Result], line: dict[str, Any]) -> None:
    others = []
    for number in range(12):
        counts = {"pte_list_desc": {"active": 96, "slabs": 3 + number}}
        others.append(line | {"host": f"busy-{number:02}", "measured": {"slabs": counts}})
    page = fleet([line, *others]).stdout
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
    page = fleet([line, none]).stdout
    _, _, most = page.partition("measured beyond what is predicted")
    assert [text.split() for text in most.splitlines()[3:5]] == [
        ["none", "page_tables.bytes.raw", "0", "900,000,000"],
        ["none", "kvm_mmu_page_header.slabs.raw", "0", "17,000"],
    ]
    assert told(fleet([none], "--format", "json")) == {
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
