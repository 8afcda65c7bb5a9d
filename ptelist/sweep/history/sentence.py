"""How a figure went through the versions of the kernel, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output import sentence
from ptelist.sweep.history.page import span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.sweep.history.eras import Era


def headline(eras: Sequence[Era]) -> str:
    """Return the figure of the first era and of the last one, and the version that changed it most."""
    first, last = eras[0], eras[-1]
    steps = [(era.change, era.first) for era in eras if era.change]
    if not steps:
        return f"{first.term.name} is {_at(first)}, all the same."
    largest, version = max(steps, key=lambda step: max(abs(step[0].low), abs(step[0].high)))
    words = sentence.difference(largest, first.term.unit, sentence.part(largest))
    goes = f"{first.term.name} goes from {_at(first)} to {_at(last)}"
    return f"{goes}; kernel {version} changed it most, {words} than before."


def _at(era: Era) -> str:
    return f"{sentence.brief(era.term, era.term.unit)} with kernel {span(era)}"
