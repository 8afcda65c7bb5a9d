"""JSON: the stable contract that other programs build on, schema ptelist/1."""

from __future__ import annotations

import json
import re
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
    text = json.dumps(head | result.body(), indent=2, sort_keys=True, ensure_ascii=False)
    return re.sub(r"[^\n -~]", _escaped, text) + "\n"


def _escaped(character: re.Match[str]) -> str:
    """Return the escape of a character; half of a surrogate pair, which JSON cannot say, as the text of one."""
    return json.dumps(character[0].encode("utf-8", "backslashreplace").decode())[1:-1]
