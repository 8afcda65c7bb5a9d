"""A page as a man page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ptelist.output.manual import plain
from ptelist.output.manual.markdown import Code, Heading, Item, Rows, blocks, spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ptelist.output.manual.markdown import Block
    from ptelist.output.manual.pages import Page

WIDTH = 72
"""Columns of a table, which man does not lay out."""
COMMANDS, TOPICS = 1, 7
"""The sections of man: of commands, and of all else."""
OF_A_PAGE = 2
"""The level of headings that divide a page; its title has level 1."""


class Usage(NamedTuple):
    """How a command is called."""

    synopsis: str
    options: tuple[tuple[str, str], ...]
    """Each as it is typed, and what it does."""


def name(page: Page) -> str:
    """Return what `man` calls a page."""
    return page.name if page.name == "ptelist" else f"ptelist-{page.name}"


def section(page: Page) -> int:
    """Return the section of man that a page is in."""
    return COMMANDS if page.of_a_command or page.name == "ptelist" else TOPICS


def render(page: Page, version: str, usage: Usage | None = None) -> str:
    """Return a man page: the page's text, the synopsis of a command before it and its options behind."""
    title = f'.TH "{name(page).upper()}" "{section(page)}" "" "ptelist {version}" "ptelist"'
    lines = [title, ".SH NAME", f"{_escaped(name(page))} \\- {_inline(page.about)}"]
    if usage:
        lines += [".SH SYNOPSIS", _inline(usage.synopsis)]
    lines.append(".SH DESCRIPTION")
    for block in list(blocks(page.text))[1:]:
        lines += _block(block)
    if usage and usage.options:
        lines.append(".SH OPTIONS")
        for typed, what in usage.options:
            lines += [".TP", f"\\fB{_escaped(typed)}\\fR", _line(_escaped(what))]
    return "\n".join(lines) + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(level, text):
            yield f".S{'H' if level == OF_A_PAGE else 'S'} {_inline(text)}"
        case Code(text):
            yield from _as_it_is(text.split("\n"))
        case Rows(cells):
            yield from _as_it_is(plain.table(cells, WIDTH).split("\n"))
        case Item(text):
            yield from (".IP \\(bu 2", _line(_inline(text)))
        case _:
            yield from (".PP", _line(_inline(block.text)))


def _as_it_is(lines: Iterable[str]) -> Iterator[str]:
    yield from (".PP", ".RS 4", ".nf")
    yield from (_line(_escaped(line)) for line in lines)
    yield from (".fi", ".RE")


def _inline(text: str) -> str:
    return spans(text, _bold, _bold, _escaped)


def _bold(text: str) -> str:
    return f"\\fB{_escaped(text)}\\fR"


def _escaped(text: str) -> str:
    """Return text that roff shows as it is: a minus is one that can be copied, a quote no curled one."""
    signs = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}
    return re.sub(r"[\\'`^~-]", lambda sign: signs[sign[0]], text)


def _line(text: str) -> str:
    """Return a line that roff does not take for a request."""
    return f"\\&{text}" if text.startswith(".") else text
