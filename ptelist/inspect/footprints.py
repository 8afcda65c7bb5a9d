"""Two builds beside each other: what differs in their types, and what that does to the footprint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare import table
from ptelist.compare.comparison import compare
from ptelist.compare.result import result
from ptelist.compare.sentence import headline
from ptelist.inspect import difference_page
from ptelist.inspect.sentence import differing
from ptelist.output.page import Document
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.inspect.inspection import Inspected
    from ptelist.output.command_line import Options
    from ptelist.output.result import Result


def difference(kernels: Sequence[Inspected], specs: Sequence[str], options: Options, line: str) -> Result:
    """Return what differs between two builds, followed by the footprints of both."""
    comparison = compare(expand([], [("kernel-from", ",".join(specs)), *options]), line)

    def page(width: int | None) -> Document:
        types = difference_page.document(kernels[0], kernels[1], line, width)
        figures = table.document(comparison, (), width)
        return Document(types.tables + figures.tables, types.notes + figures.notes, line)

    return result(comparison, page, said=lambda: f"{headline(comparison)} {differing(kernels[0], kernels[1])}")
