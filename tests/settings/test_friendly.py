"""What is typed in another way is understood, and what is wrong is told with what would be right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ptelist.scenario.presets import shipped
from ptelist.scenario.units import UNITS, parse_size
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


@pytest.mark.parametrize("unit", ["K", "M", "G", "T"])
@pytest.mark.parametrize("shape", ["{}", "{}iB", "{}ib", "{}IB"])
@pytest.mark.parametrize("case", [str.upper, str.lower])
def test_a_unit_is_read_in_any_case_with_and_without_ib(unit: str, shape: str, case: Callable[[str], str]) -> None:
    assert parse_size(f"3{shape.format(case(unit))}") == 3 * UNITS[f"{unit}iB"]


@pytest.mark.parametrize("unit", ["KB", "kb", "GB", "gB", "Gi", "GiBs", "x"])
def test_what_means_two_things_or_nothing_is_no_unit(unit: str) -> None:
    with pytest.raises(ValueError, match=r"write .iB|unknown unit"):
        parse_size(f"4{unit}")


@pytest.mark.parametrize(("text", "leaf"), [("4k", "4K"), ("4KiB", "4K"), ("2MiB", "2M"), ("2m", "2M"), ("1G", "1G")])
def test_a_leaf_is_a_size(text: str, leaf: str) -> None:
    (column,) = expand([], [("memory", "2G"), ("leaf", text)]).columns
    assert column.scenario.first_vm.leaf == leaf
    assert expand([], [("memory", "2G"), ("leaf", f"{text},4K" if leaf != "4K" else f"{text},2M")]).columns[0].name == (
        f"leaf={leaf}"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("compare --memory 64", "--memory: 64 without a unit is 64 bytes: write 64MiB or 64GiB"),
        ("compare --leaf 8K", "--leaf: should be '4K', '2M' or '1G', got \"8K\""),
        ("compare --capacity 0", "these proposals do with less: "),
        ("compare --capacity 4", "these proposals do with less: "),
        ("compare --vcpus 0 --cpus 0 --nodes 0", "(also wrong: --nodes, --vcpus)"),
        ("show mmu.bytes.total", '"mmu.bytes.total" is a figure, not a preset: --figure mmu.bytes.total shows it'),
        ("compare --memory 64MiB --vm nested", "say how much with --l2-memory"),
    ],
)
def test_one_line_says_what_would_be_right(run: Callable[..., Result], words: str, said: str) -> None:
    done = run(*words.split())
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_proposals_of_smaller_caches_are_all_that_can_be_applied(run: Callable[..., Result]) -> None:
    """Each one that is named gives smaller caches than the kernel has."""
    said = run("compare", "--capacity", "0").stderr.partition("less: ")[2]
    names = said.strip().split(", ")
    assert set(names) < set(shipped.names("proposals"))
    figure = "vcpu_caches.bytes"
    for name in names:
        columns = expand([], [("proposal", f"none,{name}")]).columns
        assert len({column.scenario.kernel for column in columns}) == 2
        done = run("compare", "--proposal", f"none,{name}", "--figure", figure, "--format", "csv").stdout
        old, new = (int(line.split(",")[3]) for line in done.splitlines()[1:])
        assert new < old


def test_a_multiple_is_no_size() -> None:
    assert [column.name for column in expand([], [("memory", "1GiB..4GiB*2")]).columns] == [
        "memory=1 GiB",
        "memory=2 GiB",
        "memory=4 GiB",
    ]


def test_a_file_beside_us_needs_no_path(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A preset's name wins; what is no preset may be a file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").write_text("[vm]\nvcpus = 300\n", encoding="utf-8")
    (tmp_path / "6.1").write_text("not a preset", encoding="utf-8")
    (column,) = expand(["mine"], []).columns
    assert column.scenario.first_vm.vcpus == 300
    assert run("compare", "6.1").exit_code == 0
    assert 'no preset "yours"' in run("compare", "yours").stderr


def test_a_forced_colour_is_for_terminals_in_a_pipe(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in run("compare", "--ext", "2,14").stdout
    assert "\x1b[" not in run("compare", "--ext", "2,14", "--format", "mail").stdout
    monkeypatch.setenv("FORCE_COLOR", "")
    assert "\x1b[" not in run("compare", "--ext", "2,14").stdout


def test_a_field_of_an_inventory_is_read_with_a_line_below_too(run: Callable[..., Result], tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.csv"
    inventory.write_text("host,kernel,cpus,nodes,vcpus,memory,ram\na,6.1,8,1,2,4GiB,64GiB\n", encoding="utf-8")
    texts = {
        run("fleet", str(inventory), "--column", f"host{sign}memory=ram", "--format", "csv").stdout for sign in "_-"
    }
    assert len(texts) == 1
    assert "" not in texts
