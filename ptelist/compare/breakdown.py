"""The total of a scenario, taken apart into the figures that it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.figure_kinds import TOTAL
from ptelist.engine.ledger import Op

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.engine.ledger import Ledger, Term

SLAB, USED, WASTE = ".bytes.slab", ".bytes.used", ".bytes.waste"
SHADOW_PAGES = "shadow_pages.bytes"
PAGES = (
    "vcpu_caches.bytes.pages",
    "split_caches.bytes.pages",
    "page_tables.bytes.tables",
    "page_tables.bytes.shadowed_info",
    "page_tables.bytes.external",
)
"""What shadow pages are in: they are open together, for a table is drawn from a cache."""


class Node(NamedTuple):
    """A figure, and those that it is made of, the largest first."""

    figure: str
    term: Term
    parts: tuple[Node, ...]


def breakdown(ledger: Ledger, figure: str = TOTAL) -> Node:
    """Return a figure of bytes with its parts, and theirs; parts of nothing are left out."""
    parts = [breakdown(ledger, part) for part in _parts(ledger, figure) if ledger[part].high]
    parts.sort(key=lambda node: (-node.term.high, -node.term.low, node.figure))
    return Node(figure, ledger[figure], tuple(parts))


def _parts(ledger: Ledger, figure: str) -> Iterator[str]:
    if figure == SHADOW_PAGES:
        yield from PAGES
    elif figure.endswith(SLAB):
        cache = figure.removesuffix(SLAB)
        yield from (f"{cache}{USED}", f"{cache}{WASTE}")
    elif ledger[figure].op is Op.SUM:
        yield from (part.name for part in ledger[figure].parts if part.name in ledger)


def largest(root: Node, rows: int) -> set[str]:
    """Return so many figures of a tree, each after the one that it is part of: the largest ones."""
    shown, waiting = {root.figure}, list(root.parts)
    while waiting and len(shown) < rows:
        waiting.sort(key=lambda node: node.term.high)
        node = waiting.pop()
        shown.add(node.figure)
        waiting += node.parts
    return shown


def label(figure: str, parent: str = "") -> str:
    """Return a figure's name without its parent's group, and without saying that it is bytes in all."""
    group, _, rest = figure.partition(".")
    what = rest.removeprefix("bytes").removeprefix(".").removesuffix("total")
    return what if what and group == parent.partition(".")[0] else f"{group}.{what}".rstrip(".")
