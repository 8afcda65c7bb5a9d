"""A page on a terminal, drawn by rich."""

from __future__ import annotations

import io

from rich.console import Console
from rich.markdown import Markdown

from ptelist.manual.markdown import COMMENT

WIDEST = 100
"""Columns beyond which lines of prose are hard to read."""
CODE_THEME = "ansi_light"
"""Code in the terminal's own colours, on its own background."""


def render(text: str, width: int) -> str:
    """Return a page with terminal escapes, for a terminal of this width that shows Unicode."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=min(width, WIDEST), legacy_windows=False)
    console.print(Markdown(COMMENT.sub("", text), code_theme=CODE_THEME, hyperlinks=False))
    return out.getvalue()
