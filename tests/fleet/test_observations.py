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


@pytest.mark.parametrize(("more", "says"), [(b"\xff\xfe\n", "not UTF-8 text"), (b"x" * (1 << 20), "larger than 1 MiB")])
def test_an_observation_that_is_none_is_not_called_toml(run: Run, hosts: Path, more: bytes, says: str) -> None:
    path = hosts / "a.txt"
    path.write_bytes(path.read_bytes() + more)
    for words in (["fleet", str(path)], ["compare", "--kernel", str(path)]):
        line = refused(run(*words))
        assert says in line
        assert line.endswith("expected a preset in TOML or a saved observation\n")


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
    assert "observed: 1 of 1 host as saved observations say not said: ASSUMED memory=4 GiB" in text


def test_lines_say_what_stands_for_the_kernels_of_observations(run: Run, hosts: Path) -> None:
    own, stranger = fleet(run, str(hosts))
    assert (own["kernel_profile"], own["kernel_assumed"]) == ("6.1", False)
    assert (stranger["kernel_profile"], stranger["kernel_assumed"]) == ("5.14", True)


def test_a_folder_without_any_is_refused(run: Run, tmp_path: Path) -> None:
    assert "is a directory, expected CSV or JSON lines" in refused(run("fleet", str(tmp_path)))


def test_a_line_that_names_none_is_refused(run: Run, hosts: Path) -> None:
    (hosts / "list").write_text("a.txt\nnotes\n", encoding="utf-8")
    assert refused(run("fleet", str(hosts / "list"))) == f"ptelist: {hosts}/list:2: no saved observation: notes\n"


def test_hosts_are_called_as_their_files(run: Run, hosts: Path) -> None:
    """Two whose names have numbers behind a dot collided, and a name lost its domain."""
    names = {"web.1": "web.1", "web.2.txt": "web.2", "db.example.com": "db.example.com", ".txt": ".txt"}
    for file in names:
        (hosts / file).write_bytes((hosts / "a.txt").read_bytes())
    assert {line["host"] for line in fleet(run, str(hosts))} == {"a", "b", *names.values()}


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


# hosts saved with neither kvm_intel nor kvm_amd loaded, so that no TDP is known

UNLOADED = {path: text for path, text in WHOLE.items() if path not in paths.TDP}
UNKNOWN = "kernel.tdp_default: not known of a host with neither kvm_intel nor kvm_amd loaded"
WAYS = "say --assume paging=tdp-mmu, tdp-legacy or shadow (or --paging, or a column paging)"


@pytest.fixture
def unloaded(tmp_path: Path) -> Path:
    """Return the observation of such a host, with inventories that name it beside."""
    path = tmp_path / "s.obs"
    path.write_text(take(Fake(UNLOADED)).render(), encoding="utf-8")
    (tmp_path / "open.csv").write_text("host,kernel,cpus,vcpus\nx,s.obs,2,4\n", encoding="utf-8")
    for paging in ("tdp-mmu", "shadow"):
        rows = f"host,kernel,cpus,vcpus,paging\nx,s.obs,2,4,{paging}\n"
        (tmp_path / f"{paging}.csv").write_text(rows, encoding="utf-8")
    return path


@pytest.mark.parametrize("paging", ["tdp-mmu", "shadow"])
def test_paging_that_is_not_known_is_said_in_three_ways(run: Run, unloaded: Path, paging: str) -> None:
    """Assumed, in a column, or as an option, which hosts as they are have then, too: that is said."""
    kernel, folder = str(unloaded), unloaded.parent
    words = ("show", "--kernel", kernel, "--cpus", "2", "--vcpus", "4", "--paging", paging, "--format", "json")
    data = json.loads(run(*words).stdout)["configs"][0]["figures"]
    expected = {figure: (data[figure]["low"], data[figure]["high"]) for figure in FIGURES}
    for words in (
        (str(folder / "open.csv"), "--assume", f"paging={paging}"),
        (str(folder / f"{paging}.csv"),),
        (str(folder / "open.csv"), "--paging", paging, "--ext", "2"),
    ):
        (line,) = fleet(run, *words)
        assert figures(line) == expected, words
    note = f"paging: ASSUMED {paging}, as --paging says, of hosts as they are of which it is not known"
    assert note in " ".join(run("fleet", str(folder / "open.csv"), "--paging", paging).stdout.split())
    (line,) = fleet(run, kernel, "--assume", f"paging={paging}")
    assert line["vms"] == 1


def test_paging_that_is_known_is_not_that_of_what_ifs(run: Run, hosts: Path) -> None:
    (line,) = fleet(run, str(hosts / "a.txt"), "--paging", "shadow")
    assert figures(line) == figures(fleet(run, str(hosts / "a.txt"))[0])
    assert "paging: ASSUMED" not in run("fleet", str(hosts / "a.txt"), "--paging", "shadow").stdout


@pytest.mark.parametrize("words", [(), ("--paging", "tdp-mmu,shadow"), ("--paging", "tdp"), ("--assume", "paging=tdp")])
def test_paging_that_nobody_said_is_asked_for_in_words_of_fleet(
    run: Run, unloaded: Path, words: tuple[str, ...]
) -> None:
    kernel, folder = str(unloaded), unloaded.parent
    assert refused(run("fleet", kernel, *words)) == f"ptelist: {kernel}: {UNKNOWN}: {WAYS}\n"
    inventory = f"{folder}/open.csv"
    said = refused(run("fleet", inventory, *words))
    assert said == f"ptelist: {inventory}:2: {folder}/s.obs: {UNKNOWN}: {WAYS}\n"


def test_a_what_if_whose_paging_is_not_known(run: Run, unloaded: Path) -> None:
    (unloaded.parent / "known.csv").write_text("host,kernel,cpus,vcpus\nx,6.1,2,4\n", encoding="utf-8")
    words = ("fleet", str(unloaded.parent / "known.csv"), "--kernel", str(unloaded))
    assert refused(run(*words)) == f"ptelist: {unloaded}: {UNKNOWN}: {WAYS}\n"
    assert run(*words, "--paging", "tdp-mmu").exit_code == 0


def test_a_host_without_vms_needs_no_paging(run: Run, unloaded: Path) -> None:
    files = {path: text for path, text in UNLOADED.items() if not path.startswith(paths.VMS)}
    unloaded.write_text(take(Fake(files)).render(), encoding="utf-8")
    for words in ((), ("--assume", "memory=16GiB"), ("--paging", "shadow")):
        (line,) = fleet(run, str(unloaded), *words)
        assert line["vms"] == 0
        assert set(figures(line).values()) == {(0, 0)}


def test_a_fault_in_a_folder_names_the_observation(run: Run, hosts: Path) -> None:
    """Nobody wrote the lines that it is read as."""
    said = refused(run("fleet", str(hosts), "--assume", "vcpus-run=9"))
    assert said.startswith(f"ptelist: {hosts}/a.txt: vm.vcpus_run: 9 vCPUs have run, but there are 4")
