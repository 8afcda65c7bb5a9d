"""Text files that a user names: whole, of a bounded size, every failure one line."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 1 << 20


def read_text(path: Path, label: str) -> str:
    """Return the text of a file (- is stdin) of at most 1 MiB; every failure is one line."""
    try:
        if label == "-":
            data = _stdin()
        else:
            with path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
    except IsADirectoryError:
        raise PtelistError(f"{label}: is a directory, expected a TOML file") from None
    except OSError as error:
        raise PtelistError(f"{label}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise PtelistError(f"{label!r}: is not a file name") from None
    if len(data) > MOST_BYTES:
        raise PtelistError(f"{label}: larger than 1 MiB, expected a TOML file")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PtelistError(f"{label}:{line}: not UTF-8 text, expected a TOML file") from None


@cache
def _stdin() -> bytes:
    """Return what stdin has; it is read once, whoever asks."""
    return sys.stdin.buffer.read(MOST_BYTES + 1)
