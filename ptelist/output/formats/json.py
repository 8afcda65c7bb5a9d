"""JSON: the stable contract that other programs build on, schema ptelist/1."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ptelist.output.version import __version__

if TYPE_CHECKING:
    from ptelist.output.result import Result

SCHEMA = "ptelist/1"


def render(result: Result, width: int) -> Iterator[str]:
    """Yield a document with the fields that all have, and the result's own; keys sorted.

    A field of the result's that is an iterator is a list, of which one item at a time is in memory.
    """
    del width
    head = {
        "schema": SCHEMA,
        "version": __version__,
        "command": result.command,
        "assumptions": [*map(str, result.notes)],
        "headline": result.headline(),
    }
    before = "{\n  "
    for key, value in sorted((head | result.body()).items()):
        yield f"{before}{_text(key)}: "
        if isinstance(value, Iterator):
            yield from _list(value)
        else:
            yield _text(value, "  ")
        before = ",\n  "
    yield "\n}\n"


def _list(items: Iterator[Any]) -> Iterator[str]:
    before = "["
    for item in items:
        yield f"{before}\n    {_text(item, '    ')}"
        before = ","
    yield "\n  ]" if before == "," else "[]"


def _text(value: Any, indent: str = "") -> str:
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).replace("\n", f"\n{indent}")
    return re.sub(r"[^\n -~]", _escaped, text)


def _escaped(character: re.Match[str]) -> str:
    """Return the escape of a character; half of a surrogate pair, which JSON cannot say, as the text of one."""
    return json.dumps(character[0].encode("utf-8", "backslashreplace").decode())[1:-1]
