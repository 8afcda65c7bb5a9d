"""Every answer begins with its sentence: the same in all text formats, its numbers those of the JSON."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ptelist import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result

    Run = Callable[..., Result]

DATA = Path(__file__).parent / "data"
HOSTS = DATA / "fleet/hosts.csv"
TRACE, ENVELOPE = DATA / "traces/7.3.trace", DATA / "traces/6.1.set_spte"
HISTOGRAM = min((DATA / "rmaps").iterdir())
OLD, NEW = DATA / "btf/6.18", DATA / "btf/6.18-grown"
COMMANDS = [
    "compare",
    "compare --vcpus 256 --ext 2,14",
    "compare --vcpus 3 --host server-256 --ext 14,13",
    "compare --list-policy head,walk",
    "compare --proposal none,shrink-tdp,small-caches-v4",
    "compare --vcpus 1,8,256 --ext 2,14",
    "compare --vcpus 1..8",
    "compare --ext 2,14 --figure pte_list_desc.slabs",
    "show nested",
    "show --figure pte_list_desc.bytes.total",
    "explain pte_list_desc.slabs --vcpus 8",
    "explain mmu.bytes.total --vcpus 256 --ext 2,14",
    "where nested",
    "history",
    "history --kernel 6.12,6.18 --figure pte_list_desc.size",
    "sweep --vcpus 1..16 --ext 2,14",
    "sweep --vcpus 1..8 --ext 2,14 --host server-256",
    "sweep --ext 2..16",
    "sweep --kernel 5.10,6.1,6.18",
    "sweep --memory 1GiB..16GiB*2 --figure mmu.bytes.total",
    "sweep --memory 1GiB,2GiB --vcpus 1..4",
    "sweep --host laptop,server-256 --ext 2,14",
    "sensitivity --vcpus 8",
    "best --vcpus 8",
    "best --kernel 5.10,5.15,6.1,6.18",
    "best --filling spread",
    f"fleet {HOSTS}",
    f"fleet {HOSTS} --ext 2",
    f"fleet {HOSTS} --ext 2,4",
    f"rmaps {HISTOGRAM} --vm shadow",
    f"rmaps {HISTOGRAM} --vm shadow --ext 2,14",
    f"replay {TRACE}",
    f"replay {TRACE} --ext 2,14",
    f"replay {ENVELOPE}",
    f"inspect {OLD} --kernel 6.18",
    f"inspect {OLD} {NEW} --kernel 6.18",
    f"inspect --diff {OLD} {NEW} --kernel 6.18",
    f"patch --before {OLD} --after {NEW} --kernel 6.18",
    f"check {DATA / 'check/ptelist.toml'}",
]
HUMAN = r"[\d.,]+ (?:[KMGT]iB|B)"


def told(run: Run, line: str, *more: str, columns: int | None = None) -> str:
    result = run(*shlex.split(line), *more, columns=columns)
    assert result.exit_code == 0, result.output
    return result.stdout


def document(run: Run, line: str) -> dict[str, Any]:
    return dict(json.loads(told(run, line, "--format", "json")))


@pytest.mark.parametrize("line", COMMANDS)
def test_it_stands_first_in_every_text(run: Run, line: str) -> None:
    said = document(run, line)["headline"]
    assert said.endswith(".")
    assert 1 <= len(re.findall(r"\.(?: |$)", said)) <= 2
    for columns in (40, 72):
        block = told(run, line, columns=columns).split("\n\n")[0]
        assert " ".join(block.split()) == said
        assert all(len(row) <= columns or " " not in row for row in block.splitlines())
    markdown = told(run, line, "--format", "markdown").split("\n\n")[0]
    assert re.sub(r"\\(.)", r"\1", markdown) == said


@pytest.mark.parametrize("line", [each for each in COMMANDS if not each.startswith(("check", "explain"))])
def test_csv_has_none(run: Run, line: str) -> None:
    assert document(run, line)["headline"] not in told(run, line, "--format", "csv").replace('"', "")


@pytest.mark.parametrize("line", ["compare --vcpus 256 --ext 2,14", "where", f"inspect {OLD}"])
def test_on_a_terminal_it_is_bold_and_wrapped(run: Run, line: str) -> None:
    text = told(run, line, "--format", "terminal", columns=60)
    said = document(run, line)["headline"]
    rows = text.splitlines()
    count = next(n for n, row in enumerate(rows) if not (row.startswith("\x1b[1m") and row.endswith("\x1b[0m")))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(rows[:count]))
    assert " ".join(plain.split()) == said
    assert max(map(len, plain.splitlines())) <= 60


def whole_numbers(value: Any) -> Iterator[int]:
    """Yield every whole number of a document, and how many there are in each of its lists."""
    if isinstance(value, dict):
        for each in value.values():
            yield from whole_numbers(each)
    elif isinstance(value, list):
        yield len(value)
        for each in value:
            yield from whole_numbers(each)
    elif isinstance(value, int):
        yield abs(value)


def ends(data: dict[str, Any]) -> Iterator[int]:
    """Yield the differences of each figure's ends between columns, which changes that are exact are."""
    values = [each for kernel in data.get("kernels", ()) for each in kernel["values"]]
    columns = [each for each in (*data.get("configs", ()), *values) if "figures" in each]
    for figure in columns[0]["figures"] if columns else ():
        spans = [column["figures"][figure] for column in columns]
        yield from (abs(one[end] - other[end]) for one in spans for other in spans for end in ("low", "high"))


NUMBERED = [each for each in COMMANDS if not each.startswith(("inspect", "check"))]


@pytest.mark.parametrize("line", NUMBERED)
def test_its_numbers_are_those_of_the_document(run: Run, line: str) -> None:
    data = document(run, line)
    said = data.pop("headline")
    beside = told(run, line, "--format", "csv") if not line.startswith("explain") else ""
    known = {*whole_numbers(data), *ends(data), *map(int, re.findall(r"(?<![\w.])-?(\d+)\b", beside))}
    for name in re.findall(r"[\w-]+=[\w .]+?(?= |,|;|:|\.$|$)", said):
        said = said.replace(name, "")
    said = re.sub(rf"\([^)]*\)|{HUMAN}|[<\d.,]+%", "", said).replace("..", " ")
    numbers = [int(each.replace(",", "")) for each in re.findall(r"(?<![\w.])(\d[\d,]*)(?![\w.]*[\w%])", said)]
    assert numbers
    assert set(numbers) <= known


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            "compare --vcpus 256 --ext 2,14",
            "ext=2 takes 983,040 bytes (960.0 KiB) less than ext=14: 2.1% of mmu.bytes.total, all of it pte_list_desc.",
        ),
        (
            "compare --vcpus 1 --host server-256 --ext 14,13 --figure pte_list_desc.size",
            "ext=13 takes 8 bytes less than ext=14: 6.3% of pte_list_desc.size.",
        ),
        ("compare --list-policy head,walk", "list-policy=walk and list-policy=head take the same mmu.bytes.total: "),
        ("compare --list-policy head,walk --vcpus 1,2", "No column differs from list-policy=head in mmu.bytes.total."),
        (
            "compare --ext 14,15 --figure pte_list_desc.slab_order",
            "pte_list_desc.slab_order is 1 more with ext=15 than with ext=14.",
        ),
        (
            "compare --ext 14,2 --figure pte_list_desc.slabs --vcpus 256",
            "ext=2 has 240 fewer slabs than ext=14: 75.0% of pte_list_desc.slabs.",
        ),
        ("compare --vcpus 3 --host server-256 --ext 14,13", "ext=13 may take up to "),
        ("compare --nested off,on --memory 64GiB", "of mmu.bytes.total, most of it memslots."),
        ("compare --vcpus 1,8 --ext 2,14", "Against ext=14, mmu.bytes.total is at best 28,160 bytes"),
        ("compare --vcpus 1..8", "less than vcpus=8, which takes the most."),
        (
            "compare --ext 2,3,4,14 --figure pte_list_desc.bytes.total",
            "ext=2, ext=3 and ext=4 take the least pte_list_",
        ),
        ("compare --ext 2,13,14 --filling spread", "No clear winner: ext=14 has the lowest upper bound, "),
        ("show --figure pte_list_desc.slabs", "pte_list_desc.slabs is 5 slabs: slabs that hold the objects."),
        ("show --figure pte_list_desc.bytes.total", " bytes (21.3 KiB), 2.4% of mmu.bytes.total: descriptors of rmap"),
        (
            "explain mmu.bytes.total --vcpus 256 --ext 2,14",
            "ext=14 takes 983,040 bytes (960.0 KiB) more than ext=2: 2.2% of mmu.bytes.total, all of it pte_list_desc.",
        ),
        ("compare tdp nested", "of mmu.bytes.total, most of it memslots."),
        ("history --figure pte_list_desc.size", "kernel 5.15 changed it most, 96 bytes (300.0%) more than before."),
        (
            "history --kernel 6.12,6.18 --figure pte_list_desc.size",
            "is 128 bytes with kernel 6.12..6.18, all the same.",
        ),
        ("explain pte_list_desc.size", "pte_list_desc.size is 128 bytes: sizeof() of the struct."),
        ("sensitivity --vcpus 1 --proposal tdp-no-objects", "pte_list_desc.bytes.total is 0 bytes; proposal moves it"),
        ("sensitivity --figure mmu.bytes.total", "mmu.bytes.total is "),
        ("best --vcpus 8", ": 28,160 bytes (27.5 KiB, 64.7%) less than the kernel's own 14."),
        ("best --kernel 5.10,5.15,6.1,6.6,6.18", "; 2 more below."),
        (f"fleet {HOSTS} --ext 2,4", "Of 2 what-ifs ext=2 is best: it takes between "),
        (f"fleet {HOSTS} --ext 2", "of the hosts' memory. ext=2 takes between "),
        (f"fleet {HOSTS} --list-policy head", "list-policy=head takes the same."),
        (
            f"fleet {HOSTS} --figure pte_list_desc.slabs",
            "4 hosts with 161 VMs have between 413 and 415 slabs of pte_list",
        ),
        (f"replay {TRACE}", "At their peak lists and vCPU caches took "),
        (f"inspect {OLD} --kernel 6.18", "6.18 has a pte_list_desc of 128 bytes; profile 6.18 agrees in all "),
        (f"inspect {NEW} --kernel 6.18", "fields: pte_list_desc_fixed_bytes."),
        (
            f"inspect {NEW} --struct track --struct kvm_lpage_info",
            "6.18-grown has a struct track of 32 bytes and a struct",
        ),
        (f"inspect {OLD} {NEW} {OLD}", " has a pte_list_desc of 136 bytes. 1 more kernel below."),
        (f"inspect --diff {OLD} {NEW} --kernel 6.18", "all of it pte_list_desc. 1 struct differs: pte_list_desc."),
        (
            f"patch --before {OLD} --after {NEW} --kernel 6.18",
            "pte_list_desc grows from 128 to 136 bytes. The patch takes 4.3 KiB more (0.5%) on laptop (1 VM of 4 ",
        ),
        (f"check {DATA / 'check/ptelist.toml'}", "All 5 budgets hold: no figure moved."),
    ],
)
def test_what_it_says(run: Run, line: str, says: str) -> None:
    assert says in document(run, line)["headline"]


def test_every_command_that_answers_is_here() -> None:
    """But for observe (tests/observe/test_agreement.py), explore (tests/explore) and those that list what there is."""
    assert {line.split()[0] for line in COMMANDS} == {*cli.COMMANDS} - {
        "observe",
        "explore",
        "presets",
        "figures",
        "help",
        "collect-script",
        "completion",
    }


def test_a_list_has_none(run: Run) -> None:
    assert document(run, "figures page_hash")["headline"] == ""
    assert told(run, "figures page_hash").startswith("page_hash\n")
