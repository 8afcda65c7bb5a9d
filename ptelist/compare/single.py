"""Commands about one scenario: the comparison with a single column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.comparison import Comparison, compare
from ptelist.errors import PtelistError
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from collections.abc import Sequence


def single(
    presets: Sequence[str], options: list[tuple[str, str]], line: str, shown: tuple[str, ...] = ()
) -> Comparison:
    """Return a comparison of one column; raises PtelistError if options make more. `shown` as in `compare`."""
    columns = expand(presets, options)
    if len(columns.columns) > 1:
        raise PtelistError(f"one scenario at a time, these options make {len(columns.columns)}: use ptelist compare")
    return compare(columns, line, charged=True, shown=shown)
