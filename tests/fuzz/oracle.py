"""What may come of a case: everything else is a finding."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING

from fuzz.child import MOST_BYTES
from fuzz.draft import PIPE_BYTES
from fuzz.formats import PROMISES, as_jsonl, as_preset
from fuzz.inventories import COLLECTED
from ptelist.readers.host.snapshot import FIRST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fuzz.child import Outcome
    from fuzz.draft import Case

UNFORMATTED = frozenset(("presets", "help", "collect-script", "completion", ""))
"""Commands whose text has no format, or holds examples as they are."""
UNFORMATTED_OPTIONS = frozenset(("--probe-script", "--help", "-h"))
TWO_TEXTS = re.compile(r"--(save|rejects) (-|/dev/stdout)$|--report \w+=(-|/dev/stdout)$|-o /dev/stdout$")
"""Two texts on stdout, as asked for."""
SECONDS, PRINTED = 10, 4 << 20
"""A case may work so long, and a second more for so many bytes that it prints: 10,000 columns are asked for at times,
which come out one after the other."""
LONGEST = 1010
"""Characters of a message: some 1,000."""
BAD_INPUT, CLOSED_PIPE = 2, 141
STALE = b": the same command with --update writes it anew\n"
WRITERS = frozenset(("-o", "--init", "--update"))
"""With one of these a command may have nothing to print."""
MAYBE_EMPTY = frozenset(("--keep-going", "jsonl"))
"""With both of these a fleet of which every row is set aside has no line to print."""
VERDICTS = frozenset(("check", "observe"))
"""Commands that may end with 1."""
COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
ODD = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line ends of Unicode, changes of direction, and bytes that are no text."""
PLAIN = re.compile(r"\./f[0-9]*\.(csv|jsonl)")
"""A name that needs no quotes, whatever a format does."""
FLAT = frozenset(("json", "jsonl", "csv"))
"""Formats that break no lines where a name is longer."""
REJECTED = "inventory.rejected"
NO_ARGUMENTS = (b"Usage: ptelist ",)
"""What is printed where no command is given: help, which has many lines."""


def judge(case: Case, outcome: Outcome) -> list[str]:
    """Return what is wrong with what a case did."""
    return [
        *_collected(case),
        *_limits(outcome),
        *_exit(case, outcome),
        *_text(case, outcome),
        *_files(case, outcome),
        *_format(case, outcome),
    ]


def _collected(case: Case) -> Iterator[str]:
    """What the collector's script prints is one object, of whatever host."""
    for name, data in case.files.items():
        if name.endswith(COLLECTED):
            yield from as_jsonl(data.decode("utf-8", "surrogateescape"))
            if (lines := data.count(b"\n")) != 1:
                yield f"the collector prints {lines} lines"


def _limits(outcome: Outcome) -> Iterator[str]:
    if outcome.status < 0 or outcome.seconds > SECONDS + len(outcome.stdout) / PRINTED:
        yield f"ended by signal {-outcome.status}" if outcome.status < 0 else "slow"
    if outcome.memory > MOST_BYTES or re.search(rb"MemoryError|[Uu]nable to allocate|Cannot allocate", outcome.stderr):
        yield "memory"


def _exit(case: Case, outcome: Outcome) -> Iterator[str]:
    if outcome.status < 0:
        return
    if outcome.status not in _codes(case):
        yield f"exit code {outcome.status}{case.odd and f', {case.odd}'}"
    if b"internal error" in outcome.stderr:
        yield f"internal error: {outcome.stderr.decode(errors='replace').partition('report it: ')[2][:80].strip()}"
    if "_PTELIST_COMPLETE" in case.env and outcome.stderr:
        yield "completion talks"
    if b"Traceback" in outcome.stderr or b"Warning:" in outcome.stderr:
        yield "traceback"
    if b"Exceeds the limit" in outcome.stderr:
        yield "a message of Python's"
    if outcome.status == BAD_INPUT and not outcome.stderr.startswith(NO_ARGUMENTS):
        yield from _message(case, outcome)


def _codes(case: Case) -> set[int]:
    """Return how a case may end: not well, if what it prints cannot be written."""
    codes = {BAD_INPUT, *([CLOSED_PIPE] if case.odd == "broken stdout" else [])}
    if not case.odd.endswith("stdout") or WRITERS & set(case.words) or set(case.words) >= MAYBE_EMPTY:
        codes |= {0, *([1] if case.command in VERDICTS else [])}
    return codes


def _message(case: Case, outcome: Outcome) -> Iterator[str]:
    """What is said is one line, unless there is nowhere to say it."""
    lines = outcome.stderr.decode(errors="replace").split("\n")
    said = "" if case.odd.endswith("stderr") or "_PTELIST_COMPLETE" in case.env else "ptelist: "
    if len(lines) != (2 if said else 1) or lines[-1] or not lines[0].startswith(said):
        yield f"{len(lines) - 1} lines on stderr{case.odd and f', {case.odd}'}"
    if len(lines[0]) > LONGEST:
        yield "a long message"
    if outcome.stdout and not _is_stale(case, outcome):
        yield "stdout beside exit code 2"


def _is_stale(case: Case, outcome: Outcome) -> bool:
    """Return whether a gate tells what it can although its baseline does not fit: the report is out, the code is 2.

    A stderr that takes nothing does not say it.
    """
    return STALE in outcome.stderr or (case.command == "check" and case.odd.endswith("stderr"))


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
        if "--save" in case.words or "_PTELIST_COMPLETE" in case.env:
            told = told.replace("\t", "")  # between the cells of tables, and before what fish tells of a word
        if begun := case.env.get("COMP_WORDS", "").split(" ")[-1]:
            told = told.replace(begun, "")  # the word that a shell completes comes back to it
        if ODD.search(told):
            yield f"control characters on {name if name in {'stdout', 'stderr'} else 'a file'}"


def _is_new(case: Case, outcome: Outcome, name: str) -> bool:
    return case.files.get(name) != outcome.files[name]


def _files(case: Case, outcome: Outcome) -> Iterator[str]:
    """On exit code 2 all is as it was; else only what was asked for is new."""
    if outcome.outside:
        yield "a file outside of its folder"
    before = {**case.files, **{name: target.encode("utf-8", "surrogateescape") for name, target in case.links.items()}}
    words = case.words
    named = [word for flag, word in pairwise(words) if flag in {"-o", "--save"}]
    named += words[1:2] if "--init" in words else []
    asked = {word.removeprefix("./") for word in named if words.count(word) == 1}
    free = {"", *case.writes, *asked} if outcome.status in {0, 1} or _is_stale(case, outcome) else set()
    for name in sorted({*before, *outcome.files} - free):
        if name not in outcome.files:
            yield "a file is gone"
        elif name not in before:
            yield f"a file that nobody asked for: {name!a}" if free else f"a file beside exit code 2: {name!a}"
        elif before[name] != outcome.files[name]:
            yield f"an input is changed: {name!a}"


def _format(case: Case, outcome: Outcome) -> Iterator[str]:
    """What is printed, or written in its place, is as its format promises."""
    words = case.words
    if outcome.status not in {0, 1} or case.command in UNFORMATTED or UNFORMATTED_OPTIONS & set(words):
        return
    if any(TWO_TEXTS.match(f"{option} {value}") for option, value in pairwise(words)):
        return
    formats = [words[at + 1] for at, word in enumerate(words[:-1]) if word == "--format"]
    told = outcome.stdout
    if case.command == "check":
        loose = [form for at, form in enumerate(formats) if not _is_filed(words, at)]
        chosen = loose[0] if len(loose) == 1 else ""
    else:
        chosen = formats[-1] if formats else "" if case.env.get("FORCE_COLOR") else "mail"
        if "-o" in words:
            told = outcome.files.get(words[words.index("-o") + 1].removeprefix("./"), b"")
    if "--as-preset" in words:
        yield from as_preset(told.decode("utf-8", "surrogateescape"))
    elif told and chosen in PROMISES:
        yield from PROMISES[chosen](COLOUR.sub(b"", told).decode("utf-8", "surrogateescape"))


def _is_filed(words: list[str], number: int) -> bool:
    """Return whether the format of this number has its own -o."""
    places = [at for at, word in enumerate(words) if word == "--format"]
    return words[places[number] + 2 : places[number] + 3] == ["-o"]


def piped(case: Case, outcome: Outcome) -> Case | None:
    """Return the case that gives the inventory through a pipe instead; None where it is no file, or in others too."""
    command, inventory, *words = (*case.words, "", "")
    data = case.files.get(inventory.removeprefix("./"))
    if command != "fleet" or case.pipes or case.stdin or case.odd or outcome.status not in {0, 2}:
        return None
    if data is None or len(data) >= PIPE_BYTES or data.startswith(FIRST.encode()) or not PLAIN.fullmatch(inventory):
        return None
    if len(case.files) > 1 or not FLAT & set(words) or inventory in words:  # what is read is not written to
        return None
    words = [command, "-", *case.words[2:]]
    return case._replace(words=words, files={}, stdin=data, writes={*case.writes, REJECTED})


def unlike(case: Case, one: Outcome, other: Outcome) -> list[str]:
    """Return how the results of an inventory and of the same through a pipe differ, but for its name."""
    name = case.words[1].encode()

    def named(text: bytes) -> bytes:
        return text.replace(name + b".rejected", REJECTED.encode()).replace(name, b"-")

    wrong = []
    if one.status != other.status:
        wrong.append(f"exit code {other.status} through a pipe: {other.stderr[:100]!r}")
    if named(one.stdout) != other.stdout:
        wrong.append("another result through a pipe")
    if len(one.stderr) < LONGEST - len(name) and named(one.stderr) != other.stderr:
        wrong.append(f"another message through a pipe: {other.stderr[:100]!r}")
    rejected = f"{case.words[1].removeprefix('./')}.rejected"
    if one.files.get(rejected) != other.files.get(REJECTED):
        wrong.append("other rejects through a pipe")
    return wrong


def reproduced(case: Case, outcome: Outcome) -> Case | None:
    """Return the case whose words are the command that JSON gives; None if there is none, or its input is gone."""
    if outcome.status not in {0, 1} or case.pipes or case.stdin or "-o" in case.words or "json" not in case.words:
        return None
    try:
        command = json.loads(outcome.stdout)["command"]
    except (ValueError, KeyError, TypeError):
        return None
    told = subprocess.run(["sh", "-c", f"printf '%s\\0' {command}"], capture_output=True, check=False).stdout
    words = told.decode("utf-8", "surrogateescape").split("\0")[1:-1]
    return case._replace(words=[*words, "--format", "json"])
