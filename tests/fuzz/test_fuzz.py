"""A few cases of the fuzzer, the same ones each time; how to run many is in fuzz/__init__.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from fuzz import commands

TESTS = Path(__file__).parents[1]
SEED, CASES = 16, 80


def test_a_case_is_what_its_seed_and_number_make_of_it() -> None:
    assert all(commands.case(SEED, number) == commands.case(SEED, number) for number in range(30))


def fuzz(cases: int, *first: Path) -> None:
    """Run some in a process of its own, which forks: that of the tests may have threads."""
    path = os.pathsep.join([*map(str, first), str(TESTS), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "fuzz", "--seed", str(SEED), "--cases", str(cases)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": path})
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_few_cases_are_without_a_finding() -> None:
    fuzz(CASES)


def test_what_only_explore_needs_is_not_needed(tmp_path: Path) -> None:
    """As where the extra `test` is installed alone."""
    missing = "raise ModuleNotFoundError(\"No module named 'textual'\", name='textual')\n"
    (tmp_path / "textual.py").write_text(missing, encoding="ascii")
    fuzz(1, tmp_path)
