"""The reply as a page that draws and folds: each patch with what it changes, what the difference comes of, all else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare import sheet as compared
from ptelist.output.page import Table
from ptelist.patch.page import changes

if TYPE_CHECKING:
    from ptelist.output.page import Document
    from ptelist.output.sheet import Block
    from ptelist.patch.reply import Reply


def blocks(reply: Reply, page: Document) -> tuple[Block, ...]:
    """Return what such a page shows; the endless page of text has its tables."""
    patches = (Table((step.patch.title,), tuple((text,) for text in changes(step))) for step in reply.steps)
    return (*patches, *compared.blocks(reply.comparison, (), page))
