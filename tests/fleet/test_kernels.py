"""Fleets of many distributions: no kernel is taken for upstream in silence, and none is refused row by row."""

from __future__ import annotations

import csv
import json
import re
import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from refusals import refused

from ptelist.scenario.presets import releases

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

DATA = Path(__file__).parents[1] / "data/releases/releases.csv"
ROWS = list(csv.DictReader(DATA.read_text(encoding="utf-8").splitlines()))
DISTRIBUTIONS = {row["release"]: row["distribution"] for row in ROWS if not row["architecture"]}
FOREIGN = [row["release"] for row in ROWS if row["architecture"]]
RELEASES = list(DISTRIBUTIONS)
HOSTS = 2000
LACKING = {"3.10", "4.12", "4.14", "4.18", "4.19", "5.3", "5.4"}
"""Series of which there is no profile."""

DIRECT = [each for each in RELEASES if releases.read(each).is_direct and releases.read(each).series not in LACKING]
EL9 = "5.14.0-427.13.1.el9_4.x86_64"


def release(number: int) -> str:
    return RELEASES[number % len(RELEASES)]


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """Return 2,000 hosts with two rows each."""
    path = tmp_path / "hosts.csv"
    rows = [f"h{n},{release(n)},64,{vcpus},{1 + n % 3}\n" for n in range(HOSTS) for vcpus in (2, 8)]
    path.write_text("host,kernel,cpus,vcpus,count\n" + "".join(rows), encoding="utf-8")
    return path


def told(run: Callable[..., Result], *words: str) -> dict[str, Any]:
    result = run("fleet", *words, "--format", "json")
    assert result.exit_code == 0, result.stderr
    return dict(json.loads(result.stdout))


def note(data: dict[str, Any], topic: str) -> str:
    (text,) = (each for each in data["assumptions"] if each.startswith(f"{topic}: "))
    return str(text).removeprefix(f"{topic}: ")


def options(text: str) -> list[str]:
    """Return the words of all --map-kernel in a text."""
    return shlex.split(" ".join(re.findall(r"--map-kernel (?:'[^']*'|\S+=\w+)", text)))


def test_unknown_kernels_are_one_message_that_says_what_resolves_them(run: Callable[..., Result], fleet: Path) -> None:
    unknown = [n for n in range(HOSTS) if release(n) not in DIRECT]
    line = refused(run("fleet", str(fleet)))
    assert f"{fleet}: the kernels of {len(unknown):,} of 2,000 hosts are not upstream's or Debian's" in line
    assert "[...]" not in line
    data = told(run, str(fleet), *options(line))
    assert (data["total"]["hosts"], data["rows"], data["set_aside"]) == (HOSTS, 2 * HOSTS, 0)
    text = note(data, "kernels")
    assert text.startswith(f"{len(unknown):,} of 2,000 hosts ASSUMED to be as --map-kernel says: ")
    counts = re.findall(r"as [0-9.]+ ([0-9,]+) \(", text)
    assert sum(int(count.replace(",", "")) for count in counts) == len(unknown)


def test_what_can_be_answered_is_without_them(run: Callable[..., Result], fleet: Path) -> None:
    data = told(run, str(fleet), "--keep-going")
    direct = sum(release(n) in DIRECT for n in range(HOSTS))
    assert (data["total"]["hosts"], data["set_aside"]) == (direct, 2 * (HOSTS - direct))
    text = note(data, "unknown kernels")
    for number, each in enumerate(RELEASES):
        if each not in DIRECT:
            hosts = len(range(number, HOSTS, len(RELEASES)))
            assert re.search(rf"{re.escape(each)} \([^()]*\) {hosts}\b", text)
    again = told(run, str(fleet), *options(text))
    assert (again["total"]["hosts"], again["set_aside"]) == (HOSTS, 0)


def test_every_host_is_answered_and_every_assumption_counted(run: Callable[..., Result], tmp_path: Path) -> None:
    """Where cells are empty too: every third host says nothing of its CPUs, every tenth nothing of its kernel."""
    path = tmp_path / "hosts.csv"
    known = {n: release(n) for n in range(HOSTS) if n % 10}
    rows = [
        f"h{n},{known.get(n, '')},{'64' if n % 3 else ''},{vcpus},{1 + n % 3},{memory}\n"
        for n in range(HOSTS)
        for vcpus, memory in ((2, "4GiB"), (8, ""))
    ]
    path.write_text("host,kernel,cpus,vcpus,count,memory\n" + "".join(rows), encoding="utf-8")
    data = told(run, str(path), *options(refused(run("fleet", str(path)))), "--assume", "cpus=32")
    vms = sum(2 * (1 + n % 3) for n in range(HOSTS))
    assert (data["total"]["hosts"], data["rows"], data["set_aside"]) == (HOSTS, 2 * HOSTS, 0)
    assert data["total"]["vms"] == vms

    distributions = {DISTRIBUTIONS[each] for each in known.values()} - {"", "other", "rc"}
    assert len(distributions) >= 10
    owners = Counter(releases.read(each).owner for each in known.values() if each not in DIRECT)
    text = note(data, "kernels")
    for owner, hosts in owners.items():
        counts = re.findall(rf"{re.escape(owner)} as [0-9.]+ ([0-9,]+) \(", text)
        assert sum(int(count.replace(",", "")) for count in counts) == hosts, owner
    assert text.startswith(f"{sum(owners.values()):,} of 2,000 hosts ASSUMED")
    assert note(data, "empty cells") == (
        f"ASSUMED cpus=32 of 667 of 2,000 hosts, kernel=6.18 of 200 of 2,000 hosts, memory=4 GiB of {vms // 2:,} of"
        f" {vms:,} VMs"
    )


def test_what_all_hosts_lack_is_told_once(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "hosts.jsonl"
    path.write_text('{"host":"a","vcpus":4}\n{"host":"b","vcpus":9,"nodes":2}\n', encoding="utf-8")
    data = told(run, str(path))
    assert note(data, "empty cells") == "ASSUMED nodes=1 of 1 of 2 hosts"
    assert note(data, "not said") == "ASSUMED kernel=6.18, cpus=64 of all 2 hosts; memory=4 GiB of all 2 VMs"
    assert note(data, "kernel").startswith("6.18")


def test_a_kernel_that_is_mapped_counts_as_what_stands_for_it(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "hosts.csv"
    totals = []
    for kernel, words in (("5.14", ()), (EL9, ("--map-kernel", "el9*=5.14")), (f"{EL9}", ("--map-kernel", "*=5.14"))):
        path.write_text(f"host,kernel,vcpus\na,{kernel},4\nb,{kernel},9\n", encoding="utf-8")
        data = told(run, str(path), *words)
        assert data["total"].pop("hosts_assumed") == (2 if words else 0)
        totals.append(data["total"])
    assert totals[0] == totals[1] == totals[2]
    assert note(data, "kernels") == (
        "2 of 2 hosts ASSUMED to be as --map-kernel says: RHEL or a rebuild as 5.14 2 (1 release)"
    )


def test_a_what_if_and_an_assumed_kernel_are_mapped_too(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "hosts.csv"
    path.write_text("host,kernel,vcpus\na,,4\n", encoding="utf-8")
    words = ("--assume", f"kernel={EL9}", "--kernel", "6.8.0-45-generic", "--map-kernel", "*=upstream")
    data = told(run, str(path), *words)
    assert [each["name"] for each in data["total"]["what_ifs"]] == ["as it is", "kernel=6.8.0-45-generic"]
    assert note(data, "kernels").startswith("1 of 1 host ASSUMED to be")
    assert "the kernels of 1 of 1 host are not" in refused(run("fleet", str(path), *words[:2]))
    assert "is not upstream's 6.8" in refused(run("fleet", str(path), *words[2:4]))


def test_a_bad_row_is_told_before_kernels_are(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "hosts.csv"
    path.write_text(f"host,kernel,vcpus\na,{EL9},4\nb,6.1,x\n", encoding="utf-8")
    assert f"{path}:3: vcpus: expected a whole number" in refused(run("fleet", str(path)))


def test_hosts_of_other_architectures_are_counted_and_nothing_resolves_them(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    path = tmp_path / "hosts.csv"
    rows = [f"h{number},{each},4\n" for number, each in enumerate([*FOREIGN, FOREIGN[0], EL9, "6.1", "6.1"])]
    path.write_text("host,kernel,vcpus\n" + "".join(rows), encoding="utf-8")
    count = len(FOREIGN) + 1
    line = refused(run("fleet", str(path)))
    assert f"the kernels of {count + 1} of {count + 3} hosts are not" in line
    assert f"of {count}, not of x86, which nothing can stand for; say what they are" in line
    assert options(line) == ["--map-kernel", "rhel=upstream"]
    assert f"{FOREIGN[0]} ({releases.read(FOREIGN[0]).architecture}) 2" in line
    line = refused(run("fleet", str(path), "--map-kernel", "*=upstream"))
    assert f"the kernels of {count} of {count + 3} hosts are not" in line
    assert "; --keep-going answers without them. Hosts: " in line
    data = told(run, str(path), "--keep-going", "--map-kernel", "*=upstream")
    assert (data["total"]["hosts"], data["set_aside"]) == (3, count)
    assert not options(note(data, "unknown kernels"))


def test_upstreams_and_unknown_kernels_have_an_owner_too(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "hosts.csv"
    path.write_text("host,kernel,vcpus\na,6.8,4\nb,6.6.48-flatcar,4\n", encoding="utf-8")
    assert note(told(run, str(path), "--map-kernel", "*=6.1"), "kernels") == (
        '2 of 2 hosts ASSUMED to be as --map-kernel says: unknown mark "flatcar" as 6.1 1 (1 release),'
        " upstream as 6.1 1 (1 release)"
    )


def test_few_of_many_kernels_are_told_unless_all_is_asked_for(run: Callable[..., Result], fleet: Path) -> None:
    words = options(refused(run("fleet", str(fleet))))
    short, whole = (
        " ".join(run("fleet", str(fleet), *words, *more).stdout.split()) for more in ((), ("--assumptions",))
    )
    brief, full = (text.partition(" kernels: ")[2].partition(" not said: ")[0] for text in (short, whole))
    each = re.findall(r" as [0-9.]+ ([0-9,]+) \(", full)
    assert len(each) > 30
    assert re.findall(r" as [0-9.]+ ([0-9,]+) \(", brief) == each[:6]
    assert brief.endswith(f", and {len(each) - 6} more")
    assert [int(count) for count in each] == sorted(map(int, each), reverse=True)
    assert note(told(run, str(fleet), *words), "kernels") == full


def test_few_of_the_kernels_that_are_left_out_are_told(run: Callable[..., Result], fleet: Path) -> None:
    words = ("fleet", str(fleet), "--keep-going")
    short, whole = (" ".join(run(*words, *more).stdout.split()) for more in ((), ("--assumptions",)))
    brief, full = (text.partition("unknown kernels: ")[2].partition(" per host: ")[0] for text in (short, whole))
    assert len(brief.split()) < 100 < len(full.split())
    assert full in " ".join(note(told(run, *words[1:]), "unknown kernels").split())
    assert re.search(r", and [0-9]+ more\. To take them in, say what they count as: --map-kernel ", brief)


@pytest.mark.parametrize(
    ("maps", "idle"),
    [
        (("flatcra=upstream",), "flatcra=upstream"),
        (("ubuntu=upstream", "el8*=5.10", "el9*=5.14"), "ubuntu=upstream, el8*=5.10"),
        (("el9*=5.14",), ""),
        (("fc4*=6.12",), ""),
    ],
)
def test_a_pattern_that_stands_for_no_host_is_told(
    run: Callable[..., Result], tmp_path: Path, maps: tuple[str, ...], idle: str
) -> None:
    """A kernel that is set aside, or only a what-if's, may be meant."""
    path = tmp_path / "hosts.csv"
    path.write_text(f"host,kernel,vcpus\na,{EL9},4\nb,6.1.0,4\n", encoding="utf-8")
    words = [word for each in maps for word in ("--map-kernel", each)]
    words += ["--kernel", "6.12.6-200.fc41.x86_64"] if "fc4*=6.12" in maps else []
    text = " ".join(run("fleet", str(path), *words, "--keep-going").stdout.split())
    assert text
    assert f"map-kernel: stands for the kernel of no host: {idle} " in text if idle else "of no host" not in text
