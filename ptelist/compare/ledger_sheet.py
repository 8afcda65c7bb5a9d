"""All that a scenario takes as parts of a whole, each with its derivation; and every figure of it, one a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare import tree
from ptelist.compare.breakdown import breakdown, label
from ptelist.compare.comparison import change, share
from ptelist.compare.ledgers import term_of
from ptelist.engine.ledger import Op
from ptelist.output import numbers
from ptelist.output.page import Table
from ptelist.output.sheet import Part, Whole
from ptelist.settings.catalog.meanings import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.compare.breakdown import Node
    from ptelist.compare.comparison import Comparison
    from ptelist.engine.ledger import Ledger, Term
    from ptelist.output.branches import Branch

HEAD = ("bytes", "", "share")


def whole(ledger: Ledger, title: str, *, folded: bool = False) -> Whole:
    """Return the total with its parts, down to the smallest."""
    root = breakdown(ledger)
    return Whole(title, HEAD, _part(root, "", root.term), folded)


def _part(node: Node, parent: str, total: Term) -> Part:
    low, high = node.term.low, node.term.high
    cells = numbers.interval(low, high), numbers.human(low, high), numbers.share(share(node.term, total))
    parts = tuple(_part(part, node.figure, total) for part in node.parts)
    return Part(label(node.figure, parent), low, high, cells, MEANINGS[node.figure], _why(node), parts)


def _why(node: Node) -> Branch:
    """Return the derivation of a figure; what its own parts tell is not told twice."""
    told = {part.term for part in node.parts}
    branch = tree.branch(node.term)
    adds_up = node.term.op is Op.SUM and told >= {part for part in node.term.parts if part.high}
    return branch._replace(parts=()) if adds_up else branch


def baseline_first(comparison: Comparison) -> list[int]:
    """Return the numbers of the columns, those that others are compared with before all others."""
    columns = comparison.columns
    return sorted(range(len(columns)), key=lambda number: columns[number].baseline != number)


def every_figure(comparison: Comparison, figures: Sequence[str]) -> Table:
    """Return figures as rows: the value in each column, and behind it the change of what has a baseline."""
    head = ["figure"]
    cells = [list(figures)]
    columns = [[term_of(ledger, figure) for figure in figures] for ledger in comparison.ledgers]
    for number in baseline_first(comparison):
        column, terms = comparison.columns[number], columns[number]
        head.append(column.name if len(columns) > 1 else "value")
        cells.append([numbers.term(term) if term else "" for term in terms])
        if column.baseline != number:
            head.append("change")
            cells.append(list(map(_change, columns[column.baseline], terms)))
    head += ["unit", "what it is"]
    units = (next(term.unit.value for term in terms if term) for terms in zip(*columns, strict=True))
    cells += [list(units), [MEANINGS[figure] for figure in figures]]
    return Table(tuple(head), tuple(zip(*cells, strict=True)), "Every figure", sortable=True)


def _change(old: Term | None, new: Term | None) -> str:
    return numbers.change(change(old, new)) if old and new else ""
