"""What is assumed where an inventory says nothing is counted, with its value."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from machines import VM, WHOLE, Fake, vm

from ptelist.fleet.empty import FOLLOWS
from ptelist.fleet.fields import FIELDS, HOST, HOST_MEMORY
from ptelist.readers.host.snapshot import take
from ptelist.settings.defaults import default

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

COLLECTED = "tests/data/fleet/collected.jsonl"


def page(run: Run, path: Path, *words: str) -> str:
    """Return the page on one line."""
    result = run("fleet", str(path), *words)
    assert result.exit_code == 0, result.stderr
    return " ".join(result.stdout.split())


@pytest.fixture
def collected(request: pytest.FixtureRequest) -> dict[str, Any]:
    return dict(json.loads((request.config.rootpath / COLLECTED).read_text(encoding="utf-8")))


def written(path: Path, *lines: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("field", FIELDS)
def test_what_holds_of_every_field_can_be_said(field: str) -> None:
    assert field in {HOST, HOST_MEMORY, "vcpus"} or (default(field) or FOLLOWS[field])


def test_vms_that_a_row_does_not_count_are_assumed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "hosts.csv"
    path.write_text("host,vcpus,count\na,4,3\nb,4,\nb,8,2\n", encoding="utf-8")
    assert "empty cells: ASSUMED count=1 of 1 of 6 VMs " in page(run, path)
    path.write_text("host,vcpus\na,4\nb,4\n", encoding="utf-8")
    assert "count" not in page(run, path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("host,vcpus\na,4\nb,8\n", "kernel=6.18, cpus=64 of all 2 hosts; memory=4 GiB of all 2 VMs per host"),
        ("host,kernel,cpus,memory,vcpus\na,,64,4GiB,4\nb,,8,8GiB,8\n", "kernel=6.18 of all 2 hosts per host"),
        ("host,kernel,vcpus,memory\na,6.1,4,4GiB\n", "cpus=64 of 1 host hosts"),
        ("host,kernel,cpus,memory,vcpus\na,6.1,64,4GiB,4\n", None),
    ],
)
def test_essential_fields_that_all_lack_are_marked_as_assumed(
    run: Run, tmp_path: Path, text: str, told: str | None
) -> None:
    """As hosts_assumed counts them in JSON, whether a column lacks or all its cells are empty."""
    path = tmp_path / "hosts.csv"
    path.write_text(text, encoding="utf-8")
    if told:
        assert f" not said: ASSUMED {told}" in page(run, path)
    else:
        assert "not said" not in page(run, path)
    if told and "kernel" in told:
        told = told.replace("kernel=6.18", "kernel=6.1")
        assert f" not said: ASSUMED {told}" in page(run, path, "--assume", "kernel=6.1")
        assert json.loads(run("fleet", str(path), "--format", "json").stdout)["total"]["hosts_assumed"] == 2


def test_fields_without_a_preset_have_a_word(run: Run, tmp_path: Path) -> None:
    """A VM without DIMMs needs no size of them, nor one without L2 that one's memory."""
    vms = [
        {"vcpus": 4, "vcpus_run": 2, "dimms": 0, "nested": False},
        {"vcpus": 4, "dimms": 2, "dimm_size": "2GiB", "nested": True, "l2_memory": "2GiB"},
        {"vcpus": 4, "dimms": 3, "nested": True, "count": 2},
    ]
    path = written(tmp_path / "hosts.jsonl", {"host": "a", "vms": vms})
    text = page(run, path).partition("empty cells: ASSUMED ")[2].partition(" hosts: ")[0]
    assert "vcpus-run=all of 3 of 4 VMs" in text
    assert "dimm-size=1 GiB of 2 of 4 VMs" in text
    assert "l2-memory=1 GiB of 2 of 4 VMs" in text
    assert "count=1 of 2 of 4 VMs" in text


def test_a_size_of_dimms_that_an_option_assumes_counts_too(run: Run, tmp_path: Path) -> None:
    vms = [{"vcpus": 4}, {"vcpus": 4, "dimm_size": "2GiB"}]
    path = written(tmp_path / "hosts.jsonl", {"host": "a", "vms": vms})
    assert "dimm-size" not in page(run, path)
    assert "dimm-size=1 GiB of 1 of 2 VMs" in page(run, path, "--assume", "dimms=1")


def test_memory_of_vms_that_were_observed_is_assumed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(take(Fake(WHOLE | vm("900-4", 4, VM))).render(), encoding="utf-8")
    vms = json.loads(run("fleet", str(path), "--format", "json").stdout)["total"]["vms"]
    assert vms
    assert f"not said: ASSUMED memory=4 GiB of all {vms} VMs" in page(run, path)
    assert f"not said: ASSUMED memory=16 GiB of all {vms} VMs" in page(run, path, "--assume", "memory=16GiB")


def test_vms_that_are_nested_by_their_cpu_model_are_counted(
    run: Run, tmp_path: Path, collected: dict[str, Any]
) -> None:
    """Not those of which a counter or a user says so, nor those that are not nested."""
    told = copy.deepcopy(collected["vms"][0]) | {"memory": 4 << 30, "nested": True}
    by_cpu = copy.deepcopy(told)
    del by_cpu["measured"]["kvm"]["nested_run"]
    by_user = {"vcpus": 2, "memory": 4 << 30, "nested": True}
    vms = {"b": [told, by_cpu, by_cpu, by_user], "c": [by_cpu]}
    hosts = [collected | {"host": name, "vms": each} for name, each in vms.items()]
    path = written(tmp_path / "hosts.jsonl", collected, *hosts)
    assert "nested by their CPU model: 3 of 6 VMs; no counter says" in page(run, path)
    assert json.loads(run("fleet", str(path), "--format", "json").stdout)["nested_by_cpu"] == 3
    assert "nested by" not in page(run, written(path, collected))
