"""Ratios against a baseline that runs beside: `python tests/benchmarks/run.py [RUNS]`.

Whole commands are timed in pairs, in turn, and the median of the pairs' ratios is
reported beside the bound that the project sets itself. Nothing is asserted: a
figure from a busy machine means little.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from ptelist.columns import expand
from ptelist.engine.account import account

PYTHON = sys.executable
PTELIST = str(Path(PYTHON).with_name("ptelist"))
COMPARE = [PTELIST, "compare", "--vcpus", "256", "--ext", "2,14"]
DUMP = Path(__file__).parents[1] / "kernel/recorded/7.3/one-cpu-vcpus.observation"
"""A saved observation of a machine with 267 caches."""

MODEL = 'import click, pydantic; pydantic.create_model("M", x=(int, 1))'
PAIRS = (
    ("piped compare / click and one model", COMPARE, [PYTHON, "-c", MODEL], 1.25),
    ("--version / import click", [PTELIST, "--version"], [PYTHON, "-c", "import click"], 1.3),
    ("observe --all-caches / piped compare", [PTELIST, "observe", str(DUMP), "--all-caches"], COMPARE, 1.5),
)


def seconds(command: list[str]) -> float:
    """Return the wall time of one run, its output read and dropped."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return time.perf_counter() - start


def ledgers_per_second(options: str) -> float:
    """Return how many full ledgers of one scenario a second gives, best of five."""
    words = options.split()
    (column,) = expand([], [(words[n][2:], words[n + 1]) for n in range(0, len(words), 2)]).columns
    best = 0.0
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(400):
            account(column.scenario)
        best = max(best, 400 / (time.perf_counter() - start))
    return best


def main() -> None:
    """Print a line a benchmark."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    for name, command, baseline, bound in PAIRS:
        pairs = [(seconds(command), seconds(baseline)) for _ in range(runs + 1)][1:]
        print(f"{name}: {median(a / b for a, b in pairs):.2f} (bound {bound})")
    for options in ("--vcpus 256", "--vm nested --host server-256 --kernel 7.3"):
        print(f"full ledgers a second, {options}: {ledgers_per_second(options):,.0f} (bound 2,000)")


if __name__ == "__main__":
    main()
