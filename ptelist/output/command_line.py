"""The command that gives the same figures again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Options = list[tuple[str, str]]
"""Names of options and what they were given, in the order typed."""


def command_line(name: str, arguments: Iterable[str], options: Iterable[tuple[str, str]]) -> str:
    """Return a line for a shell: a command, its arguments and its options."""
    words = ["ptelist", name, *arguments]
    for option, text in options:
        words += [f"--{option}", text]
    return shlex.join(words)
