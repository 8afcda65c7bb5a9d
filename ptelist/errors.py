"""The one kind of failure that a user sees: a line that says what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class PtelistError(Exception):
    """Bad usage, input or environment; the message is one complete line."""


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """Return "; did you mean ...?" for a misspelt name, or the known names."""
    from difflib import get_close_matches  # noqa: PLC0415 -- only after an error

    names = sorted(known)
    close = get_close_matches(wrong, names, n=2, cutoff=0.6)
    if close:
        return "; did you mean " + " or ".join(close) + "?"
    shown = names if len(names) <= SHOWN else [*names[:SHOWN], "..."]
    return "; known: " + ", ".join(shown) if shown else ""


SHOWN = 12
"""So many names are listed when none is close."""
