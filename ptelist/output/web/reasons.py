"""Trees of reasons, folded: each branch with what it rests on below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output.web.elements import Markup, element
from ptelist.output.web.tables import verdict

if TYPE_CHECKING:
    from ptelist.output.branches import Branch
    from ptelist.output.sheet import Reasons


def draw(reasons: Reasons) -> tuple[str, list[Markup]]:
    """Return the title of trees, and the trees."""
    return reasons.title, [branch(root, reasons.levels) for root in reasons.roots]


def branch(root: Branch, levels: int) -> Markup:
    """Return a tree, so many levels of it open."""
    return element("div", _branch(root, levels), class_="tree")


def below(root: Branch, levels: int) -> Markup:
    """Return what stands below a branch: its small print, and the branches that it rests on."""
    details = [element("p", words) for words in root.details]
    parts = [element("li", _branch(part, levels - 1)) for part in root.parts]
    return Markup("".join((*details, element("ul", *parts) if parts else "")))


def _branch(root: Branch, levels: int) -> Markup:
    words = (verdict(root.verdict), " ", root.text) if root.verdict else (root.text,)
    if not (root.parts or root.details):
        return element("div", *words)
    return element("details", element("summary", *words), below(root, levels), open=levels > 0)
