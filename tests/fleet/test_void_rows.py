"""A row that says what has no effect is refused with its line; what a what-if takes away is no matter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

NO_L2 = "there is no L2 without nested"
NO_LOG = "only dirty logging makes a difference of it: use dirty_log, or a dirty ring"


def figures(run: Run, path: Path, text: str, *words: str) -> dict[str, tuple[int, int]]:
    """Return those of the last what-if."""
    path.write_text(text, encoding="utf-8")
    result = run("fleet", str(path), *words, "--format", "json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)["total"]["what_ifs"][-1]["figures"]
    return {name: (each["low"], each["high"]) for name, each in found.items()}


@pytest.mark.parametrize(
    ("columns", "value", "says"),
    [
        ("nested,l2_smm", "on", f"vm.l2_smm: {NO_L2}"),
        ("nested,l1_replacements", "5", f"vm.l1_replacements: {NO_L2}"),
        ("dirty_log,written", "1GiB", f"vm.written: {NO_LOG}"),
    ],
)
def test_a_row_that_says_what_is_in_vain(columns: str, value: str, says: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "hosts.csv"
    path.write_text(f"host,vcpus,{columns}\na,4,on,{value}\nb,4,,{value}\n", encoding="utf-8")
    assert run("fleet", str(path)).stderr == f"ptelist: {path}:3: {says}\n"


@pytest.mark.parametrize(
    ("columns", "cells", "option"),
    [
        ("nested,l2_smm,l1_replacements", "on,on,5", "--nested off"),
        ("nested,rmaps", "on,10x3", "--nested off"),
        ("dirty_log,written", "on,1GiB", "--dirty-log off"),
    ],
)
def test_what_a_what_if_takes_away_is_no_matter(
    columns: str, cells: str, option: str, run: Run, tmp_path: Path
) -> None:
    """Also where the inventory has a column for what the what-if sets: then it is as if no row said it."""
    path = tmp_path / "hosts.csv"
    told = figures(run, path, f"host,vcpus,{columns}\na,4,{cells}\n", *option.split())
    plain = figures(run, path, "host,vcpus\na,4\n")
    assert told == plain
