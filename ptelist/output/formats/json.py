"""JSON: the stable contract that other programs build on, schema ptelist/1."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ptelist.output.version import __version__

if TYPE_CHECKING:
    from ptelist.output.result import Result

SCHEMA = "ptelist/1"


def render(result: Result, width: int) -> str:
    """Return a document with the fields that all have, and the result's own; keys sorted."""
    del width
    head = {
        "schema": SCHEMA,
        "version": __version__,
        "command": result.command,
        "assumptions": [*map(str, result.notes)],
        "headline": result.headline(),
    }
    return json.dumps(head | result.body(), indent=2, sort_keys=True) + "\n"
