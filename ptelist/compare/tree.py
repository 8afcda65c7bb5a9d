"""A figure's derivation as a tree of lines, down to the kernel's own constants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.engine.ledger import Op
from ptelist.output import numbers
from ptelist.output.branches import Branch, draw
from ptelist.output.page import MAIL_WIDTH, Document
from ptelist.output.sheet import Reasons

if TYPE_CHECKING:
    from ptelist.compare.comparison import Comparison
    from ptelist.engine.ledger import Term

LEVELS = 3
"""That are open at first where a tree can be folded."""

SIGNS = {Op.SUM: " + ", Op.PRODUCT: " x "}


def document(comparison: Comparison, figure: str, width: int | None, depth: str | None = None) -> Document:
    """Return how a figure of the first column follows; a part that was shown before is not unfolded again."""
    lines = draw(branch(comparison.ledgers[0][figure]), width or MAIL_WIDTH, depth)
    return Document((), comparison.assumptions, comparison.command, lines)


def reasons(comparison: Comparison, figure: str) -> Reasons:
    """Return the same for a format that folds it."""
    return Reasons(f"How {figure} follows", (branch(comparison.ledgers[0][figure]),), LEVELS)


def branch(term: Term) -> Branch:
    """Return a figure's derivation as a tree of text."""
    return _branch(term, set())


def _branch(term: Term, shown: set[Term]) -> Branch:
    head = f"{term.name} = {numbers.with_unit(term)}"
    if term.parts and term in shown:
        return Branch(f"{head} (see above)", (), ())
    shown.add(term)
    details = tuple(text for text in (_formula(term), term.note) if text)
    return Branch(head, details, tuple([_branch(part, shown) for part in _parts(term)]))


def _parts(term: Term) -> list[Term]:
    """Return the parts worth a branch: a sum's zeros are named in its formula only."""
    if term.op is not Op.SUM:
        return list(term.parts)
    return [part for part in term.parts if part.high] if term.high else list(term.parts)


def _formula(term: Term) -> str:
    """Return the formula in names and in numbers."""
    names, values = _names(term.parts), [numbers.term(part) for part in term.parts]
    if term.op in SIGNS:
        sign = SIGNS[term.op]
        return f"= {sign.join(names)} = {sign.join(values)}" if len(names) > 1 else f"= {names[0]}" if names else ""
    if term.op in {Op.CEIL_DIV, Op.FLOOR_DIV}:
        how = "ceil" if term.op is Op.CEIL_DIV else "floor"
        return f"= {how}({' / '.join(names)}) = {how}({' / '.join(values)})"
    return ""


def _names(parts: tuple[Term, ...]) -> list[str]:
    """Return names without the cache that they belong to, unless two are then the same."""
    names = [part.name for part in parts]
    short = [name.removeprefix("pte_list_desc.").removeprefix("kvm_mmu_page_header.") for name in names]
    return short if len(set(short)) == len(set(names)) else names


def body(comparison: Comparison, figure: str) -> dict[str, Any]:
    """Return one figure of the first column with all that it rests on."""
    return {"config": comparison.columns[0].name, "figure": _plain(comparison.ledgers[0][figure])}


def _plain(term: Term) -> dict[str, Any]:
    return {
        "name": term.name,
        "low": term.low,
        "high": term.high,
        "unit": term.unit.value,
        "op": term.op.value,
        "note": term.note,
        "parts": [_plain(part) for part in term.parts],
    }
