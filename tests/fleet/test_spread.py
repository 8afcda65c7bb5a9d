"""What single hosts take: percentiles, the most, and an object a line."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from html_page import read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

TOTAL, DESC = "mmu.bytes.total", "pte_list_desc.bytes.total"
KERNELS = ("6.1", "5.10", "6.18")
SIZES = {1: 50, 2: 40, 4: 9, 8: 1}
"""vCPUs of the one VM of a host, and how many hosts have it."""


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    path = tmp_path / "hosts.csv"
    sizes = [size for size, times in SIZES.items() for _ in range(times)]
    rows = [f"h{n:03},{KERNELS[n % 3]},64,{size},{size}GiB\n" for n, size in enumerate(sizes)]
    rows.append("h100,6.18,64,9,9GiB\n")
    path.write_text("host,kernel,cpus,vcpus,memory\n" + "".join(rows), encoding="utf-8")
    return path


def output(run: Callable[..., Result], path: Path, *words: str) -> str:
    result = run("fleet", str(path), *words)
    assert result.exit_code == 0, result.stderr
    return str(result.stdout)


def hosts(run: Callable[..., Result], path: Path, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output(run, path, *words, "--format", "jsonl").splitlines()]


def document(run: Callable[..., Result], path: Path, *words: str) -> dict[str, Any]:
    return dict(json.loads(output(run, path, *words, "--format", "json")))


def ends(host: dict[str, Any], figure: str, number: int = 0) -> tuple[int, int]:
    found = host["what_ifs"][number]["figures"][figure]
    return found["low"], found["high"]


def test_hosts_one_a_line_add_up_to_the_fleet(run: Callable[..., Result], fleet: Path) -> None:
    found = hosts(run, fleet, "--proposal", "shrink-tdp")
    assert {host["host"] for host in found} == {f"h{n:03}" for n in range(101)}
    total = document(run, fleet, "--proposal", "shrink-tdp")["total"]
    assert sum(host["vms"] for host in found) == total["vms"]
    for number, what_if in enumerate(total["what_ifs"]):
        for figure, said in what_if["figures"].items():
            each = [host["what_ifs"][number]["figures"][figure] for host in found]
            assert [sum(one[end] for one in each) for end in ("low", "high")] == [said["low"], said["high"]]
            if number:
                low = sum(one["change"]["low"] for one in each)
                assert low == said["change"]["low"]
    old = [host for host in found if host["kernel"] == "5.10"]
    assert all(host["what_ifs"][1]["unchanged"] for host in old)
    assert not any("unchanged" in host["what_ifs"][1] for host in found if host not in old)


def test_a_line_is_what_the_host_takes_alone(run: Callable[..., Result], fleet: Path) -> None:
    host = hosts(run, fleet)[-1]
    assert {name: host[name] for name in ("host", "kernel", "cpus", "vms")} == {
        "host": "h100",
        "kernel": "6.18",
        "cpus": 64,
        "vms": 1,
    }
    words = ("--kernel", "6.18", "--vcpus", "9", "--memory", "9GiB", "--figure", DESC, "--format", "json")
    alone = json.loads(run("compare", *words).stdout)["configs"][0]["figures"][DESC]
    assert ends(host, DESC) == (alone["low"], alone["high"])


@pytest.mark.parametrize("words", [(), ("--figure", DESC)])
def test_percentiles_are_those_of_the_nearest_rank(
    run: Callable[..., Result], fleet: Path, words: tuple[str, ...]
) -> None:
    figure = words[-1] if words else TOTAL
    found = [ends(host, figure) for host in hosts(run, fleet, *words)]
    told = document(run, fleet, *words)["per_host"]
    assert told["figure"] == figure
    for place, end in enumerate(("low", "high")):
        values = sorted(each[place] for each in found)
        for percent in (50, 90, 99, 100):
            value = told["percentiles"][str(percent)][end]
            assert sum(each <= value for each in values) * 100 >= percent * len(values)
            assert sum(each < value for each in values) * 100 < percent * len(values)
    assert f"per host: {figure}: half of the hosts take at most" in " ".join(output(run, fleet, *words).split())


def test_the_hosts_and_kernels_that_take_the_most(run: Callable[..., Result], fleet: Path) -> None:
    found = {host["host"]: host for host in hosts(run, fleet)}
    told = document(run, fleet, "--top", "12")["per_host"]
    order = sorted(found, key=lambda name: (-ends(found[name], TOTAL)[1], -ends(found[name], TOTAL)[0], name))
    assert {each["host"] for each in told["top_hosts"]} == set(order[:12])
    assert [each["high"] for each in told["top_hosts"]] == [ends(found[name], TOTAL)[1] for name in order[:12]]
    for each in told["top_kernels"]:
        of_it = [host for host in found.values() if host["kernel"] == each["kernel"]]
        assert each["hosts"] == len(of_it)
        assert each["high"] == sum(ends(host, TOTAL)[1] for host in of_it)
    assert [each["high"] for each in told["top_kernels"]] == sorted(
        (each["high"] for each in told["top_kernels"]), reverse=True
    )
    assert len(document(run, fleet, "--top", "2")["per_host"]["top_kernels"]) == 2
    text = output(run, fleet, "--top", "1")
    assert f"the hosts that take the most {TOTAL}\n" in text
    assert f"\n{order[0]} " in text
    assert "top_hosts" not in document(run, fleet)["per_host"]


def test_html_has_the_hosts_that_take_the_most(run: Callable[..., Result], tmp_path: Path) -> None:
    """Unless so many are asked for; other formats have none by themselves."""
    path = tmp_path / "many.csv"
    path.write_text("host,vcpus\n" + "".join(f"h{n},{1 + n % 40}\n" for n in range(1_200)), encoding="utf-8")
    page = output(run, path, "--format", "html")
    tables = {str(each.findtext(".//h2")): each for each in read(page).iter("section")}
    hosts = tables[f"the hosts that take the most {TOTAL}, 1,000 of 1,200"]
    (table,) = hosts.iter("table")
    assert table.get("data-sortable") is not None
    names = [str(row.findtext("th")) for row in table.iter("tr")][1:]
    sizes = {f"h{n}": n % 40 for n in range(1_200)}
    assert names == sorted(names, key=lambda name: (-sizes[name], name))
    assert len(names) == 1_000
    assert min(sizes[name] for name in names) == min(sorted(sizes.values(), reverse=True)[:1_000])
    assert len(page) < 400 << 10
    asked = output(run, path, "--format", "html", "--top", "7")
    assert f"the hosts that take the most {TOTAL}<" in asked
    assert "1,000 of 1,200" not in asked
    for form in ("mail", "markdown", "json"):
        assert "that take the most" not in output(run, path, "--format", form)


def test_processes_change_no_host(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("host,vcpus\n" + "".join(f"h{n},{1 + n}\n" for n in range(600)), encoding="utf-8")
    one, two = (document(run, path, "--top", "5", "--processes", each)["per_host"] for each in ("1", "2"))
    assert one == two
    assert one["top_hosts"][0]["host"] == "h599"


def test_rows_of_other_commands_are_lines_too(run: Callable[..., Result]) -> None:
    words = ("compare", "--vcpus", "256", "--ext", "2,14", "--figure", DESC, "--format")
    lines = [json.loads(line) for line in run(*words, "jsonl").stdout.splitlines()]
    assert lines[0] == {
        "config": "ext=2",
        "baseline": "ext=14",
        "figure": DESC,
        "low": 409600,
        "high": 409600,
        "unit": "bytes",
        "change_low": -983040,
        "change_high": -983040,
    }
    result = run("presets", "show", "6.18", "--format", "jsonl")
    assert result.exit_code == 2


def test_cells_that_are_empty_are_null_beside_numbers(run: Callable[..., Result]) -> None:
    words = ("compare", "--ext", "2,14", "--figure", DESC, "--format", "jsonl")
    for row in map(json.loads, run(*words).stdout.splitlines()):
        assert (row["config"] == "ext=14") is (row["change_low"] is None) is (row["change_high"] is None)


ABOUT = """\
host,kernel_release,ncpu,memtotal_gb,num_vcpus,memcg,site,slub_debug
a,6.1.0-56-amd64,64,2048,4,yes,x,
b,5.10.152-6.ph4,8,2048,4,,y,FZ
c,,,,4,off,y,
d,6.1.112-1.el9.elrepo,,,4,off,y,
"""
PHOTON = ("--map-kernel", "photon=upstream", "--map-kernel", "elrepo=6.2")


def test_a_line_says_what_a_host_was_computed_with(run: Callable[..., Result], fleet: Path) -> None:
    fleet.write_text(ABOUT, encoding="utf-8")
    found = hosts(run, fleet, *PHOTON, "--by", "site,ncpu")
    assert [{key: value for key, value in host.items() if key != "what_ifs"} for host in found] == [
        {"host": "a", "kernel": "6.1.0-56-amd64", "kernel_profile": "6.1", "kernel_assumed": False}
        | {"cpus": 64, "ncpu": 64, "memcg": True, "host-memory": 2048 << 30, "site": "x", "vms": 1},
        {"host": "b", "kernel": "5.10.152-6.ph4", "kernel_profile": "5.10", "kernel_assumed": True}
        | {"cpus": 8, "ncpu": 8, "slub-debug": "FZ", "host-memory": 2048 << 30, "site": "y", "vms": 1},
        {"host": "c", "kernel_profile": "6.18", "kernel_assumed": True}
        | {"memcg": False, "ncpu": None, "site": "y", "vms": 1},
        {"host": "d", "kernel": "6.1.112-1.el9.elrepo", "kernel_profile": "6.2", "kernel_assumed": True}
        | {"memcg": False, "ncpu": None, "site": "y", "vms": 1},
    ]


def test_hosts_of_assumed_kernels_are_counted_by_group(run: Callable[..., Result], fleet: Path) -> None:
    fleet.write_text(ABOUT, encoding="utf-8")
    data = document(run, fleet, *PHOTON, "--by", "site")
    assert [(group["group"]["site"], group["hosts_assumed"]) for group in data["groups"]] == [("x", 0), ("y", 3)]
    assert data["total"]["hosts_assumed"] == 3
    rows = list(csv.DictReader(io.StringIO(output(run, fleet, *PHOTON, "--by", "site", "--format", "csv"))))
    assert {(row["site"], row["hosts"], row["hosts_assumed"]) for row in rows} == {("x", "1", "0"), ("y", "3", "3")}


def test_hosts_that_say_their_memory_have_a_share(run: Callable[..., Result], fleet: Path) -> None:
    """That of a and c alone; what b takes is no part of it."""
    rows = [("a", 64, "1GiB"), ("b", 96, ""), ("c", 64, "3GiB")]
    head = "host,vcpus,memory,host_memory\n"
    lines = [f"{host},{vcpus},1TiB,{own}\n" for host, vcpus, own in rows]
    fleet.write_text(head + "".join(lines), encoding="utf-8")
    some, page = document(run, fleet), " ".join(output(run, fleet).split())
    assert some["host_memory_said"] == {"hosts": 2, "bytes": 4 << 30}
    assert some["total"]["host_memory"] is None
    assert "host memory: known of 2 of 3 hosts, 4 GiB in all: the share is of these" in page
    fleet.write_text(head + lines[0] + lines[2], encoding="utf-8")
    both = document(run, fleet)["headline"]
    share = both.rpartition(" of the hosts' memory.")[0].rpartition(" ")[2]
    assert share.endswith("%")
    assert f" {share} of the memory that is known, of 2 of the hosts." in some["headline"]


def test_that_no_host_says_its_memory_is_said(run: Callable[..., Result], fleet: Path) -> None:
    fleet.write_text("host,vcpus,host_memory\na,1,\nb,2,\n", encoding="utf-8")
    assert "host memory: known of 0 of 2 hosts, so there is no share\n" in output(run, fleet)
    assert "memory" not in document(run, fleet)["headline"]
    fleet.write_text("host,vcpus\na,1\nb,2\n", encoding="utf-8")
    assert "host memory" not in output(run, fleet)
