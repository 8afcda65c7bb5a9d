"""A stranger's slabinfo, as people paste it: every line is checked, and the lines tell how many CPUs the host has.

The lines are those that booted kernels showed (tests/kernel/recorded).
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from machines import WHOLE, Fake

from ptelist.readers.host import paths, snapshot
from ptelist.readers.host.snapshot import parse, take
from ptelist.settings import named

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

RECORDED = Path(__file__).parents[1] / "kernel/recorded"
MACHINES = {
    "one-cpu-vcpus": "1 CPU",
    "four-cpus": "4 to 7 CPUs",
    "present-16": "16 to 31 CPUs",
    "present-64": "64 to 127 CPUs",
    "present-128": "128 to 255 CPUs",
    "possible-128": "128 to 255 CPUs",
}
# from v6.9 on that machine has 1 possible CPU (its observation says so)
CASES = [
    (kernel, machine, "1 CPU" if machine == "possible-128" and kernel in {"6.12", "7.3"} else cpus)
    for kernel in ("5.10", "6.1", "6.12", "7.3")
    for machine, cpus in MACHINES.items()
    if (RECORDED / kernel / f"{machine}.observation").exists()
]


@pytest.fixture
def pasted(tmp_path: Path) -> Callable[[str, str], str]:
    """Return a function that writes slabinfo of a booted machine, as it stood, to a file."""

    def call(kernel: str, machine: str) -> str:
        text = (RECORDED / kernel / f"{machine}.observation").read_text(encoding="utf-8")
        file = tmp_path / "slabinfo.txt"
        file.write_text(parse(text, "x").files[paths.SLABINFO], encoding="utf-8")
        return str(file)

    return call


def lines(file: str) -> int:
    return sum(" : slabdata " in line for line in Path(file).read_text(encoding="utf-8").splitlines()[2:])


@pytest.mark.parametrize(("kernel", "machine", "cpus"), CASES)
def test_every_line_is_checked_and_agrees(
    run: Run, pasted: Callable[[str, str], str], kernel: str, machine: str, cpus: str
) -> None:
    file = pasted(kernel, machine)
    result = run("observe", "--all-caches", "--slabinfo", file, "--kernel", kernel, "--format", "json")
    assert result.exit_code == 0, result.output
    body = json.loads(result.stdout)
    known = len(body["caches"])
    assert known + len(body["others"]) == lines(file) > 100
    checks = [check["verdict"] for cache in body["others"] for check in cache["checks"].values()]
    assert checks == ["agrees"] * (2 * len(body["others"]))
    checks = [check["verdict"] for cache in body["caches"] for check in cache["checks"].values() if check["measured"]]
    assert checks.count("agrees") == 3 * known, "the stride as well, for the struct is known"
    assert any(note.startswith(f"CPUs: slabinfo is of a host with {cpus}: ") for note in body["notes"])


def test_cpus_that_are_given_are_held_against_the_lines(run: Run, pasted: Callable[[str, str], str]) -> None:
    words = ("observe", "--all-caches", "--slabinfo", pasted("6.1", "present-64"), "--kernel", "6.1", "--cpus")
    assert run(*words, "100").exit_code == 0
    result = run(*words, "8")
    assert result.exit_code == 1
    text = " ".join(result.stdout.split())
    assert "slabinfo is of a host with 64 to 127 CPUs: 216 of 216 lines" in text
    assert "CPUs: 8 were given, which slabinfo does not agree with" in text
    assert run(*words[:-1], "--host", "single-cpu").exit_code == 1


def test_a_line_that_was_changed_differs(run: Run, pasted: Callable[[str, str], str]) -> None:
    file = Path(pasted("6.1", "four-cpus"))
    text = file.read_text(encoding="utf-8")
    (row,) = [line for line in text.splitlines() if line.startswith("kmalloc-192 ")]
    file.write_text(text.replace(row, row.replace(" 21 ", " 20 ")), encoding="utf-8")
    result = run("observe", "--all-caches", "--slabinfo", str(file), "--kernel", "6.1")
    assert result.exit_code == 1
    assert "kmalloc-192.objects_per_slab is 20, predicted 21" in " ".join(result.stdout.split())


def test_boot_options_are_said(run: Run, pasted: Callable[[str, str], str]) -> None:
    words = ("observe", "--all-caches", "--slabinfo", pasted("6.1", "max-order-0"), "--kernel", "6.1")
    assert run(*words).exit_code == 1
    assert run(*words, "--slub-max-order", "0").exit_code == 0
    words = ("observe", "--all-caches", "--slabinfo", pasted("6.1", "min-objects-16"), "--kernel", "6.1")
    result = run(*words, "--slub-min-objects", "16")
    assert result.exit_code == 0
    assert "slabinfo is of a host" not in result.stdout, "what comes first hides the CPUs"


def test_a_kernel_that_is_not_said_is_this_machines(
    run: Run, pasted: Callable[[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "here", lambda: take(Fake(WHOLE)))
    named.load.cache_clear()
    said = "kernel: slabinfo does not say which, so it is taken for this machine's"
    words = ("observe", "--slabinfo", pasted("6.1", "four-cpus"))
    assert said in " ".join(run(*words).stdout.split())
    assert said not in " ".join(run(*words, "--kernel", "6.1").stdout.split())
    named.load.cache_clear()


def test_lines_of_no_host_tell_of_no_cpus(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "slabinfo"
    file.write_text("odd 1 1 64 63 1 : tunables 0 0 0 : slabdata 1 1 0\n", encoding="utf-8")
    result = run("observe", "--all-caches", "--slabinfo", str(file), "--kernel", "6.1")
    assert result.exit_code == 1
    assert "slabinfo is of a host" not in result.stdout


def test_counts_of_a_host_whose_cpus_are_told(run: Run, pasted: Callable[[str, str], str]) -> None:
    """The most CPUs that there may be keep the most for themselves."""
    result = run("observe", "--slabinfo", pasted("6.1", "one-cpu-vcpus"), "--kernel", "6.1", "--format", "json")
    assert json.loads(result.stdout)["scenario"]["host"]["cpus"] == 1
    result = run("observe", "--slabinfo", pasted("6.1", "present-64"), "--kernel", "6.1", "--format", "json")
    assert json.loads(result.stdout)["scenario"]["host"]["cpus"] == 127


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "".join(f"> {line}\n" for line in text.splitlines()),
        lambda text: "".join(f"| > {line}\r\n" for line in text.splitlines()),
        lambda text: "".join(f"    {line}\n" for line in text.splitlines()),
        lambda text: "".join(f"\t{line}\n" for line in text.splitlines()),
        lambda text: "".join(f">     {line}\n" for line in text.splitlines()),
        lambda text: text.partition("\n")[2],
        lambda text: "\n".join(text.split("\n")[2:]),
        lambda text: f"root@host:~# cat /proc/slabinfo\n{text}root@host:~# ",
    ],
)
def test_as_people_paste_it(run: Run, pasted: Callable[[str, str], str], change: Callable[[str], str]) -> None:
    file = Path(pasted("6.1", "four-cpus"))
    words = ("observe", "--all-caches", "--slabinfo", str(file), "--kernel", "6.1")
    before = run(*words).stdout
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
    after = run(*words)
    assert (after.exit_code, after.stdout) == (0, before)


def test_what_was_left_out_of_a_mail_is_said(run: Run, pasted: Callable[[str, str], str]) -> None:
    """Wrapped at 72 columns and quoted, below words of a stranger: every line of the table is checked."""
    file = Path(pasted("6.1", "four-cpus"))
    words = ("observe", "--all-caches", "--slabinfo", str(file), "--kernel", "6.1", "--format", "json")
    whole = json.loads(run(*words).stdout)
    text = file.read_text(encoding="utf-8")
    wrapped = [part for line in text.splitlines() for part in textwrap.wrap(line, 70, break_long_words=False)]
    assert len(wrapped) > len(text.splitlines())
    mail = "Hi all,\n\nour host is slow:\n\n" + "".join(f"> {line}\n" for line in wrapped)
    file.write_text(f"{mail}> {text.splitlines()[5]}\n", encoding="utf-8")
    found = json.loads(run(*words).stdout)
    assert found["others"] == whole["others"]
    assert [note for note in found["notes"] if note not in whole["notes"]] == [
        "slabinfo: 2 lines beside the table were left out",
        "slabinfo: 1 line stands there twice and counts once",
    ]


MERGED = "merged under another name (a copy of sysfs says which)"
FEW = """\
kvm_mmu_page_header    352    352    184   22    1 : tunables    0    0    0 : slabdata     16     16      0
pte_list_desc          320    320    128   32    1 : tunables    0    0    0 : slabdata     10     10      0
dentry                  42     42    192   21    1 : tunables    0    0    0 : slabdata      2      2      0
filp                    32     32    256   16    1 : tunables    0    0    0 : slabdata      2      2      0
"""


@pytest.mark.parametrize(
    ("names", "sentence", "note"),
    [
        ("kvm_mmu_page_header pte_list_desc dentry filp", "10 figures of 4 slab caches", ""),
        (
            "pte_list_desc",
            "3 figures of 1 slab cache",
            f"no cache kvm_mmu_page_header: either {MERGED}, or not copied",
        ),
        (
            "dentry filp",
            "4 figures of 2 slab caches",
            f"no cache pte_list_desc or kvm_mmu_page_header: either {MERGED}, or kvm is not loaded, or not copied",
        ),
    ],
)
def test_lines_of_a_copy_count_once_and_why_others_lack_is_not_guessed(
    run: Run, tmp_path: Path, names: str, sentence: str, note: str
) -> None:
    """A line has two figures that can be held, one of a struct that is known its stride beside."""
    file = tmp_path / "slabinfo"
    file.write_text("".join(line for line in FEW.splitlines(True) if line.split()[0] in names.split()), "utf-8")
    result = run("observe", "--all-caches", "--slabinfo", str(file), "--kernel", "6.1")
    text = " ".join(result.stdout.split())
    assert text.startswith(f"This host agrees with the prediction: {sentence}.")
    assert (note in text) if note else ("no cache" not in text)


@pytest.mark.parametrize(
    ("machine", "assumed"),
    [
        ("present-64", "host: ASSUMED to have the most of 64 to 127 CPUs: 127 CPUs, "),
        ("one-cpu-vcpus", "host: 1 CPU, "),
    ],
)
def test_cpus_that_nobody_said_are_marked(
    run: Run, pasted: Callable[[str, str], str], machine: str, assumed: str
) -> None:
    words = ("observe", "--slabinfo", pasted("6.1", machine), "--kernel", "6.1")
    assert assumed in " ".join(run(*words).stdout.split())
    assert "ASSUMED to have" not in " ".join(run(*words, "--cpus", "64").stdout.split())


def test_what_is_wrong_is_named_by_file_and_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "mail.txt"
    row = "pid 1 1 128 32 1 : tunables 0 0 0 : slabdata 1 1 0\n"
    file.write_text(f"{row}{row}half a row\n{row}", encoding="utf-8")
    result = run("observe", "--all-caches", "--slabinfo", str(file), "--kernel", "6.1")
    assert result.exit_code == 2
    assert f'{file}:3: not a row of slabinfo: "half a row"' in result.stderr
