"""The part of Markdown that pages are written in: headings, paragraphs, lists of one level, tables, code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMENT = re.compile(r"^<!--.*?-->\n", re.MULTILINE)
PICTURE = re.compile(r"^!\[[^\]]*\]\([^)]*\)\n", re.MULTILINE)
"""For who reads a page in a browser; what it shows is said beside it."""
FENCED = re.compile(r"^```.*\n((?:.*\n)*?)```$", re.MULTILINE)
ITEM = re.compile(r"^- ", re.MULTILINE)
LINK = re.compile(r"\[(?P<link>[^\]`]+)\]\([^)]+\)")
SPAN = re.compile(rf"`(?P<code>[^`]+)`|\*\*(?P<strong>[^*]+)\*\*|{LINK.pattern}")


class Heading(NamedTuple):
    """A heading; the title of a page has level 1."""

    level: int
    text: str


class Paragraph(NamedTuple):
    """A paragraph, in one line."""

    text: str


class Item(NamedTuple):
    """One item of a list, in one line."""

    text: str


class Code(NamedTuple):
    """Lines that stay as they are."""

    text: str


class Rows(NamedTuple):
    """A table: its head, then its rows."""

    cells: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Item | Code | Rows


def blocks(text: str) -> Iterator[Block]:
    """Yield what a page is made of, in order."""
    for number, part in enumerate(FENCED.split(PICTURE.sub("", COMMENT.sub("", text)))):
        if number % 2:
            yield Code(part.rstrip("\n"))
        else:
            for lines in re.split(r"\n{2,}", part.strip("\n")):
                yield from _prose(lines)


def _prose(lines: str) -> Iterator[Block]:
    """Yield the blocks of lines between two that are empty."""
    if lines.startswith("#"):
        heading, _, rest = lines.partition("\n")
        yield Heading(len(heading) - len(heading.lstrip("#")), heading.lstrip("# "))
        yield from _prose(rest)
    elif lines.startswith("- "):
        yield from (Item(" ".join(item.split())) for item in ITEM.split(lines)[1:])
    elif lines.startswith("|"):
        rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines.split("\n")]
        yield Rows(tuple(row for number, row in enumerate(rows) if number != 1))
    elif lines.strip():
        yield Paragraph(" ".join(lines.split()))


def spans(text: str, code: Callable[[str], str], strong: Callable[[str], str], other: Callable[[str], str]) -> str:
    """Return text with each part of it written anew: what is code, what is strong (links are), and the rest."""
    written, end = [], 0
    for span in SPAN.finditer(text):
        write = code if span["code"] else strong
        written += [other(text[end : span.start()]), write(span[str(span.lastgroup)])]
        end = span.end()
    return "".join([*written, other(text[end:])])
