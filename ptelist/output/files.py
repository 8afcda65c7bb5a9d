"""Large files that commands read: opened with one clear line if that fails, with a progress bar on a terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from ptelist.errors import PtelistError
from ptelist.scenario.inputs import noted, stdin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONG = 1 << 24
"""From this on, bytes or what else is counted, a progress bar is worth it."""

MOST_COPIED = 1 << 32
"""Bytes of a pipe that are copied to a file, for that they can be read again."""


@contextmanager
def opened(path: str, what: str, *, again: bool = False) -> Iterator[BinaryIO]:
    """Open a file of what is expected (- is stdin, which is copied if it may be read again).

    Raises PtelistError for what is no file, or cannot be read.
    """
    try:
        if path != "-":
            with Path(path).open("rb") as file, _lasting(noted(file), again=again) as lasting:
                yield lasting
        elif again:
            with _copy(stdin()) as copy:
                yield copy
        else:
            yield stdin()
    except IsADirectoryError:
        raise PtelistError(f"{path}: is a directory, expected {what}") from None
    except OSError as error:
        raise PtelistError(f"{path}: cannot be read: {error.strerror}") from None


@contextmanager
def _lasting(file: BinaryIO, *, again: bool) -> Iterator[BinaryIO]:
    """Give a file that can be read again if it must be; a FIFO cannot."""
    if again and not file.seekable():
        with _copy(file) as copy:
            yield copy
    else:
        yield file


@contextmanager
def _copy(source: BinaryIO) -> Iterator[BinaryIO]:
    import tempfile  # noqa: PLC0415 -- for what cannot be read twice

    with tempfile.TemporaryFile() as copy:
        while block := source.read(LONG):
            copy.write(block)
            if copy.tell() > MOST_COPIED:
                raise PtelistError(f"more than {MOST_COPIED >> 30} GiB through a pipe: write it to a file first")
        copy.seek(0)
        yield copy


def size(path: str) -> int:
    """Return the bytes of a file, 0 if that is not known."""
    return 0 if path == "-" else Path(path).stat().st_size


@contextmanager
def bar(length: int, label: str, least: int = LONG) -> Iterator[Callable[[int], object]]:
    """Give who is told how far it is; a bar, for at least so much on a terminal."""
    if length < least or not sys.stderr.isatty():
        yield id
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as shown:
        yield lambda done: shown.update(done - shown.pos)
