"""Plain text that several formats share: what is not to be printed as it is, wrapping, command lines."""

from __future__ import annotations

import re

_WORD = r"""(?:'[^']*'|"[^"]*"|[^ '"])+"""
_OPTION = r"(?<= )--[a-z0-9-]+ [^ -]\S*"
_UNIT = r"(?<=[0-9]) (?=[KMGT]?i?B\b)"
_INDENT = " " * 6


def wrapped(text: str, width: int, indent: str) -> str:
    """Return text in lines of at most width, further ones indented."""
    return "\n".join(_lines(text, width, indent))


def _lines(text: str, width: int, indent: str) -> list[str]:
    """Return the lines that textwrap makes of it, which takes as long to load as a table to draw.

    Words are never broken, and lines end at blanks only.
    """
    lines: list[str] = []
    line = ""
    for blanks, word in re.findall(r"( *)([^ ]+)", re.sub(r"[\t\n\v\f\r]", " ", text)):
        if len(line) + len(blanks) + len(word) <= width:
            line += blanks + word
        elif line:
            lines.append(line)
            line = indent + word
        else:
            line = word
    return [*lines, line] if line else lines


def hanging(line: str, width: int) -> list[str]:
    """Return an indented line in lines of at most width, further ones indented by more."""
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return wrapped(line, width, indent).split("\n")


def paragraph(text: str, width: int) -> str:
    """Return sentences in lines of at most width; a number stays with its unit."""
    return wrapped(re.sub(_UNIT, "\0", text), width, "").replace("\0", " ")


def command(text: str, width: int) -> str:
    """Return a command line, continued with backslashes between words; an option stays with its value."""
    room = width - len(" \\")

    def joined(option: re.Match[str]) -> str:
        return option[0].replace(" ", "\0") if len(_INDENT + option[0]) <= room else option[0]

    words = re.sub(_WORD, lambda word: word[0].replace(" ", "\0"), f"$ {text}")
    lines = _lines(re.sub(_OPTION, joined, words), room, _INDENT)
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
