"""The files of a machine: of this one, of a copy of it, or of one that is emulated."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Protocol

from ptelist.scenario import inputs

MOST_BYTES = 1 << 21
"""What a file in /proc, /sys or /boot has at most; config.gz has 60 KB, slabinfo 30. A file in /proc/sys gives nothing
to who asks for 4 MiB (KMALLOC_MAX_SIZE, proc_sys_call_handler() in fs/proc/proc_sysctl.c)."""


class Files(Protocol):
    """A machine's files: this one's, or those of one that is emulated."""

    def text(self, path: str) -> str:
        """Return what a file says; raises OSError."""

    def data(self, path: str) -> bytes:
        """Return what a file has that may be packed; raises OSError."""

    def names(self, path: str) -> list[str]:
        """Return the sorted entries of a directory; raises OSError."""

    def link(self, path: str) -> str | None:
        """Return where a symbolic link points, None if it is none."""


class Live:
    """The files of this machine, or a copy of some of them."""

    def __init__(self, root: Path = Path("/"), base: str = "/") -> None:
        """Take the directory that has what lies in `base` on the machine."""
        self._root, self._base = root, base

    def text(self, path: str) -> str:
        """Return what a file says; raises OSError."""
        return self.data(path).decode("ascii", "backslashreplace")

    def data(self, path: str) -> bytes:
        """Return what a file has; raises OSError."""
        with open(self._at(path), "rb", opener=None if self._base == "/" else _copied) as file:
            data = inputs.noted(file).read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
        return data

    def names(self, path: str) -> list[str]:
        """Return the sorted entries of a directory; raises OSError."""
        return sorted(entry.name for entry in self._at(path).iterdir())

    def link(self, path: str) -> str | None:
        """Return where a symbolic link points, None if it is none."""
        entry = self._at(path)
        return str(entry.readlink()) if entry.is_symlink() else None

    def _at(self, path: str) -> Path:
        if not path.startswith(self._base):
            raise FileNotFoundError(path)
        return self._root / path.removeprefix(self._base).lstrip("/")


def _copied(path: str, flags: int) -> int:
    """Open a file of a copy, which may come from anyone: nothing that a link, a pipe or a device leads to."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
    return descriptor
