"""Saved observations as an inventory, and as the kernel of a row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from machines import VM, WHOLE, Fake, vm
from refusals import refused

from ptelist.readers.host import paths
from ptelist.readers.host.snapshot import take

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

STRANGER = "5.14.0-427.el9.x86_64"
FIGURES = ("mmu.bytes.total", "pte_list_desc.bytes.total", "pte_list_desc.slabs")
INTEL = {paths.TDP[1]: "Y\n"}


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    """Return a folder with observations of two hosts, and something else."""
    folder = tmp_path / "hosts"
    folder.mkdir()
    machine = {path: text for path, text in WHOLE.items() if path != paths.TDP[0]} | INTEL
    files = {
        "a.txt": machine,
        "b.observation": machine | vm("900-4", 4, VM) | {paths.RELEASE: f"{STRANGER}\n"},
    }
    for name, each in files.items():
        (folder / name).write_text(take(Fake(each)).render(), encoding="utf-8")
    (folder / "notes").write_text("none of them\n", encoding="utf-8")
    return folder


def fleet(run: Run, *words: str) -> list[dict[str, Any]]:
    named = [word for figure in FIGURES for word in ("--figure", figure)]
    result = run("fleet", *words, *named, "--format", "jsonl")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def figures(line: dict[str, Any]) -> dict[str, tuple[int, int]]:
    found = line["what_ifs"][0]["figures"]
    return {name: (found[name]["low"], found[name]["high"]) for name in FIGURES}


@pytest.mark.parametrize(("name", "count"), [("a.txt", 1), ("b.observation", 2)])
def test_a_host_takes_what_compare_says_of_it(run: Run, hosts: Path, name: str, count: int) -> None:
    """Its kernel, its CPUs, its boot options, and the VMs that KVM showed."""
    (line,) = fleet(run, str(hosts / name))
    assert (line["host"], line["vms"]) == (Path(name).stem, count)
    words = ("--kernel", str(hosts / name), "--host", str(hosts / name), "--vms", str(count), "--vcpus", "4")
    data = json.loads(run("show", *words, "--format", "json").stdout)["configs"][0]["figures"]
    assert figures(line) == {figure: (data[figure]["low"], data[figure]["high"]) for figure in FIGURES}


def test_a_folder_and_a_list_are_the_hosts_in_them(run: Run, hosts: Path) -> None:
    of_folder = fleet(run, str(hosts))
    assert [line["host"] for line in of_folder] == ["a", "b"]
    (hosts.parent / "list").write_text(f"hosts/a.txt\n\n{hosts / 'b.observation'}\n", encoding="utf-8")
    of_list = fleet(run, str(hosts.parent / "list"))
    assert list(map(figures, of_list)) == list(map(figures, of_folder))
    assert figures(of_folder[0]) != figures(of_folder[1])


def test_a_column_names_the_kernel_of_a_host(run: Run, hosts: Path) -> None:
    """Meant from the inventory's folder on; releases stand beside."""
    rows = "host,kernel,cpus,vcpus\nx,hosts/b.observation,2,4\ny,6.1,2,4\n"
    (hosts.parent / "inventory.csv").write_text(rows, encoding="utf-8")
    x, y = fleet(run, str(hosts.parent / "inventory.csv"))
    words = ("--cpus", "2", "--vms", "1", "--vcpus", "4")
    for line, kernel in ((x, str(hosts / "b.observation")), (y, "6.1")):
        data = json.loads(run("show", "--kernel", kernel, *words, "--format", "json").stdout)["configs"][0]["figures"]
        assert figures(line) == {figure: (data[figure]["low"], data[figure]["high"]) for figure in FIGURES}


def test_what_is_assumed_of_kernels_is_counted(run: Run, hosts: Path) -> None:
    text = " ".join(run("fleet", str(hosts)).stdout.split())
    assert "observed: 2 of 2 hosts as saved observations say, ASSUMED RHEL or a rebuild as 5.14" in text
    assert "its own) 1" in text
    text = " ".join(run("fleet", str(hosts / "a.txt")).stdout.split())
    assert "observed: 1 of 1 host as saved observations say empty cells: ASSUMED memory=4 GiB" in text


def test_lines_say_what_stands_for_the_kernels_of_observations(run: Run, hosts: Path) -> None:
    own, stranger = fleet(run, str(hosts))
    assert (own["kernel_profile"], own["kernel_assumed"]) == ("6.1", False)
    assert (stranger["kernel_profile"], stranger["kernel_assumed"]) == ("5.14", True)


def test_a_folder_without_any_is_refused(run: Run, tmp_path: Path) -> None:
    assert "is a directory, expected CSV or JSON lines" in refused(run("fleet", str(tmp_path)))


def test_a_line_that_names_none_is_refused(run: Run, hosts: Path) -> None:
    (hosts / "list").write_text("a.txt\nnotes\n", encoding="utf-8")
    assert refused(run("fleet", str(hosts / "list"))) == f"ptelist: {hosts}/list:2: no saved observation: notes\n"


def test_a_host_is_named_once(run: Run, hosts: Path) -> None:
    (hosts / "list").write_text("a.txt\n\na.txt\n", encoding="utf-8")
    assert refused(run("fleet", str(hosts / "list"))) == f"ptelist: {hosts}/list:3: a.txt is on line 1 already\n"


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("hosts/notes", "no saved observation: hosts/notes; expected one that observe --save wrote, or"),
        ("mine.toml", "no saved observation: mine.toml; expected one that observe --save wrote, or"),
        ("hosts/c.txt", "no such file: hosts/c.txt; expected one that observe --save wrote, or"),
        ("c.txt", "no such file: c.txt; expected one that observe --save wrote, or"),
        ("/" + "x" * 300, f"no such file: /{'x' * 79}; expected one that observe --save wrote, or"),
        ("hosts", "expected a release such as 6.1.0-56-amd64, got"),
        ("nothing", "expected a release such as 6.1.0-56-amd64, got"),
    ],
)
def test_a_cell_that_names_none_is_no_kernel(run: Run, hosts: Path, cell: str, says: str) -> None:
    (hosts.parent / "mine.toml").write_text('extends = "6.1"\n', encoding="utf-8")
    (hosts.parent / "i.csv").write_text(f"host,kernel,vcpus\nx,{cell},4\n", encoding="utf-8")
    said = refused(run("fleet", str(hosts.parent / "i.csv")))
    assert f"i.csv:2: kernel: {says} " in said


def test_a_damaged_one_is_told_in_a_line(run: Run, hosts: Path) -> None:
    text = (hosts / "a.txt").read_text(encoding="utf-8")
    (hosts / "a.txt").write_text(text[: len(text) // 2], encoding="utf-8")
    assert f"{hosts}/a.txt: not a whole observation" in refused(run("fleet", str(hosts)))
    (hosts.parent / "i.csv").write_text("host,kernel,vcpus\nx,hosts/a.txt,4\ny,6.1,4\n", encoding="utf-8")
    assert "not a whole observation" in refused(run("fleet", str(hosts.parent / "i.csv")))
    done = run("fleet", str(hosts.parent / "i.csv"), "--keep-going", "--rejects", str(hosts.parent / "bad"))
    assert done.exit_code == 0
    assert "hosts/a.txt" in (hosts.parent / "bad").read_text(encoding="utf-8")
