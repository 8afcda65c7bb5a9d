"""One case: made, run, judged, and told; the parent of its process has loaded all that a command may load."""

from __future__ import annotations

import gc
import re
import shlex
import tempfile
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import TYPE_CHECKING, NamedTuple

from click.testing import CliRunner

import ptelist
from fuzz import child, commands, oracle, words
from ptelist.cli import COMMANDS, main

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fuzz.draft import Case

LIBRARIES = ("tomllib", "lz4.block", "zstandard", "elftools.elf.elffile", "rich.table", "tabulate", "multiprocessing")
EXTRAS = frozenset(("textual", "pyarrow"))
"""What some modules of ptelist need that the extra `test` does not bring."""
INSIDE = re.compile(r'File "[^"]*?/ptelist/([^"]+\.py)"?,? line ([0-9]+),? in (\S+)')


class Trial(NamedTuple):
    """What became of a case."""

    number: int
    command: str
    """? for what is none."""
    status: int
    wrong: list[str]
    place: str
    """Where in ptelist, as far as that is known."""
    lines: list[str]
    """The case, for a reader; none if nothing is wrong."""


def warm() -> None:
    """Load modules, make what is made once, and read the presets that most cases stand on."""
    for module in walk_packages(ptelist.__path__, "ptelist."):
        if not module.name.endswith("__main__"):
            try:
                import_module(module.name)
            except ModuleNotFoundError as error:
                if error.name not in EXTRAS:
                    raise
    for name in LIBRARIES:
        import_module(name)
    for name in words.TABLES:
        CliRunner().invoke(main, ["compare", "nested", "--format", name])
    gc.collect()
    gc.freeze()


def tried(seed: int, number: int) -> Trial:
    """Run and judge a case, and the command that its result gives."""
    case = commands.case(seed, number)
    outcome, wrong = ran(case)
    wrong += [] if wrong else [*_told_anew(case, outcome), *_piped(case, outcome)]
    name = case.command if case.command in COMMANDS else "?"
    place, lines = (_place(case, outcome), list(shown(case, outcome))) if wrong else ("", [])
    return Trial(number, name, outcome.status, wrong, place, lines)


def ran(case: Case, *, debug: bool = False) -> tuple[child.Outcome, list[str]]:
    """Run a case in a fresh folder, and judge it."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        outcome = child.run(case, Path(folder), debug=debug)
    return outcome, oracle.judge(case, outcome)


def _told_anew(case: Case, outcome: child.Outcome) -> list[str]:
    """Run the command that a result gives as its own; it must give that result."""
    again = oracle.reproduced(case, outcome)
    if again is None:
        return []
    other, _ = ran(again)
    if other.stdout == outcome.stdout:
        return []
    told = other.stderr.decode(errors="replace").strip() or "another result"
    return [f"its command does not reproduce it: {ascii(shlex.join(again.words))[:200]}: {told[:100]}"]


def _piped(case: Case, outcome: child.Outcome) -> list[str]:
    """Give an inventory through a pipe; but for its name all must be the same."""
    again = oracle.piped(case, outcome)
    return oracle.unlike(case, outcome, ran(again)[0]) if again else []


def _place(case: Case, outcome: child.Outcome) -> str:
    """Return where in ptelist it failed: out of the stack of a hung process, or of one that tells its traceback."""
    told, at = outcome.stack, 0
    if not told and re.search(rb"internal error|Traceback", outcome.stderr):
        told, at = ran(case, debug=True)[0].stderr.decode(errors="replace"), -1
    places = INSIDE.findall(told)
    return " ".join(places[at]) if places else ""


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
