"""What stands below a page unless all assumptions are asked for: those that bear on it, in few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output.note import shortened

if TYPE_CHECKING:
    from ptelist.output.page import Document
    from ptelist.output.result import Result


def brief(result: Result) -> Result:
    """Return a result whose pages have only short notes; what a program reads stays whole."""
    page = result.page

    def short(width: int | None) -> Document:
        document = page(width)
        return document._replace(notes=shortened(document.notes))

    return result._replace(page=short)
