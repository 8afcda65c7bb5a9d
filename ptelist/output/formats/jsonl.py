"""JSON lines: an object a line, for other engines to read and join; what has rows only gives one for each row.

A cell that is empty in CSV is null here, so that a column of numbers has nothing else.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ptelist.output.result import Result


def render(result: Result, width: int) -> Iterator[str]:
    """Yield an object at a time, keys in the order of their columns; raises PtelistError for what has neither."""
    del width
    if result.lines is not None:
        return map(_line, result.lines())
    if result.rows is None:
        raise PtelistError("--format jsonl: this has no rows; json has all of it")
    return _of_rows(iter(result.rows()))


def _of_rows(rows: Iterator[Iterable[object]]) -> Iterator[str]:
    head = [str(name) for name in next(rows, ())]
    for row in rows:
        yield _line({name: None if cell == "" else cell for name, cell in zip(head, row, strict=False)})


def _line(value: dict[str, Any]) -> str:
    return f"{json.dumps(value, separators=(',', ':'))}\n"
