"""CSV: the rows of a result, plain integers."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ptelist.output.result import Result


def render(result: Result, width: int) -> str:
    """Return the rows, each ended by LF."""
    del width
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(result.rows())
    return out.getvalue()
