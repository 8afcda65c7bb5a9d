"""ptelist explore: what it does."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.explore.explorer import Explorer

if TYPE_CHECKING:
    from ptelist.output.command_line import Options

EXTRA = "explore needs textual: pip install 'ptelist[explore]'"
UNABLE = frozenset(("", "dumb", "unknown"))
"""What TERM is where no place of the screen can be written to, or nobody knows how."""


def run(options: Options, preset: str | None) -> int:
    """Show the screen until it is quit, and return what the process exits with.

    Raises PtelistError for a scenario that cannot be, and without a terminal that can be drawn on.
    """
    explorer = Explorer(preset, options)
    try:
        from ptelist.explore.app import ExploreApp  # noqa: PLC0415 -- textual is an extra, and slow to load
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "ptelist":
            raise
        raise PtelistError(EXTRA) from None
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
        raise PtelistError("explore shows a screen: stdin and stderr must be a terminal; compare and where print")
    if (kind := os.environ.get("TERM", "")).lower() in UNABLE:
        raise PtelistError(
            f"explore draws on the whole terminal, which TERM={kind or '(not set)'} cannot; compare and where print"
        )
    app = ExploreApp(explorer)
    code = app.run()
    if app.fault:
        raise app.fault
    return code or 0
