"""A figure's derivation as a tree of lines, down to the kernel's own constants."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from ptelist.engine.ledger import Op
from ptelist.output import numbers
from ptelist.output.page import FINE, MAIL_WIDTH, TEXT, Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.compare.comparison import Comparison
    from ptelist.engine.ledger import Term
    from ptelist.output.page import Line

SIGNS = {Op.SUM: " + ", Op.PRODUCT: " x "}
LEAST_TEXT = 24
BRANCH, LAST, BAR, BLANK = "|- ", "`- ", "|  ", "   "


def document(comparison: Comparison, figure: str, width: int | None) -> Document:
    """Return how a figure of the first column follows; a part that was shown before is not unfolded again."""
    lines = tuple(_node(comparison.ledgers[0][figure], "", "", width or MAIL_WIDTH, set()))
    return Document((), comparison.assumptions, comparison.command, lines)


def _node(term: Term, first: str, rest: str, width: int, shown: set[Term]) -> Iterator[Line]:
    head = f"{term.name} = {numbers.with_unit(term)}"
    if term.parts and term in shown:
        yield from _wrapped(f"{head} (see above)", first, rest, width, TEXT)
        return
    shown.add(term)
    yield from _wrapped(head, first, rest, width, TEXT)
    parts = _parts(term)
    guide = rest + (BAR if parts else BLANK)
    for text in (_formula(term), term.note):
        yield from _wrapped(text, guide, guide, width, FINE)
    for part in parts:
        last = part is parts[-1]
        yield from _node(part, rest + (LAST if last else BRANCH), rest + (BLANK if last else BAR), width, shown)


def _wrapped(text: str, first: str, rest: str, width: int, meaning: str) -> Iterator[Line]:
    """Yield text in lines behind the guides of the tree; deep down they may be wider."""
    for line in textwrap.wrap(
        text,
        max(width, len(rest) + LEAST_TEXT),
        initial_indent=first,
        subsequent_indent=f"{rest}  ",
        break_long_words=False,
        break_on_hyphens=False,
    ):
        yield meaning, line


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
    return {"config": comparison.columns[0].name, "figure": _branch(comparison.ledgers[0][figure])}


def _branch(term: Term) -> dict[str, Any]:
    return {
        "name": term.name,
        "low": term.low,
        "high": term.high,
        "unit": term.unit.value,
        "op": term.op.value,
        "note": term.note,
        "parts": [_branch(part) for part in term.parts],
    }
