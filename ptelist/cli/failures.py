"""What is said of a failure, in one line on stderr, and what the process exits with."""

from __future__ import annotations

import os
import sys

import click

from ptelist.errors import PtelistError, not_installed
from ptelist.output.messages import let_go, say
from ptelist.output.plain import clean

BAD_INPUT, INTERRUPTED, CLOSED_PIPE = 2, 130, 141

MOST = 1000
"""Characters of a line; of a longer one the beginning and the end are told, for in its middle are the values."""


def told(error: BaseException) -> int:
    """Say what went wrong, if anybody listens, and return the exit code; raises what is no failure of a user's."""
    match error:
        case click.Abort() | KeyboardInterrupt():
            return INTERRUPTED
        case BrokenPipeError(filename=None):
            let_go(sys.stdout)
            return CLOSED_PIPE
        case click.exceptions.NoArgsIsHelpError():
            say(error.format_message())
        case _:
            if isinstance(error, OSError) and error.filename is None:
                let_go(sys.stdout)
            _fail(_words(error))
    return BAD_INPUT


def _words(error: BaseException) -> str:
    """Return what went wrong; raises what is no failure of a user's where PTELIST_DEBUG asks for it."""
    match error:
        case click.ClickException():
            return error.format_message()
        case PtelistError():
            return str(error)
        case ImportError(name=str(name)) if not name.startswith("ptelist"):
            return not_installed(error)
        case UnicodeEncodeError():
            what = f"stdout: its encoding, {error.encoding}, cannot say {error.object[error.start]!a}"
            return f"{what}: -o FILE or PYTHONIOENCODING=utf-8 can"
        case OSError():
            return f"{error.filename or 'stdout'}: {error.strerror or error}"
    if os.environ.get("PTELIST_DEBUG"):
        raise error
    what = f"internal error, please report it: {type(error).__name__}: {error}"
    return f"{what} (PTELIST_DEBUG=1 shows where)"


def _fail(message: str) -> None:
    line = clean(" ".join(f"ptelist: {message}".split()), "ascii")
    say(line if len(line) <= MOST else f"{line[: MOST // 2]} [...] {line[-MOST // 2 :]}")
