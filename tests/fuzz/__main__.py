"""Runs cases, prints what it finds, and how many cases ended how."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import SystemRandom

import fuzz
from fuzz import child, commands
from fuzz.trial import ran, shown, tried, warm


def one(seed: int, number: int, keep: Path | None) -> int:
    """Run one case; tell it, and keep its files if asked."""
    case = commands.case(seed, number)
    outcome, _ = ran(case)
    trial = tried(seed, number)
    print(*shown(case, outcome), *(f"FINDING {each}" for each in trial.wrong), trial.place, sep="\n")
    if keep:
        child.lay(case, keep)
        (keep / "pipes").write_bytes(b"".join(case.pipes))
        (keep / "stdin").write_bytes(case.stdin)
    return bool(trial.wrong)


def many(seed: int, numbers: range, jobs: int, *, brief: bool) -> int:
    """Run cases; print each finding, and each kind of it once more with its first number at the end."""
    begun, exits, kinds, first = time.monotonic(), Counter[str](), Counter[str](), dict[str, int]()
    by_command: dict[str, Counter[str]] = {}
    with ProcessPoolExecutor(jobs, get_context("fork")) as pool:
        for trial in pool.map(partial(tried, seed), numbers, chunksize=5):
            exits[str(trial.status)] += 1
            by_command.setdefault(trial.command, Counter())[str(trial.status)] += 1
            for wrong in trial.wrong:
                kind = " ".join((f"{trial.command}:", wrong.partition(": ")[0], trial.place))
                kinds[kind] += 1
                if first.setdefault(kind, trial.number) == trial.number or not brief:
                    print(f"--seed {seed} --case {trial.number}: {wrong}", *trial.lines, sep="\n", flush=True)
    seconds = time.monotonic() - begun
    print(f"seed {seed}: {len(numbers)} cases in {seconds:.0f} s, {len(numbers) / seconds:.0f} a second")
    print("exit codes:", _counts(exits))
    if brief:
        print(*(f"  {name}: {_counts(codes)}" for name, codes in sorted(by_command.items())), sep="\n")
    for kind, count in kinds.most_common():
        print(f"{count:6} {kind}  (first --seed {seed} --case {first[kind]})")
    return bool(kinds)


def _counts(codes: Counter[str]) -> str:
    return ", ".join(f"{count} times {code}" for code, count in sorted(codes.items()))


def run() -> int:
    """Read the command line."""
    raw = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser("python -m fuzz", description=fuzz.__doc__, formatter_class=raw)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1 << 32), help="default: a fresh one")
    parser.add_argument("--cases", type=int, default=1000, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the number to begin with")
    parser.add_argument("--case", type=int, metavar="NUMBER", help="run this one alone and tell it")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the files of that case there")
    parser.add_argument("--brief", action="store_true", help="tell each kind of finding once, and codes by command")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="default: one a CPU")
    options = parser.parse_args()
    warm()
    if options.case is not None:
        return one(options.seed, options.case, options.keep)
    numbers = range(options.first, options.first + options.cases)
    return many(options.seed, numbers, options.jobs, brief=options.brief)


if __name__ == "__main__":
    sys.exit(run())
