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


def test_a_few_cases_are_without_a_finding() -> None:
    """In a process of its own, which forks: that of the tests may have threads."""
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "fuzz", "--seed", str(SEED), "--cases", str(CASES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": path})
    assert done.returncode == 0, done.stdout + done.stderr
