"""--paired: the values at the same place of all lists together, in place of each combination."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

LISTS = ("--vcpus", "8,256,16", "--ext", "2,14,7", "--memory", "1GiB", "--paired")


def compared(run: Run, *words: str) -> list[dict[str, Any]]:
    result = run("compare", *words, "--format", "json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, Any]] = json.loads(result.stdout)["configs"]
    return found


def test_each_column_has_the_values_at_its_place(run: Run) -> None:
    configs = compared(run, *LISTS)
    assert [config["axes"] for config in configs] == [
        {"vcpus": 8, "ext": 2},
        {"vcpus": 256, "ext": 14},
        {"vcpus": 16, "ext": 7},
    ]
    for config in configs:
        alone = compared(run, *(f"--{name}={value}" for name, value in config["axes"].items()), "--memory", "1GiB")
        assert config["figures"] == alone[0]["figures"]


def test_the_first_column_is_the_baseline_unless_another_is_said(run: Run) -> None:
    assert {config["baseline"] for config in compared(run, *LISTS)} == {"vcpus=8, ext=2"}
    assert {config["baseline"] for config in compared(run, *LISTS, "--baseline", "ext=7")} == {"vcpus=16, ext=7"}


def test_presets_are_a_list_too(run: Run) -> None:
    names = [config["name"] for config in compared(run, "tdp", "nested", "--vcpus", "4,8", "--paired")]
    assert names == ["tdp, vcpus=4", "nested, vcpus=8"]


def test_a_combination_that_is_in_no_column_need_not_be(run: Run) -> None:
    words = ("--paging", "shadow,tdp", "--nested", "off,on")
    assert run("compare", *words).exit_code == 2
    assert len(compared(run, *words, "--paired")) == 2


def test_a_difference_of_several_options_is_explained(run: Run) -> None:
    words = ("--vcpus", "256,8", "--ext", "14,2")
    assert "these options make 4" in run("explain", "mmu.bytes.total", *words).stderr
    old, new = compared(run, *words, "--paired")
    low, high = (config["figures"]["mmu.bytes.total"]["low"] for config in (new, old))
    printed = run("explain", "mmu.bytes.total", *words, "--paired").stdout
    assert f"mmu.bytes.total: {low - high:,} bytes ({high:,} -> {low:,})" in printed
    assert printed.rstrip().endswith("--paired")


@pytest.mark.parametrize("command", [("compare",), ("explain", "mmu.bytes.total")])
def test_lists_of_other_lengths_are_refused(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command, "--vcpus", "8,256", "--ext", "2,7,14", "--paired")
    assert result.exit_code == 2
    assert result.stderr == "ptelist: --ext: 3 values, and --vcpus has 2: --paired takes as many of each\n"


def test_columns_are_bounded_as_without_it(run: Run) -> None:
    result = run("compare", "--vcpus", "1..10001", "--paired")
    assert result.exit_code == 2
    assert result.stderr == "ptelist: --vcpus: 10,001 values make as many columns; at most 10,000\n"


def test_the_command_that_gives_the_same_has_it(run: Run) -> None:
    assert run("compare", *LISTS).stdout.rstrip().endswith("--paired")
