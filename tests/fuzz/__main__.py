"""Runs cases, prints what it finds, and how many cases ended how."""

from __future__ import annotations

import argparse
import gc
import re
import shlex
import sys
import tempfile
import time
from collections import Counter
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from random import SystemRandom
from typing import TYPE_CHECKING

from click.testing import CliRunner

import ptelist
from fuzz import child, commands, oracle, words
from ptelist.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fuzz.draft import Case

INSIDE = re.compile(r'File "[^"]*?/ptelist/([^"]+\.py)"?,? line ([0-9]+),? in (\S+)')


def warm() -> None:
    """Load all that a command may load, so that a forked process has it."""
    for module in walk_packages(ptelist.__path__, "ptelist."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    for name in (
        "tomllib",
        "lz4.block",
        "zstandard",
        "elftools.elf.elffile",
        "rich.table",
        "tabulate",
        "multiprocessing",
    ):
        import_module(name)
    for name in words.TABLES:  # and what is made once, and the presets that most cases stand on
        CliRunner().invoke(main, ["compare", "nested", "--format", name])
    gc.collect()
    gc.freeze()


def ran(case: Case, *, debug: bool = False) -> tuple[child.Outcome, list[str]]:
    """Run a case in a fresh folder, and judge it."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        outcome = child.run(case, Path(folder), debug=debug)
    return outcome, oracle.judge(case, outcome)


def told_anew(case: Case, outcome: child.Outcome) -> list[str]:
    """Run the command that a result gives as its own; it must give that result."""
    again = oracle.reproduced(case, outcome)
    if again is None:
        return []
    other, _ = ran(again)
    if other.stdout == outcome.stdout:
        return []
    told = other.stderr.decode(errors="replace").strip() or "another result"
    return [f"its command does not reproduce it: {ascii(shlex.join(again.words))[:200]}: {told[:100]}"]


def place(case: Case, outcome: child.Outcome) -> str:
    """Return where in ptelist it failed: out of the stack of a hung process, or of one that tells its traceback."""
    told = outcome.stack
    if not told and re.search(rb"internal error|Traceback", outcome.stderr):
        told = ran(case, debug=True)[0].stderr.decode(errors="replace")
        return " ".join(INSIDE.findall(told)[-1]) if INSIDE.search(told) else ""
    return " ".join(INSIDE.findall(told)[0]) if INSIDE.search(told) else ""


def shown(case: Case, outcome: child.Outcome) -> Iterator[str]:
    """Yield the lines that tell a case and what it did."""
    yield f"  $ ptelist {ascii(shlex.join(case.words))[1:-1][:600]}"
    for name, data in case.files.items():
        yield f"  {name!a}: {len(data)} bytes, {data[:60]!r}"
    for name, target in case.links.items():
        yield f"  {name!a} -> {target!a}"
    told = {"pipe": b"".join(case.pipes), "stdin": case.stdin, "stdout": outcome.stdout, "stderr": outcome.stderr}
    yield from (f"  {name}: {data[:300]!r}" for name, data in told.items() if data)
    yield f"  exit {outcome.status}, {outcome.seconds:.1f} s, {outcome.memory >> 20} MiB, {case.env} {case.odd}"


def one(seed: int, number: int, keep: Path | None) -> int:
    """Run one case; tell it, and keep its files if asked."""
    case = commands.case(seed, number)
    outcome, wrong = ran(case)
    wrong += told_anew(case, outcome)
    print(*shown(case, outcome), *(f"FINDING {each}" for each in wrong), place(case, outcome), sep="\n")
    if keep:
        child.lay(case, keep)
        (keep / "pipes").write_bytes(b"".join(case.pipes))
        (keep / "stdin").write_bytes(case.stdin)
    return bool(wrong)


def many(seed: int, numbers: range, *, brief: bool) -> int:
    """Run cases; print each finding, and each kind of it once more with its number at the end."""
    begun, exits, kinds = time.monotonic(), Counter[str](), Counter[str]()
    first: dict[str, int] = {}
    for number in numbers:
        case = commands.case(seed, number)
        outcome, wrong = ran(case)
        wrong += [] if wrong else told_anew(case, outcome)
        name = case.command if f" {case.command}" in " ".join(commands.COMMANDS) else "?"
        exits[f"{name} {outcome.status}"] += 1
        where = place(case, outcome) if wrong else ""
        for each in wrong:
            kind = " ".join((f"{name}:", each.partition(": ")[0], where))
            kinds[kind] += 1
            if first.setdefault(kind, number) == number or not brief:
                print(
                    f"--seed {seed} --case {number}: {name}: {each} {where}",
                    *shown(case, outcome),
                    sep="\n",
                    flush=True,
                )
    seconds = time.monotonic() - begun
    codes = Counter[str]()
    for ending, count in exits.items():
        codes[ending.split()[-1]] += count
    print(f"seed {seed}: {len(numbers)} cases in {seconds:.0f} s, {len(numbers) / seconds:.0f} a second;", end=" ")
    print("exit codes:", ", ".join(f"{code}: {count}" for code, count in sorted(codes.items())))
    for kind, count in kinds.most_common():
        print(f"{count:6} {kind}  (first --seed {seed} --case {first[kind]})")
    return bool(kinds)


def run() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1 << 32), help="default: a fresh one")
    parser.add_argument("--cases", type=int, default=1000, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the number to begin with")
    parser.add_argument("--case", type=int, metavar="NUMBER", help="run this one alone and tell it")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the files of that case there")
    parser.add_argument("--brief", action="store_true", help="tell each kind of finding once")
    options = parser.parse_args()
    warm()
    if options.case is not None:
        return one(options.seed, options.case, options.keep)
    return many(options.seed, range(options.first, options.first + options.cases), brief=options.brief)


if __name__ == "__main__":
    sys.exit(run())
