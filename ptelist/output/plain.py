"""Plain text that several formats share: what is not to be printed as it is, wrapping, command lines."""

from __future__ import annotations

import re
import textwrap

_WORD = r"""(?:'[^']*'|"[^"]*"|[^ '"])+"""
_OPTION = r"(?<= )--[a-z0-9-]+ [^ -]\S*"
_UNIT = r"(?<=[0-9]) (?=[KMGT]?i?B\b)"
_INDENT = " " * 6


def wrapped(text: str, width: int, indent: str) -> str:
    """Return text in lines of at most width, further ones indented."""
    return textwrap.fill(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def paragraph(text: str, width: int) -> str:
    """Return sentences in lines of at most width; a number stays with its unit."""
    return wrapped(re.sub(_UNIT, "\0", text), width, "").replace("\0", " ")


def command(text: str, width: int) -> str:
    """Return a command line, continued with backslashes between words; an option stays with its value."""
    room = width - len(" \\")

    def joined(option: re.Match[str]) -> str:
        return option[0].replace(" ", "\0") if len(_INDENT + option[0]) <= room else option[0]

    words = re.sub(_WORD, lambda word: word[0].replace(" ", "\0"), f"$ {text}")
    lines = textwrap.wrap(
        re.sub(_OPTION, joined, words),
        room,
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return " \\\n".join(lines).replace("\0", " ")


def fenced(kind: str, text: str) -> str:
    """Return lines as they are for Markdown, between fences that are longer than any in them."""
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in re.findall("`+", text))])
    return f"{fence}{kind}\n{text}\n{fence}"


def clean(text: str, encoding: str = "utf-8") -> str:
    """Return one line of text that does nothing but stand there, whoever wrote it.

    Control characters (C1 too), line ends, marks that turn the direction of writing, halves of surrogate pairs and what
    the encoding cannot say become escapes: \\x1b, \\u202e.
    """
    if text.isprintable() and text.isascii():
        return text
    shown = text if text.isprintable() else "".join(map(_visible, text))
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def _visible(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]


def ascii_only(text: str) -> str:
    """Return text of the project's own, in several lines, with what is not ASCII written as escapes."""
    return text.encode("ascii", "backslashreplace").decode("ascii")
