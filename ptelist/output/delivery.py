"""Where results go: stdout, or a file that appears whole or not at all."""

from __future__ import annotations

import codecs
import os
import sys
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.output import formats
from ptelist.output.formats import MAIL, TERMINAL
from ptelist.output.messages import say
from ptelist.output.page import MAIL_WIDTH
from ptelist.output.plain import clean
from ptelist.scenario import inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from ptelist.output.formats import Text
    from ptelist.output.result import Result

SVG = "svg"
"""No format of every result: only some have a picture."""
LEAST_WIDTH = 20
STRICT = "strict"


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
    """Write a result in the format that is asked for, or that suits, and what goes to files beside it.

    What it lacks is said on stderr, once it is there, if the format has no notes.
    """
    chosen = choose(wanted, output)
    write(*result.beside, (as_text(result, chosen), output))
    if result.lacks and chosen in formats.BARE:
        say(clean(result.lacks))


def as_text(result: Result, chosen: str) -> Text:
    """Return a result in a format."""
    if chosen == SVG and result.picture:
        from ptelist.output import svg  # noqa: PLC0415 -- slow to load, for pictures alone

        return svg.file(result.picture())
    return formats.render(chosen, result, width(chosen))


def write(*texts: tuple[Text, str | None]) -> None:
    """Write each text to its file, or to stdout (None, "-"); if one cannot be written, no file is changed.

    A file appears whole or not at all; a link is followed. What is no regular file (a device,
    a FIFO), and the file that stdout goes to, is written to, not replaced; stdout comes after what may fail.
    Raises PtelistError for what cannot be written, and for two texts in one place.
    """
    with ExitStack() as stack:
        devices: list[Callable[[], object]] = []
        printed: Text | None = None
        files: list[Callable[[], object]] = []
        targets: set[Path] = set()
        for text, output in texts:
            if output is None or output == "-" or _is_stdout(output):
                if printed is not None:
                    raise PtelistError("stdout: two outputs in one place, name a file for one of them")
                printed = text
            elif target := _replaced(output):
                if target in targets:
                    raise PtelistError(f"{output}: two outputs in one place, name another file for one of them")
                targets.add(target)
                files.append(stack.enter_context(_beside(target, text, output)))
            else:
                devices.append(partial(_into, text, output))
        if printed is not None:
            devices.append(partial(_to_stdout, printed))
        for finish in (*devices, *files):
            finish()


def _is_stdout(output: str) -> bool:
    """Return whether a file is the one that stdout goes to: /dev/stdout, or its own name."""
    try:
        return os.path.samestat(os.stat(output), os.fstat(sys.stdout.fileno()))  # noqa: PTH116 -- pathlib is slow
    except (OSError, ValueError):
        return False


def _replaced(output: str) -> Path | None:
    """Return the file that is to be replaced; None for what is no regular file."""
    from pathlib import Path  # noqa: PLC0415 -- slow to load, not needed for stdout

    if "\0" in output:
        raise PtelistError(f"{output!r}: is not a file name")
    with _named(output):
        file, target = Path(output), Path(os.path.realpath(output))
        if output.endswith("/") or file.is_dir():
            raise PtelistError(f"{output}: is a directory, expected a file")
        if target.is_symlink():
            raise PtelistError(f"{output}: is a link to itself, expected a file")
        if not file.exists():
            return target
        if inputs.was_read(file):
            raise PtelistError(f"{output}: is read by this command, name another file to write to")
        return target if file.is_file() else None


@contextmanager
def _beside(target: Path, text: Text, output: str) -> Iterator[Callable[[], object]]:
    """Write a temporary file beside target, and give what lets it take its place; without that it goes."""
    import tempfile  # noqa: PLC0415 -- slow to load, not needed for stdout
    from pathlib import Path  # noqa: PLC0415 -- as above

    with _named(output):
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(prefix=".ptelist.", dir=target.parent)
    new = Path(name)
    try:
        with _named(output), os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(_parts(text))
            new.chmod(mode)
        yield partial(_put, new, target, output)
    finally:
        new.unlink(missing_ok=True)


def _put(new: Path, target: Path, output: str) -> None:
    with _named(output):
        new.replace(target)


def _into(text: Text, output: str) -> None:
    """Write into a device or a FIFO."""
    with _named(output), open(output, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123 -- pathlib is slow
        file.writelines(_parts(text))


@contextmanager
def _named(output: str) -> Iterator[None]:
    """Say of which file it is that it cannot be written."""
    try:
        yield
    except OSError as error:
        raise PtelistError(f"{output}: cannot be written: {error.strerror}") from None


def _parts(text: Text) -> Iterable[str]:
    return (text,) if isinstance(text, str) else text


def _to_stdout(text: Text) -> None:
    """Write a text as one stream, which has one BOM at most; an unbuffered stdout may take a part of it at a time.

    Raises OSError if it takes no more, UnicodeEncodeError for what its encoding cannot say.
    """
    stream = sys.stdout.buffer
    for data in codecs.iterencode(_parts(text), sys.stdout.encoding or "ascii", _error_handler()):
        left = memoryview(data)
        while left:
            left = left[stream.write(left) :]
    stream.flush()


def _error_handler() -> str:
    """Return what stdout does about what its encoding cannot say, where a user chose that (PYTHONIOENCODING).

    Python chooses surrogateescape under LC_ALL=POSIX: bytes that are no text would go out.
    """
    chosen = sys.stdout.errors or STRICT
    try:
        codecs.lookup_error(chosen)
    except LookupError:
        return STRICT
    return STRICT if chosen == "surrogateescape" else chosen


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
