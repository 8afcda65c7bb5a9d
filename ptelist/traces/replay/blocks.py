"""A trace file in blocks of whole lines."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.readers.builds.unpack import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

BLOCK = 1 << 16
"""Bytes that are read at a time; each block is cut at its last newline."""

FIRST_BLOCK = 1 << 12
"""Blocks are smaller at first, for that a short trace is seen more than once."""

MOST_LINE = BLOCK
"""Bytes of a line; ftrace's have 100 to 300."""


class Lines:
    """The lines of a file, a block of them at a time; which ones does not depend on how they arrive."""

    def __init__(self, file: BinaryIO, label: str, reader: str) -> None:
        """Take a file, its name, and the command that reads a trace from a pipe."""
        self._file, self._label, self._reader = file, label, reader
        self.done = 0
        """Bytes that were read so far."""
        self.rest = b""
        """What follows the last newline, once all was read."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield blocks of whole lines; raises PtelistError for a compressed file, or a line that no trace has."""
        count = 0
        while chunk := self._file.read(min(max(self.done, FIRST_BLOCK), BLOCK)):
            if not self.done:
                self._refuse_packed(chunk)
            self.done += len(chunk)
            block, newline, self.rest = (self.rest + chunk).rpartition(b"\n")
            if len(self.rest) > MOST_LINE:
                count += block.count(b"\n") + bool(newline)
                raise PtelistError(f"{self._label}:{count + 1}: a line of more than {MOST_LINE:,} bytes, not a trace")
            if newline:
                count += block.count(b"\n") + 1
                yield block + newline

    def _refuse_packed(self, begin: bytes) -> None:
        for magic, (name, _) in FORMATS.items():
            if begin.startswith(magic):
                file = "FILE" if self._label == "-" else shlex.quote(self._label)
                raise PtelistError(
                    f"{self._label}: is compressed, expected a trace as text: {name} -dc {file} | {self._reader}"
                )
