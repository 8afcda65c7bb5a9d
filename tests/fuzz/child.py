"""A case is run in a forked process, with limits, in a folder of its own; what it left is collected."""

from __future__ import annotations

import faulthandler
import fcntl
import io
import os
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fuzz.draft import FIRST_PIPE, PIPE_BYTES

if TYPE_CHECKING:
    from fuzz.draft import Case

CPU_SECONDS = 45
"""A case that works longer is ended."""
WALL_SECONDS = 180
"""On a machine that does other things too, or stands still; a case that waits for something ends so."""
MOST_BYTES = 500 << 20
ROOM = 128 << 20
"""Address space beside what the parent has that may be no memory: libraries, arenas."""
MOST_WRITTEN = 1 << 28
STREAMS = ("stdin", "stdout", "stderr")
NOT_FLUSHED = 120
"""How the interpreter ends if it cannot write what is left at its exit."""
STACK = "stack"
"""Where a hung process notes what it does."""


class Outcome(NamedTuple):
    """What a case did."""

    status: int
    """Its exit code, or less than 0 for a signal."""
    stdout: bytes
    stderr: bytes
    files: dict[str, bytes]
    """All that is in its folder afterwards, links by their targets."""
    seconds: float
    memory: int
    stack: str
    outside: list[str]
    """What else is beside its folder."""


def run(case: Case, folder: Path, *, debug: bool = False) -> Outcome:
    """Run a case in an empty folder: `work` is where it is, beside it what it prints."""
    work = folder / "work"
    lay(case, work)
    pid = os.fork()
    if not pid:
        code = 70
        try:
            code = _child(case, folder, debug=debug)
        finally:
            os._exit(code)
    _, status, used = os.wait4(pid, 0)
    stdout, stderr, stack = ((folder / name).read_bytes() for name in ("stdout", "stderr", STACK))
    return Outcome(
        os.waitstatus_to_exitcode(status),
        stdout,
        stderr,
        found(work),
        used.ru_utime + used.ru_stime,
        used.ru_maxrss << 10,
        stack.decode(errors="replace"),
        sorted({path.name for path in folder.iterdir()} - {"work", "stdin", "stdout", "stderr", STACK}),
    )


def lay(case: Case, work: Path) -> None:
    """Write a case's files."""
    work.mkdir(parents=True)
    for name, data in case.files.items():
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for name, target in case.links.items():
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)


def found(work: Path) -> dict[str, bytes]:
    """Return all files below a folder."""
    return {
        os.fspath(path.relative_to(work)): os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in work.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def _child(case: Case, folder: Path, *, debug: bool) -> int:
    """Become ptelist: its streams, its environment, its folder; return its exit code."""
    mapped = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    for number, data in enumerate(case.pipes):
        _pipe(data, FIRST_PIPE + number)
    _stdin(case.stdin, folder)
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        to = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(to, descriptor)
        os.close(to)
    stack = (folder / STACK).open("w")
    os.chdir(folder / "work")
    os.environ.clear()
    os.environ.update({"HOME": str(folder), "PATH": os.defpath, **case.env} | ({"PTELIST_DEBUG": "1"} if debug else {}))
    if case.command == "check":
        os.environ["GITHUB_STEP_SUMMARY"] = "summary"
    _streams(case)
    sys.argv = ["ptelist", *case.words]
    faulthandler.register(signal.SIGXCPU, stack, chain=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 2))
    space = MOST_BYTES + ROOM + mapped
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_WRITTEN, MOST_WRITTEN))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(WALL_SECONDS)
    return _main(list(case.words))


def _streams(case: Case) -> None:
    """Make Python's streams, one of them odd at times, as the interpreter would: none for a closed one."""
    what, _, name = case.odd.partition(" ")
    descriptor = STREAMS.index(name) if name else -1
    if what == "closed":
        os.close(descriptor)
    elif what == "full":
        os.dup2(os.open("/dev/full", os.O_WRONLY), descriptor)
    elif what == "broken":
        read, write = os.pipe()
        os.dup2(write, descriptor)
        os.close(write)
        os.close(read)
    encoding = "ascii" if case.env["LANG"] in {"C", "POSIX"} else "utf-8"
    # the types of sys say that none is None, as it is where a descriptor is closed
    sys.stdin = _stream(case, "stdin", "utf-8", "surrogateescape")
    sys.stdout = _stream(case, "stdout", encoding, "surrogateescape")
    sys.stderr = _stream(case, "stderr", encoding, "backslashreplace")


def _stream(case: Case, name: str, encoding: str, errors: str) -> Any:
    """Return what the interpreter has for a stream."""
    if case.odd == f"closed {name}":
        return None
    file = os.fdopen(STREAMS.index(name), "rb" if name == "stdin" else "wb")
    return io.TextIOWrapper(file, encoding=encoding, errors=errors, line_buffering=name == "stderr")


def _main(words: list[str]) -> int:
    import traceback  # noqa: PLC0415 -- in the child only

    from ptelist.cli import main  # noqa: PLC0415 -- as above

    try:
        main(words)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1 if end.code else 0
    except BaseException:  # noqa: BLE001 -- whatever ptelist lets through is told as a traceback
        traceback.print_exc()
        code = 1
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            return NOT_FLUSHED
    return code


def _pipe(data: bytes, descriptor: int) -> None:
    """Let data come out of a descriptor; nobody writes any more."""
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    os.write(write, data)
    os.close(write)
    if read != descriptor:
        os.dup2(read, descriptor)
        os.close(read)


def _stdin(data: bytes, folder: Path) -> None:
    """Give stdin through a pipe if it goes into one, else as a file."""
    if len(data) < PIPE_BYTES:
        _pipe(data, 0)
        return
    (folder / "stdin").write_bytes(data)
    os.dup2(os.open(folder / "stdin", os.O_RDONLY), 0)
