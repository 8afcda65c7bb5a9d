"""What a command reads: stdin, if it is open, and which files it has read, that no report may take their place."""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

_read: set[tuple[int, int]] = set()
"""Device and inode of each regular file that was read."""


def stdin() -> BinaryIO:
    """Return stdin; raises OSError if it is closed."""
    if sys.stdin is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return noted(sys.stdin.buffer)


def is_stream(path: str) -> bool:
    """Return whether a file is one of devices or descriptors, such as /dev/stdin: beside it is no place for others.

    That holds whatever is behind it: `< FILE` makes /dev/stdin a regular file.
    """
    folder = "" if "\0" in path else os.path.realpath(path.rpartition("/")[0])
    return path == "-" or folder == "/dev" or folder.startswith("/proc/")


def is_special(path: str) -> bool:
    """Return whether what is there is none of a folder's files, such as a FIFO or a device."""
    return "\0" not in path and os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path))  # noqa: PTH110, PTH112, PTH113 -- pathlib takes long to load


def noted(file: BinaryIO) -> BinaryIO:
    """Return an open file, and remember that it is read."""
    with suppress(OSError):  # raised by what has no descriptor
        about = os.fstat(file.fileno())
        if stat.S_ISREG(about.st_mode):
            _read.add((about.st_dev, about.st_ino))
    return file


def was_read(path: Path) -> bool:
    """Return whether a file that exists is one of those read."""
    about = path.stat()
    return (about.st_dev, about.st_ino) in _read


def forget() -> None:
    """Begin another command."""
    _read.clear()
