"""Which PTE_LIST_EXT is best, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.comparison import change
from ptelist.engine.figure_kinds import DESC_TOTAL
from ptelist.output import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.sweep.best.best import Best

EXT = "PTE_LIST_EXT"


def headline(kernels: Sequence[Best]) -> str:
    """Return the winner, and what it saves against the kernel's own value; of several kernels the winner of each."""
    if len(kernels) == 1:
        return of_one(kernels[0])
    said = []
    for each in kernels[: sentence.MOST_NAMED]:
        least = each.ties[0].ledger[DESC_TOTAL]
        unsure = " (no clear winner)" if each.rivals else ""
        said.append(f"{_values(each)} on {each.name}{unsure}, {sentence.amount(least, least.unit)}")
    left = len(kernels) - len(said)
    more = f"; {left} more below" if left else ""
    return f"The best {EXT} is {'; '.join(said)}{more}."


def of_one(best: Best) -> str:
    """Return the winner of one kernel, or that there is none for sure."""
    ties = best.ties
    least = ties[0].ledger[DESC_TOTAL]
    if best.rivals:
        rivals = [f"{EXT} {each.ext}" for each in best.rivals]
        return sentence.no_winner(f"{EXT} {_values(best)}", least, least.unit, rivals, len(ties))
    said = f"{EXT} {_values(best)} {sentence.takes(least.unit, len(ties))} the least {DESC_TOTAL}"
    text = f"{said}, {sentence.amount(least, least.unit)}"
    owned = next((each for each in best.candidates if each.ext == best.own), None)
    if owned in ties:
        return f"{text}; the kernel's own value is {best.own}."
    if owned is None:
        return f"{text}."
    delta = change(owned.ledger[DESC_TOTAL], least)
    return f"{text}: {sentence.difference(delta, least.unit, sentence.part(delta))} than the kernel's own {best.own}."


def _values(best: Best) -> str:
    return sentence.named([str(each.ext) for each in best.ties])
