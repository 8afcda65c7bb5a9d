"""A comparison as a result: what every command that makes one returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.compare import data
from ptelist.output.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptelist.compare.comparison import Comparison
    from ptelist.output.page import Document


def result(
    comparison: Comparison, page: Callable[[int | None], Document], figures: tuple[str, ...] = (), **more: Any
) -> Result:
    """Return it with a page of text, and for programs all figures or those named; `more` goes into JSON."""
    return Result(
        comparison.command,
        comparison.assumptions,
        page,
        lambda: data.body(comparison, figures) | more,
        lambda: data.rows(comparison, figures),
    )
