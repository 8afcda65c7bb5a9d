"""What kernels' own types say, in a sentence or two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine.figure_kinds import DESC
from ptelist.engine.interval import Interval
from ptelist.engine.ledger import Unit
from ptelist.inspect.differences import struct_changes
from ptelist.output import sentence
from ptelist.output.sentence import PAIR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.inspect.inspection import Inspected


def headline(kernels: Sequence[Inspected]) -> str:
    """Return how large a descriptor is in each kernel, or the structs asked for, and whether the profile agrees."""
    left = len(kernels) - PAIR
    more = f" {sentence.plural(left, 'more kernel')} below." if left > 0 else ""
    return " ".join(f"{_of_one(each)}." for each in kernels[:PAIR]) + more


def _of_one(kernel: Inspected) -> str:
    sizes = {each.name: sentence.amount(Interval(each.size, each.size), Unit.BYTES) for each in kernel.layouts}
    if DESC in sizes:
        text = f"{kernel.title} has a {DESC} of {sizes[DESC]}"
    elif kernel.notes:
        text = f"{kernel.title} has no struct {DESC}, for its KVM is a module"
    else:
        text = f"{kernel.title} has {sentence.named([f'a struct {name} of {size}' for name, size in sizes.items()])}"
    if not kernel.profile:
        return text
    differing = [row.field for row in kernel.rows if row.differs]
    held = sentence.plural(sum(row.known is not None for row in kernel.rows), "field")
    if not differing:
        return f"{text}; profile {kernel.profile} agrees in all {held}"
    fields = f"{len(differing)} of {held}"
    return f"{text}; profile {kernel.profile} differs in {fields}: {sentence.named(differing)}"


def differing(before: Inspected, after: Inspected) -> str:
    """Return which structs differ between two kernels."""
    names = [name for name, _ in struct_changes(before, after)]
    if not names:
        return "Every struct that ptelist inspect shows is the same in both."
    return f"{sentence.plural(len(names), 'struct')} differ{'s' * (len(names) == 1)}: {sentence.named(names)}."
