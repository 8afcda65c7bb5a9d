"""The command that gives the same figures again, as a shell takes it."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Options = list[tuple[str, str]]
"""Names of options and what they were given, in the order typed."""

NEWLINE = "${IFS#??}"
"""A line end for any shell: $( ) takes those at the end of a word away."""


def command_line(name: str, arguments: Iterable[str], options: Iterable[tuple[str, str]]) -> str:
    """Return a line for a shell: a command, its arguments and its options."""
    return line([name, *arguments, *words(options)])


def words(options: Iterable[tuple[str, str]]) -> list[str]:
    """Return options as words; a value that would be read as an option stands in one word with its own."""
    said = []
    for option, text in options:
        said += [f"--{option}={text}"] if text.startswith("--") else [f"--{option}", text]
    return said


def line(said: Iterable[str]) -> str:
    """Return words of a command in one line of ASCII, which a shell takes apart again."""
    return " ".join(["ptelist", *map(_quoted, said)])


def _quoted(word: str) -> str:
    if word.isascii() and word.isprintable():
        return shlex.quote(word)
    text = word.rstrip("\n")
    octal = re.sub(rb"[^ -~]|[\"%'\\]", lambda byte: rb"\%03o" % ord(byte[0]), os.fsencode(text)).decode()
    return f"\"$(printf '{octal}'){NEWLINE * (len(word) - len(text))}\""
