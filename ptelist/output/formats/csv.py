"""CSV: the rows of a result, plain integers, and no text that a spreadsheet would compute."""

from __future__ import annotations

import csv
import io
import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.output import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.output.result import Result

AT_ONCE = 1000
FORMULA = re.compile(r"[=@]|[+-](?![0-9.,]*$)")
"""How a formula begins, for the spreadsheets that there are; a number with its sign is none."""


def render(result: Result, width: int) -> Iterator[str]:
    """Return the rows, each ended by LF; raises PtelistError for what has none."""
    del width
    if result.rows is None:
        raise PtelistError("--format csv: this has no rows; json has all of it")
    return _written(iter(result.rows()))


def _written(rows: Iterator[Sequence[object]]) -> Iterator[str]:
    """Yield text of so many rows at a time."""
    while some := [[*map(_cell, row)] for row in islice(rows, AT_ONCE)]:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(some)
        yield out.getvalue()


def _cell(value: object) -> object:
    """Return a number as it is, and text as it can be."""
    return _text(value) if isinstance(value, str) else value


@lru_cache
def _text(value: str) -> str:
    """Return text cleaned; an apostrophe before a formula says that it is text."""
    text = plain.clean(value)
    return f"'{text}" if FORMULA.match(text) else text
