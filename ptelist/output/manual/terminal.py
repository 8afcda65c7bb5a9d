"""A page on a terminal, drawn by rich."""

from __future__ import annotations

import io
import re

from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text
from rich.theme import Theme

from ptelist.output.manual import plain
from ptelist.output.manual.markdown import COMMENT, LINK, Rows, blocks

WIDEST = 100
"""Columns beyond which lines of prose are hard to read."""
CODE_THEME = "ansi_light"
"""Code in the terminal's own colours, on its own background."""
THEME = Theme({"markdown.code": "cyan", "markdown.h1.border": "dim"})
TABLE = re.compile(r"^(\|.*\n\| ---.*\n(?:\|.*\n)*)", re.MULTILINE)
"""rich would crop the numbers of one that is too wide."""


def render(text: str, width: int) -> str:
    """Return a page with terminal escapes, for a terminal of this width that shows Unicode."""
    out = io.StringIO()
    columns = min(width, WIDEST)
    console = Console(file=out, force_terminal=True, width=columns, legacy_windows=False, theme=THEME)
    for part in TABLE.split(COMMENT.sub("", text)):
        if TABLE.fullmatch(part):
            tables = [plain.table(block.cells, columns) for block in blocks(part) if isinstance(block, Rows)]
            console.print("", Text("\n\n".join(tables)), "", sep="\n", soft_wrap=True)
        else:
            console.print(Markdown(LINK.sub(r"**\g<link>**", part), code_theme=CODE_THEME))
    return out.getvalue()
