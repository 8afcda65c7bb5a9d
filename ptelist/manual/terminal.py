"""A page on a terminal, drawn by rich."""

from __future__ import annotations

import io

from rich.console import Console
from rich.markdown import Markdown
from rich.theme import Theme

from ptelist.manual.markdown import COMMENT, LINK

WIDEST = 100
"""Columns beyond which lines of prose are hard to read."""
CODE_THEME = "ansi_light"
"""Code in the terminal's own colours, on its own background."""


def render(text: str, width: int) -> str:
    """Return a page with terminal escapes, for a terminal of this width that shows Unicode."""
    out = io.StringIO()
    theme = Theme({"markdown.code": "cyan", "markdown.h1.border": "dim"})
    console = Console(file=out, force_terminal=True, width=min(width, WIDEST), legacy_windows=False, theme=theme)
    console.print(Markdown(LINK.sub(r"**\g<link>**", COMMENT.sub("", text)), code_theme=CODE_THEME))
    return out.getvalue()
