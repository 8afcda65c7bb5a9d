"""The formats of a result, a module each: its name is the format's, and its `render` gives the text."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.output.result import Result

    Text = str | Iterator[str]
    """All of it, or a part at a time."""

TERMINAL, MAIL, MARKDOWN = CHOSEN = ("terminal", "mail", "markdown")
"""Those that commands themselves choose; help names them before the others."""

BARE = frozenset(("csv", "jsonl"))
"""Those that have rows or objects alone: no note stands there."""


def _names() -> tuple[str, ...]:
    """Return the names of the modules in this folder: nothing is imported to list them."""
    try:
        files = os.listdir(__path__[0])  # noqa: PTH208 -- pathlib is slow to load, and nobody has said which format
        names = {name.removesuffix(".py") for name in files if name.endswith(".py")} - {"__init__"}
    except NotADirectoryError:
        from pkgutil import iter_modules  # noqa: PLC0415 -- slow to load, for an archive (zipapp)

        names = {module.name for module in iter_modules(__path__)}
    return (*CHOSEN, *sorted(names.difference(CHOSEN)))


FORMATS = _names()


def render(name: str, result: Result, width: int) -> Text:
    """Return a result as text of so many columns; of the formats, only this one is loaded."""
    text: Text = import_module(f"{__name__}.{name}").render(result, width)
    return text
