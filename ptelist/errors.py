"""The one kind of failure that a user sees: a line that says what is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Where(NamedTuple):
    """What an error is about, as far as it is known; what is not is empty, and not said."""

    file: str = ""
    line: int = 0
    """Counted from 1."""
    option: str = ""
    """As it is typed: --vcpus, or --set kernel.page_bytes."""
    field: str = ""
    """Dotted: host.memcg."""

    def __str__(self) -> str:
        """Return how a message begins that is about it: FILE:LINE: FIELD, or --OPTION."""
        file = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(each for each in (self.option, file, self.field) if each)


NOWHERE = Where()


class PtelistError(Exception):
    """Bad usage, input or environment; the message is one complete line, which begins with what it is about."""

    def __init__(self, text: str, where: Where = NOWHERE) -> None:
        """Take what is wrong, and where; who knows a better place makes another error of the two."""
        super().__init__(_line(str(where), text))
        self.text, self.where = text, where

    @property
    def inner(self) -> str:
        """Return what is wrong with which field, for who says of which file or option in other words."""
        return _line(self.where.field, self.text)


def _line(place: str, text: str) -> str:
    return f"{place}: {text}" if place else text


def not_installed(error: ImportError) -> str:
    """Return the line for an installation that lacks what it needs (pip install --no-deps), or has it as it is not."""
    name = (error.name or "").partition(".")[0]
    what = "is not installed" if isinstance(error, ModuleNotFoundError) else "cannot be loaded"
    return f"{name} {what}: pip install ptelist brings all that is needed"


def suggestion(wrong: str, known: Iterable[str], called: str = "known") -> str:
    """Return "; did you mean ...?" for a misspelt name, or the names that there are, with what they are called."""
    from difflib import get_close_matches  # noqa: PLC0415 -- only after an error

    names = sorted(known, key=_numbers_by_size)
    close = get_close_matches(wrong, names, n=2, cutoff=0.6)
    if close:
        return "; did you mean " + " or ".join(close) + "?"
    half = SHOWN // 2
    shown = names if len(names) <= SHOWN else [*names[:half], "...", *names[-half:]]
    return f"; {called}: {', '.join(shown)}" if shown else ""


def _numbers_by_size(name: str) -> list[tuple[int, str]]:
    """Return what sorts 6.9 before 6.10, and numbers before words."""
    parts = re.findall("[0-9]+|[^0-9]+", name)
    return [(len(part.lstrip("0")), part.lstrip("0")) if part.isdecimal() else (1 << 62, part) for part in parts]


SHOWN = 12
"""So many names are listed when none is close: the first and the last ones."""
