"""Files that a user names and that are read whole: of a bounded size, every failure one line."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.scenario import inputs

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 1 << 20
TOML = "a TOML file"


def read_text(path: Path | str, label: str, expected: str = TOML) -> str:
    """Return the text of a file (- is stdin) of at most 1 MiB; every failure is one line, and says what is expected."""
    return decoded(read_bytes(path, label, expected), label, expected)


def read_bytes(path: Path | str, label: str, expected: str = TOML) -> bytes:
    """Return what a file (- is stdin) of at most 1 MiB has; every failure is one line."""
    try:
        data = _stdin() if label == "-" else _whole(path) if os.path.isfile(path) else _stream(path)  # noqa: PTH113 -- pathlib takes long to load
    except IsADirectoryError:
        raise PtelistError(f"{label}: is a directory, expected {expected}") from None
    except OSError as error:
        raise PtelistError(f"{label}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise PtelistError(f"{label!r}: is not a file name") from None
    if len(data) > MOST_BYTES:
        raise PtelistError(f"{label}: larger than 1 MiB, expected {expected}")
    return data


def decoded(data: bytes, label: str, expected: str = TOML) -> str:
    """Return the text that a file has; raises PtelistError if it has none."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PtelistError(f"{label}:{line}: not UTF-8 text, expected {expected}") from None


def _whole(path: Path | str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 -- as above
        return inputs.noted(file).read(MOST_BYTES + 1)


_stream = cache(_whole)
"""The same of a pipe, which can be read once only, whoever asks."""


@cache
def _stdin() -> bytes:
    """Return what stdin has; it is read once, whoever asks."""
    return inputs.stdin().read(MOST_BYTES + 1)
