"""Where results go: stdout, or a file that appears whole or not at all."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.output import formats
from ptelist.output.formats import MAIL, TERMINAL
from ptelist.output.page import MAIL_WIDTH
from ptelist.scenario import inputs

if TYPE_CHECKING:
    from pathlib import Path

    from ptelist.output.result import Result

SVG = "svg"
"""No format of every result: only some have a picture."""
LEAST_WIDTH = 20


def choose(wanted: str | None, output: str | None) -> str:
    """Return the format asked for, else the one that suits stdout."""
    if wanted:
        return wanted
    coloured = sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))
    return TERMINAL if output in {None, "-"} and coloured else MAIL


def width(chosen: str) -> int:
    """Return the columns of the terminal, or those of a mail."""
    if chosen == TERMINAL:
        import shutil  # noqa: PLC0415 -- slow to load, not needed in a pipe

        return max(shutil.get_terminal_size((80, 24)).columns, LEAST_WIDTH)
    columns = os.environ.get("COLUMNS", "")
    limit = int(columns) if columns.isascii() and columns.isdecimal() and len(columns) < len("10000") else MAIL_WIDTH
    return max(min(MAIL_WIDTH, limit), LEAST_WIDTH)


def deliver(result: Result, wanted: str | None, output: str | None) -> None:
    """Write a result in the format that is asked for, or that suits."""
    write(as_text(result, choose(wanted, output)), output)


def as_text(result: Result, chosen: str) -> str:
    """Return a result in a format."""
    return result.picture() if chosen == SVG else formats.render(chosen, result, width(chosen))


def write(text: str, output: str | None) -> None:
    """Write to stdout, or to a file that appears whole or not at all.

    A link is followed. What is no regular file (a device, a FIFO) is written to, not
    replaced.
    """
    if output is None or output == "-":
        _to_stdout(text)
        return
    from pathlib import Path  # noqa: PLC0415 -- slow to load, not needed for stdout

    try:
        target = Path(os.path.realpath(output))
        if output.endswith("/") or target.is_dir():
            raise PtelistError(f"{output}: is a directory, expected a file")
        if target.is_symlink():
            raise PtelistError(f"{output}: is a link to itself, expected a file")
        if target.exists() and inputs.was_read(target):
            raise PtelistError(f"{output}: is read by this command, name another file to write to")
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8", newline="\n")
        else:
            _replace(target, text)
    except OSError as error:
        raise PtelistError(f"{output}: cannot be written: {error.strerror}") from None
    except ValueError:
        raise PtelistError(f"{output!r}: is not a file name") from None


def _replace(target: Path, text: str) -> None:
    """Write a temporary file beside target, which then takes its place."""
    import tempfile  # noqa: PLC0415 -- slow to load, not needed for stdout
    from pathlib import Path  # noqa: PLC0415 -- as above

    mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _to_stdout(text: str) -> None:
    """Write all of text; an unbuffered stdout may take a part of it at a time."""
    stream = sys.stdout.buffer
    left = memoryview(text.encode(sys.stdout.encoding or "ascii", "backslashreplace"))
    while left:
        left = left[stream.write(left) :]
    stream.flush()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
