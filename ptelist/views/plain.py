"""Plain text that several formats share: wrapping, command lines, ASCII."""

from __future__ import annotations

import textwrap


def wrapped(text: str, width: int, indent: str) -> str:
    """Return text in lines of at most width, further ones indented."""
    return textwrap.fill(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def command(text: str, width: int) -> str:
    """Return a command line, continued with backslashes where it is too long."""
    lines = textwrap.wrap(
        f"$ {text}", width - 2, subsequent_indent="      ", break_long_words=False, break_on_hyphens=False
    )
    return " \\\n".join(lines)


def ascii_only(text: str) -> str:
    """Return text with what is not ASCII written as escapes."""
    return text.encode("ascii", "backslashreplace").decode("ascii")
