"""What may come of a case: everything else is a finding."""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from typing import TYPE_CHECKING

from fuzz.child import CPU_SECONDS, MOST_BYTES
from fuzz.formats import PROMISES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fuzz.child import Outcome
    from fuzz.draft import Case

UNFORMATTED = frozenset(("presets", "help", "completion"))
"""Commands whose text has no format, or holds examples as they are."""
LONGEST = 1000
"""Characters of a message."""
VERDICTS = frozenset(("check", "observe"))
"""Commands that may end with 1."""
COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
NO_ARGUMENTS = (b"Usage: ptelist ",)
"""What is printed where no command is given: help, which has many lines."""


def judge(case: Case, outcome: Outcome) -> list[str]:
    """Return what is wrong with what a case did."""
    return [
        *_limits(outcome),
        *_exit(case, outcome),
        *_text(case, outcome),
        *_files(case, outcome),
        *_format(case, outcome),
    ]


def _limits(outcome: Outcome) -> Iterator[str]:
    if outcome.status < 0 or outcome.seconds > CPU_SECONDS:
        yield f"ended by signal {-outcome.status}" if outcome.status < 0 else "slow"
    if outcome.memory > MOST_BYTES or b"MemoryError" in outcome.stderr:
        yield "memory"


def _exit(case: Case, outcome: Outcome) -> Iterator[str]:
    if outcome.status < 0:
        return
    if outcome.status not in ({0, 1, 2} if case.command in VERDICTS else {0, 2}):
        yield f"exit code {outcome.status}"
    if b"internal error" in outcome.stderr:
        yield f"internal error: {outcome.stderr.decode(errors='replace').partition('report it: ')[2][:80].strip()}"
    if b"Traceback" in outcome.stderr or b"Warning:" in outcome.stderr:
        yield "traceback"
    if outcome.status != 2 or outcome.stderr.startswith(NO_ARGUMENTS):
        return
    lines = outcome.stderr.decode(errors="replace").split("\n")
    if len(lines) != 2 or lines[1] or not lines[0].startswith("ptelist: "):
        yield f"{len(lines) - 1} lines on stderr"
    if len(lines[0]) > LONGEST:
        yield "a long message"
    if outcome.stdout:
        yield "stdout beside exit code 2"


def _text(case: Case, outcome: Outcome) -> Iterator[str]:
    written = {
        name: outcome.files[name] for name in sorted(case.writes & outcome.files.keys()) if _is_new(case, outcome, name)
    }
    for name, data in {"stdout": outcome.stdout, "stderr": outcome.stderr, **written}.items():
        if name.endswith((".rejected", ".csv", ".jsonl")) or ("--rejects" in case.words and name in written):
            continue  # rows as they were given
        if case.env.get("FORCE_COLOR") or "terminal" in case.words:
            data = COLOUR.sub(b"", data)  # noqa: PLW2901 -- what is left is text
        told = data.decode("utf-8", "surrogateescape")
        kept = "\n\t" if "--save" in case.words and name in written else "\n"
        if any(each not in kept and _is_odd(each) for each in told):
            yield f"control characters on {name if name in {'stdout', 'stderr'} else 'a file'}"


def _is_odd(each: str) -> bool:
    return each < " " or (each > "~" and (each in BIDI or unicodedata.category(each) in {"Cc", "Zl", "Zp", "Cs"}))


def _is_new(case: Case, outcome: Outcome, name: str) -> bool:
    return case.files.get(name) != outcome.files[name]


def _files(case: Case, outcome: Outcome) -> Iterator[str]:
    """On exit code 2 all is as it was; else only what was asked for is new."""
    before = {**case.files, **{name: target.encode("utf-8", "surrogateescape") for name, target in case.links.items()}}
    free = case.writes if outcome.status in {0, 1} else set()
    for name in sorted({*before, *outcome.files} - free):
        if name not in outcome.files:
            yield "a file is gone"
        elif name not in before:
            yield "a file that nobody asked for" if outcome.status in {0, 1} else "a file beside exit code 2"
        elif before[name] != outcome.files[name]:
            yield "an input is changed"


def _format(case: Case, outcome: Outcome) -> Iterator[str]:
    """What is printed is as its format promises."""
    if outcome.status not in {0, 1} or not outcome.stdout or "--help" in case.words or "-h" in case.words:
        return
    words = case.words
    formats = [words[at + 1] for at, word in enumerate(words[:-1]) if word == "--format"]
    if case.command == "check":
        loose = [form for at, form in enumerate(formats) if not _is_filed(words, at)]
        chosen = loose[0] if len(loose) == 1 else "" if loose or formats else "text"
    else:
        chosen = formats[-1] if formats else "" if case.env.get("FORCE_COLOR") else "mail"
    if "--as-preset" in words or "--probe-script" in words or case.command in UNFORMATTED:
        return
    yield from PROMISES.get(chosen, lambda _: iter(()))(outcome.stdout.decode("utf-8", "surrogateescape"))


def _is_filed(words: list[str], number: int) -> bool:
    """Return whether the format of this number has its own -o."""
    places = [at for at, word in enumerate(words) if word == "--format"]
    return words[places[number] + 2 : places[number] + 3] == ["-o"]


def reproduced(case: Case, outcome: Outcome) -> Case | None:
    """Return the case whose words are the command that JSON gives; None if there is none, or its input is gone."""
    if outcome.status not in {0, 1} or case.pipes or case.stdin or "-o" in case.words or "json" not in case.words:
        return None
    try:
        command = json.loads(outcome.stdout)["command"]
    except (ValueError, KeyError, TypeError):
        return None
    return case._replace(words=[*shlex.split(command)[1:], "--format", "json"])
