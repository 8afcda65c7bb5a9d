"""ptelist help: what it does."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from ptelist.output.formats import TERMINAL
from ptelist.output.manual import pages, plain

if TYPE_CHECKING:
    from collections.abc import Callable


def run(topic: str) -> Callable[[str, int], str]:
    """Return what writes the page of a topic in a format and a width."""
    return partial(_render, pages.page(topic).text)


def _render(text: str, chosen: str, width: int) -> str:
    if chosen == TERMINAL and (sys.stdout.encoding or "").lower().startswith("utf"):
        from ptelist.output.manual import terminal  # noqa: PLC0415 -- rich, for terminals only

        return terminal.render(text, width)
    return text if chosen == "markdown" else plain.render(text, width)
