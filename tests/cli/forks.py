"""Many runs of ptelist at the price of one start: a process that has it loaded, and forks for each.

Read by a Python of its own: cases on stdin, what became of them on stdout, both JSON. A run's stdout is
a full disk, a pipe that nobody reads, closed, or a file; at its end both streams are flushed, as Python does.
"""

from __future__ import annotations

import gc
import io
import json
import os
import sys
import tempfile
from contextlib import suppress
from typing import NamedTuple, TextIO

from ptelist.cli import main


class Case(NamedTuple):
    words: list[str]
    stdout: str
    """full, pipe, closed, file"""
    buffered: bool = True
    encoding: str = "utf-8"
    stderr: str = "file"


class Done(NamedTuple):
    code: int
    said: str
    """What stderr got, if it is a file."""
    written: str = ""


def stream(number: int, kind: str, file: int, case: Case) -> TextIO | None:
    """Let a number be what a case says, and return what Python would make of it."""
    if kind == "closed":
        os.close(number)
        return None
    if kind == "pipe":
        read, file = os.pipe()
        os.close(read)
    elif kind == "full":
        file = os.open("/dev/full", os.O_WRONLY)
    os.dup2(file, number)
    raw = open(number, "wb", buffering=-1 if case.buffered and number == 1 else 0, closefd=False)  # noqa: SIM115
    return io.TextIOWrapper(raw, case.encoding, write_through=not case.buffered, line_buffering=number == 2)  # type: ignore[arg-type]


def child(case: Case, out: int, err: int) -> int:
    """Run, and return the exit code that Python would end with."""
    sys.stderr = stream(2, case.stderr, err, case)  # type: ignore[assignment]
    sys.stdout = stream(1, case.stdout, out, case)  # type: ignore[assignment]
    code = 1
    try:
        main(case.words)
    except SystemExit as done:
        code = int(done.code or 0)
    for each in (sys.stdout, sys.stderr):
        try:
            if each is not None:
                each.flush()
        except (OSError, ValueError):
            code = 120
    return code


def run(case: Case) -> Done:
    """Fork, and return what became of it."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        number = os.fork()
        if not number:
            code = 1
            try:
                code = child(case, out.fileno(), err.fileno())
            finally:
                os._exit(code)
        _, status = os.waitpid(number, 0)
        out.seek(0)
        err.seek(0)
        return Done(os.waitstatus_to_exitcode(status), err.read().decode(), out.read().decode(case.encoding))


def warm(words: list[str]) -> None:
    """Load what a command needs, so that its forks need not."""
    kept = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = io.TextIOWrapper(io.BytesIO())
    with suppress(SystemExit):
        main(words)
    sys.stdout, sys.stderr = kept


if __name__ == "__main__":
    cases = [Case(*each) for each in json.load(sys.stdin)]
    for words in {tuple(case.words) for case in cases}:
        warm(list(words))
    gc.freeze()  # what is loaded is not looked through, and so not copied, by each fork
    json.dump([run(case) for case in cases], sys.stdout)
