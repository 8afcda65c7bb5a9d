"""An emulated machine's files, as the package's snapshots read them; whole trees come in one go."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from kernel.guest import GuestError

if TYPE_CHECKING:
    from kernel.guest import Guest

TREES = ("/sys/kernel/slab", "/sys/kernel/debug/kvm")


class GuestFiles:
    """What the files say now; make another one to read them again."""

    def __init__(self, guest: Guest) -> None:
        """Fetch the trees."""
        self._guest = guest
        self._texts: dict[str, str] = {}
        self._links: dict[str, str] = {}
        self._folders: dict[str, list[str]] = {}
        for tree in TREES:
            self._fetch(tree)

    def _fetch(self, tree: str) -> None:
        rest = self._guest.data("tree", tree)
        while rest:
            head, _, rest = rest.partition(b"\n")
            kind, path, *more = head.decode().split(" ")
            folder, _, name = path.rpartition("/")
            if path != tree:
                self._folders[folder].append(name)
            if kind == "folder":
                self._folders[path] = []
            elif kind == "link":
                (self._links[path],) = more
            else:
                size = int(more[0])
                self._texts[path], rest = rest[:size].decode("ascii", "backslashreplace"), rest[size:]

    def text(self, path: str) -> str:
        """Return what a file says; raises OSError."""
        if not path.startswith(TREES):
            try:
                return self._guest.text(path)
            except GuestError:
                raise _missing(path) from None
        if path not in self._texts:
            raise _missing(path)
        return self._texts[path]

    def data(self, path: str) -> bytes:
        """Return what a file has; raises OSError. Debian's kernels pack no configuration into themselves."""
        return self.text(path).encode()

    def names(self, path: str) -> list[str]:
        """Return the sorted entries of a directory; raises OSError."""
        if path not in self._folders:
            raise _missing(path)
        return sorted(self._folders[path])

    def link(self, path: str) -> str | None:
        """Return where a symbolic link points, None if it is none."""
        return self._links.get(path)


def _missing(path: str) -> OSError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
