"""What a comparison took for granted, in sentences for below the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare import vm_clauses
from ptelist.compare.clause import joined
from ptelist.compare.clauses import UNVERIFIED, Topic, of_all, of_its_own, of_vms, unverified
from ptelist.engine.repeated import Repeated
from ptelist.output.note import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ptelist.compare.clause import Clause
    from ptelist.compare.clauses import Statement
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

    def __init__(self, *, releases: bool = True, counted: bool = True, touched: frozenset[str] | None = None) -> None:
        """Start with no scenario.

        `releases`: whether kernels are told by their release, not their profile alone; `counted`: whether the VMs of
        a scenario are all that there are.
        """
        self._counted = counted
        self._touched = touched
        self._topics: dict[Topic, _Said] = {}
        self._of_all = Repeated(lambda scenario: ((), tuple(of_all(scenario, releases=releases))))
        self._of_vms = Repeated(lambda scenario: ((), of_vms(scenario)))
        self._vms: list[_Said] = []
        """Of each group, in order; they are among the topics."""
        self._last: object = None
        self._kernels: set[_Told] = set()

    def add(self, scenario: Scenario) -> None:
        """Take one more scenario."""
        kernel = _Told(scenario.kernel)
        _, common = self._of_all(scenario)
        said = [*(() if common is self._last else common), *of_its_own(scenario)]
        self._last = common
        if kernel not in self._kernels:
            self._kernels.add(kernel)
            said += unverified(scenario)
        for topic, statement in said:
            so_far = self._topics.get(topic)
            if so_far is None:
                so_far = self._topics[topic] = _Said(statement)
            so_far.add(statement)
        self._add_vms(scenario)

    def _add_vms(self, scenario: Scenario) -> None:
        _, machines = self._of_vms(scenario)
        for number, (vm, machine) in enumerate(zip(scenario.vms, machines, strict=True)):
            size = vm_clauses.size(vm, counted=self._counted)
            if number == len(self._vms):
                said = self._topics[Topic("vm", group=number)] = _Said(_sized(size, machine))
                self._vms.append(said)
            self._vms[number].add_sized(size, machine)

    def notes(self, *, by_preset: bool, ordered: bool = False) -> tuple[Note, ...]:
        """Return a note a topic, the most basic first, those alike in the order in which they came; see `assume`."""
        return tuple(
            _note(topic, text, brief)
            for topic, said in sorted(self._topics.items(), key=lambda each: _rank(each[0].name))
            for text, brief in said.texts(self._touched, by_preset=by_preset, ordered=ordered)
        )

    def ordered(self) -> tuple[Note, ...]:
        """Return a note a topic, the same in whatever order the scenarios came."""
        notes = self.notes(by_preset=False, ordered=True)
        return tuple(sorted(notes, key=lambda note: (_rank(note.topic), str(note))))


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


def _rank(topic: str) -> int:
    return ORDER.index(topic) if topic in ORDER else len(ORDER)


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
        self._machine: Statement = ()
        self._sizes: list[Clause] = []
        """The last one that was told of VMs, but for their size, and up to two sizes with it."""

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

    def add_sized(self, size: Clause, machine: Statement) -> None:
        """Add what is said of VMs; of those that differ in size alone, which has no key, the first few tell all."""
        if machine is not self._machine:
            self._machine, self._sizes = machine, []
        elif len(self._sizes) > 1 and len(self._variants) > MOST_VARIANTS:
            return
        if size not in self._sizes:
            self._sizes.append(size)
        self.add(_sized(size, machine))

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


def _sized(size: Clause, machine: Statement) -> Statement:
    """Return what is said of VMs, with their size behind what they are called."""
    return machine[0], size, *machine[1:]


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
