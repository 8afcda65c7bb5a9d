"""All that the reply to a series rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.figure_kinds import DESC, HEADER
from ptelist.scenario.vm_structs import SIZEOF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.compare.comparison import Comparison
    from ptelist.engine.ledger import Term
    from ptelist.output.note import Note
    from ptelist.patch.costs import Cost
    from ptelist.patch.states import Step

STRUCTS = {DESC: "pte_list_desc", HEADER: "kvm_mmu_page"}
"""The structs that have a kmem_cache of their own."""

LAYOUT = ("size", "objects_per_slab", "slab_order")
"""Figures of a kmem_cache that a struct decides, for hosts of so many CPUs."""


class Reply(NamedTuple):
    """What each patch changes, and what that costs."""

    steps: tuple[Step, ...]
    comparison: Comparison
    costs: tuple[Cost, ...]
    notes: tuple[Note, ...]
    command: str

    @property
    def counting(self) -> list[Step]:
        """Return the patches that may change a figure: a cost has a change for each."""
        return [step for step in self.steps if step.counts]

    @property
    def places(self) -> list[tuple[int, int]]:
        """Return the columns of each place: that before the series, and that behind it."""
        columns = self.comparison.columns
        firsts = [number for number, column in enumerate(columns) if column.baseline == number]
        return [(first, last - 1) for first, last in zip(firsts, [*firsts[1:], len(columns)], strict=True)]

    def of_caches(self, first: int, last: int) -> Iterator[tuple[str, str, Term, Term]]:
        """Yield the layout of each kmem_cache in two columns."""
        old, new = self.comparison.ledgers[first], self.comparison.ledgers[last]
        for cache in STRUCTS:
            for figure in LAYOUT:
                yield cache, figure, old[f"{cache}.{figure}"], new[f"{cache}.{figure}"]

    def sizes(self) -> Iterator[tuple[str, int, int]]:
        """Yield the structs that another size has, of those with a kmem_cache that of its objects; none that is new."""
        for cache, figure, old, new in self.of_caches(*self.places[0]):
            if figure == LAYOUT[0] and (old.low, old.high) != (new.low, new.high):
                yield STRUCTS[cache], old.high, new.high
        sizes: dict[str, tuple[int, int]] = {}
        for step in self.steps:
            for name, changes in step.structs():
                for each in changes:
                    if each.name == SIZEOF and None not in each[1:] and name not in STRUCTS.values():
                        sizes[name] = (sizes.get(name, each[1:])[0], each.after)
        yield from ((name, old, new) for name, (old, new) in sizes.items() if old != new)
