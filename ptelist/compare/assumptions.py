"""What a comparison took for granted, in sentences for below the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.clauses import topics, unverified
from ptelist.note import Note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptelist.compare.clauses import Statement, Topic
    from ptelist.scenario.models import Kernel, Scenario

MOST_VARIANTS = 4
"""More different statements than this on one topic are summed up."""

ORDER = ("kernel", "config", "host", "vm", "caches", "lists", "evidence", "mapping", "slabs")
"""Topics, the most basic first; others come behind."""


def assume(scenarios: Iterable[Scenario], *, by_preset: bool, apart: str = "column") -> tuple[Note, ...]:
    """Return the assumptions of all scenarios, a note a topic.

    Where columns differ by an option, its name and values stand above and what they
    have in common is said; where they differ by presets or kernels (`by_preset`),
    each variant is, up to a few. `apart` is what the scenarios are told apart by.
    """
    assumptions = Assumptions()
    for scenario in scenarios:
        assumptions.add(scenario)
    return assumptions.notes(apart, by_preset=by_preset)


class Assumptions:
    """What any number of scenarios take for granted, in little memory."""

    def __init__(self, *, releases: bool = True) -> None:
        """Start with no scenario; `releases`: whether kernels are told by their release, not their profile alone."""
        self._releases = releases
        self._topics: dict[Topic, _Said] = {}
        self._kernels: set[_Told] = set()

    def add(self, scenario: Scenario) -> None:
        """Take one more scenario."""
        kernel = _Told(scenario.kernel)
        said = list(topics(scenario, releases=self._releases))
        if kernel not in self._kernels:
            self._kernels.add(kernel)
            said += unverified(scenario)
        for topic, statement in said:
            so_far = self._topics.get(topic)
            if so_far is None:
                so_far = self._topics[topic] = _Said(statement)
            so_far.add(statement)

    def notes(self, apart: str, *, by_preset: bool) -> tuple[Note, ...]:
        """Return a note a topic, in the order in which they came; see `assume`."""
        return tuple(
            Note(topic.name, text, topic.about)
            for topic, said in self._topics.items()
            for text in said.texts(apart, by_preset)
        )

    def ordered(self, apart: str) -> tuple[Note, ...]:
        """Return a note a topic, the same in whatever order the scenarios came."""
        return tuple(sorted(self.notes(apart, by_preset=False), key=_rank))


class _Told:
    """A kernel of which all that is unverified was told, equal to the very same kernel only.

    Kernels of equal values may differ in their sources, of which a model knows nothing. The kernel is
    kept, so no other one can come to be taken for it.
    """

    __slots__ = ("_kernel",)

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def __hash__(self) -> int:
        return id(self._kernel)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Told) and self._kernel is other._kernel


def _rank(note: Note) -> tuple[int, str]:
    return ORDER.index(note.topic) if note.topic in ORDER else len(ORDER), str(note)


class _Said:
    """The different statements about one topic while they are few, and the clauses that all have in common."""

    def __init__(self, statement: Statement) -> None:
        self._variants: dict[Statement, None] = {}
        self._common = list(statement)

    def add(self, statement: Statement) -> None:
        if statement not in self._variants:
            if len(self._variants) <= MOST_VARIANTS:
                self._variants[statement] = None
            self._common = [clause for clause in self._common if clause in statement]

    def texts(self, apart: str, by_preset: bool) -> list[str]:
        count = len(self._variants)
        if count <= MOST_VARIANTS and (by_preset or not self._common):
            return [", ".join(statement) for statement in self._variants]
        return [", ".join([*self._common, f"else by {apart}"] if count > 1 else self._common)]
