"""What a comparison took for granted, in sentences for below the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.clause import joined
from ptelist.compare.clauses import UNVERIFIED, topics, unverified
from ptelist.engine.shared import Shared
from ptelist.output.note import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ptelist.compare.clause import Clause
    from ptelist.compare.clauses import Statement, Topic
    from ptelist.scenario.models import Kernel, Scenario

MOST_VARIANTS = 4
"""More different statements than this on one topic are summed up."""

SHORT = 60
"""Statements of so many characters together fit into one line."""

ORDER = ("kernel", "config", "host", "vm", "caches", "lists", "evidence", "mapping", "slabs")
"""Topics, the most basic first; others come behind."""


def assume(
    scenarios: Iterable[Scenario], *, by_preset: bool, touched: frozenset[str] | None = None
) -> tuple[Note, ...]:
    """Return the assumptions of all scenarios, a note a topic.

    Where columns differ by an option, its name and values stand above and what they
    have in common is said; where they differ by presets or kernels (`by_preset`),
    each variant is, up to a few. `touched` are the words in the derivations of the figures that are
    shown, None if these are all: what does not bear on them is told only to those who ask for all.
    """
    assumptions = Assumptions(touched=touched)
    for scenario in scenarios:
        assumptions.add(scenario)
    return assumptions.notes(by_preset=by_preset)


class Assumptions:
    """What any number of scenarios take for granted, in little memory."""

    def __init__(self, *, releases: bool = True, touched: frozenset[str] | None = None) -> None:
        """Start with no scenario; `releases`: whether kernels are told by their release, not their profile alone."""
        self._releases, self._touched = releases, touched
        self._topics: dict[Topic, _Said] = {}
        self._shared = Shared()
        self._kernels: set[_Told] = set()

    def add(self, scenario: Scenario) -> None:
        """Take one more scenario."""
        kernel = _Told(scenario.kernel)
        said = list(topics(scenario, self._shared, releases=self._releases))
        if kernel not in self._kernels:
            self._kernels.add(kernel)
            said += unverified(scenario)
        for topic, statement in said:
            so_far = self._topics.get(topic)
            if so_far is None:
                so_far = self._topics[topic] = _Said(statement)
            so_far.add(statement)

    def notes(self, *, by_preset: bool, ordered: bool = False) -> tuple[Note, ...]:
        """Return a note a topic, in the order in which they came; see `assume`."""
        return tuple(
            _note(topic, text, brief)
            for topic, said in self._topics.items()
            for text, brief in said.texts(self._touched, by_preset=by_preset, ordered=ordered)
        )

    def ordered(self) -> tuple[Note, ...]:
        """Return a note a topic, the same in whatever order the scenarios came."""
        return tuple(sorted(self.notes(by_preset=False, ordered=True), key=_rank))


def _note(topic: Topic, text: str, brief: str) -> Note:
    """Return a note; of what is not verified the short one only names the field."""
    if topic.name == UNVERIFIED:
        return Note(topic.name, text, topic.about, topic.about)
    return Note(topic.name, text, topic.about, None if brief == text else brief)


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
        self._last: Statement | None = None
        self._common = list(statement)
        self._keyed: dict[str, list[Clause]] = {}
        """By key, what all statements that have the key have in common of it."""
        self._of_all: set[Clause] = set()
        """Clauses with a key that are to be told only if they hold of all columns."""

    def add(self, statement: Statement) -> None:
        if statement is self._last or statement in self._variants:
            return
        self._last = statement
        if len(self._variants) <= MOST_VARIANTS:
            self._variants[statement] = None
        self._common = [clause for clause in self._common if clause in statement]
        own: dict[str, list[Clause]] = {}
        for clause in statement:
            if clause.key:
                own.setdefault(clause.key, []).append(clause)
        self._of_all.update(clauses[0] for clauses in own.values())
        for key, clauses in own.items():
            self._keyed[key] = [clause for clause in self._keyed.get(key, clauses) if clause in clauses]

    def texts(self, touched: frozenset[str] | None, *, by_preset: bool, ordered: bool) -> list[tuple[str, str]]:
        """Return texts, each with what of it bears on the figures shown, in few words."""
        if len(self._variants) <= MOST_VARIANTS and (by_preset or not self._common):
            told = [_first(each) for each in (sorted(self._variants) if ordered else self._variants)]
        else:
            told = [[*_first(self._common), *self._of_some()]]
        seen = [[clause for clause in each if not clause.seen_from(touched).fine] for each in told]
        return [(text, brief) for text, brief in zip(map(joined, told), _briefs(seen), strict=True) if text]

    def _of_some(self) -> Iterator[Clause]:
        """Yield what is to be told of a key that only some columns have, or with which nothing holds of all."""
        of_all = {clause.key for clause in self._common}
        for key, clauses in self._keyed.items():
            if key not in of_all:
                yield from [clause for clause in clauses if clause not in self._of_all][:1]


def _first(clauses: Iterable[Clause]) -> list[Clause]:
    """Return clauses, of those with one key the first only."""
    first: dict[str, Clause] = {}
    return [clause for clause in clauses if not clause.key or first.setdefault(clause.key, clause) is clause]


def _briefs(variants: list[list[Clause]]) -> list[str]:
    """Return a text for each variant; what they have in common is said once, by the first of them."""
    common = [clause for clause in variants[0] if all(clause in each for each in variants)]
    own = list(dict.fromkeys(joined(clause for clause in each if clause not in common) for each in variants))
    texts = [text for text in own if text]
    if not texts:
        return [joined(common), *[""] * (len(variants) - 1)]
    if not common and sum(map(len, texts)) > SHORT:
        return [joined(each) for each in variants]
    either = f"{'some: ' if '' in own else ''}{' or '.join(texts)}"
    return ["; ".join(filter(None, (joined(common), either))), *[""] * (len(variants) - 1)]
