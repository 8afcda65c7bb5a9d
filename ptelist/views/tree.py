"""A figure's derivation as a tree of lines, down to the kernel's own constants."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from ptelist.engine.ledger import Op, Unit
from ptelist.views import numbers, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ptelist.comparison import Comparison
    from ptelist.engine.ledger import Term

SIGNS = {Op.SUM: " + ", Op.PRODUCT: " x "}
UNITLESS = frozenset((Unit.COUNT, Unit.ORDER))
LEAST_TEXT = 24
BRANCH, LAST, BAR, BLANK = "|- ", "`- ", "|  ", "   "


def lines(term: Term, width: int) -> Iterator[str]:
    """Yield the lines of a tree; a part that was shown before is not unfolded again."""
    yield from _node(term, "", "", width, set())


def render(found: Iterable[str], comparison: Comparison, width: int, chosen: str) -> str:
    """Return the lines with assumptions and command, in a text format."""
    if chosen == "terminal":
        from ptelist.views import terminal  # noqa: PLC0415 -- rich only for terminals

        return terminal.render_lines(found, comparison.assumptions, comparison.command, width)
    text = "\n".join(found)
    if chosen == "markdown":
        notes = "\n".join(f"- {note}" for note in comparison.assumptions)
        return f"```text\n{text}\n```\n\n{notes}\n\n```console\n$ {comparison.command}\n```\n"
    notes = "\n".join(plain.wrapped(note, width, "  ") for note in comparison.assumptions)
    return plain.ascii_only(f"{text}\n\n{notes}\n\n{plain.command(comparison.command, width)}\n")


def _node(term: Term, first: str, rest: str, width: int, shown: set[Term]) -> Iterator[str]:
    unit = "" if term.unit in UNITLESS else f" {term.unit.value}"
    head = f"{term.name} = {numbers.term(term)}{unit}"
    if term.parts and term in shown:
        yield from _wrapped(f"{head} (see above)", first, rest, width)
        return
    shown.add(term)
    yield from _wrapped(head, first, rest, width)
    parts = _parts(term)
    guide = rest + (BAR if parts else BLANK)
    for text in (_formula(term), term.note):
        yield from _wrapped(text, guide, guide, width)
    for part in parts:
        last = part is parts[-1]
        yield from _node(part, rest + (LAST if last else BRANCH), rest + (BLANK if last else BAR), width, shown)


def _wrapped(text: str, first: str, rest: str, width: int) -> list[str]:
    """Return text in lines behind the guides of the tree; deep down they may be wider."""
    return textwrap.wrap(
        text,
        max(width, len(rest) + LEAST_TEXT),
        initial_indent=first,
        subsequent_indent=f"{rest}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


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
