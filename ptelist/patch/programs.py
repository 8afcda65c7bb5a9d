"""Programs that others wrote: run without a shell and in a bounded time, every failure one line."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MINUTE = 60
MOST_QUOTED = 200
"""Characters of what a program said."""

OTHERS = frozenset(
    (
        *(f"GIT_{name}" for name in ("DIR", "WORK_TREE", "INDEX_FILE", "COMMON_DIR", "OBJECT_DIRECTORY", "NAMESPACE")),
        *("MAKEFLAGS", "MAKELEVEL", "MFLAGS"),
    )
)
"""Variables that would make them work elsewhere: a hook of git's or a Makefile may have called ptelist."""
OF_BUILDS = ("KBUILD_", "KCONFIG_")
"""How variables begin that name other folders and files for the kernel's makefiles to write."""


class ProgramError(PtelistError):
    """What a program said of its failure."""

    def __init__(self, program: str, reason: str) -> None:
        """Take both apart, for who says it in other words."""
        super().__init__(f"{program}: {reason}")
        self.reason = reason


def missing(names: Sequence[str]) -> list[str]:
    """Return the programs that are not installed."""
    return [name for name in names if shutil.which(name) is None]


def run(words: Sequence[str], folder: Path, minutes: int, said: str = "") -> str:
    """Return what a program prints when it is given a text on stdin.

    Raises ProgramError with the line that tells most of a failure. A program that takes longer, or is
    running when ptelist is told to end, is ended with all that it started.
    """
    kept = {name: value for name, value in os.environ.items() if not (name in OTHERS or name.startswith(OF_BUILDS))}
    try:
        process = subprocess.Popen(  # noqa: S603 -- no shell, and the words are ours or the user's own
            words,
            cwd=folder,
            env=kept | {"LC_ALL": "C"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise ProgramError(words[0], f"cannot be run: {error.strerror}") from None
    try:
        out, err = process.communicate(said.encode("utf-8", "surrogateescape"), minutes * MINUTE)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise ProgramError(words[0], f"was ended after {minutes} minutes") from None
        raise
    if process.returncode:
        said = _telling(err.decode("utf-8", "replace")) or f"exit {process.returncode}"
        own = rf"{re.escape(words[0])}(\[[0-9]+\])?: "  # as make[1] calls itself
        raise ProgramError(words[0], re.sub(f"^{own}", "", said))
    return out.decode("utf-8", "surrogateescape")


def _telling(text: str) -> str:
    """Return the first line that is an error of a compiler or of git, else the last one."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error: " in line]
    return (errors or lines[-1:] or [""])[0][:MOST_QUOTED]
