"""The PTE_LIST_EXT of which a host's slabs are smallest, and what it costs in list walks."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.leaders import leaders
from ptelist.engine import mmu
from ptelist.engine.account import descriptors, slabs_of
from ptelist.engine.figure_kinds import DESC, DESC_TOTAL
from ptelist.engine.ledger import Unit, total
from ptelist.engine.lists.descriptors import HEAD, WALK
from ptelist.engine.lists.walks import average, by_adds, by_removals
from ptelist.errors import PtelistError
from ptelist.settings.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ptelist.engine.ledger import Ledger, Term
    from ptelist.engine.lists.walks import Lengths
    from ptelist.scenario.models import Scenario
    from ptelist.settings.columns import Column, Columns

EXT = "ext"
RANGE = "2..64"
"""Values of PTE_LIST_EXT that are tried unless told otherwise."""

ERAS = {WALK: "up to v6.3", HEAD: "from v6.4"}
OPERATIONS = (by_adds, by_removals)
MOST_LENGTHS = 10_000
"""Lists that may have any of more lengths than these say nothing of walks."""

WALKED = Work("lengths of lists in all columns", 2_000_000, f"give fewer values of --{EXT}, or fewer lists")
"""What each costs is worked out for every value; it takes some 3 us."""

Touches = tuple[Fraction, Fraction]
"""The least and the most descriptors that an operation touches on average."""


class Candidate(NamedTuple):
    """One PTE_LIST_EXT: its figures, and the descriptors that an add and a removal touch, by policy."""

    ext: int
    ledger: Ledger
    touched: dict[str, tuple[Touches, Touches]]
    """Empty without lists."""


class Best(NamedTuple):
    """All candidates of one kernel profile (and whatever else varies), in the order of their size."""

    name: str
    policy: str
    own: int
    """The kernel's own value."""
    candidates: tuple[Candidate, ...]
    ties: tuple[Candidate, ...]
    """The one of the lowest upper bound, and those that take the same whatever is open."""
    rivals: tuple[Candidate, ...]
    """Those that may take less."""

    def within(self, percent: int) -> list[int]:
        """Return the values that take at most so many percent more than the best, by their high ends."""
        most = self.ties[0].ledger[DESC_TOTAL].high * (100 + percent)
        return [each.ext for each in self.candidates if each.ledger[DESC_TOTAL].high * 100 <= most]


def in_caches(scenario: Scenario) -> Term:
    """Return the descriptors that the caches of a scenario's VMs hold."""
    ledger = descriptors(scenario, aside=False)
    caches = [ledger[f"{DESC}.objects.{name}"] for name in ("vcpu_caches", "split_caches")]
    return total(f"{DESC}.objects.in_caches", Unit.OBJECTS, caches)


def held(scenario: Scenario, lists: Term) -> Ledger:
    """Return the figures of a host whose caches are those of the scenario, and whose lists are these."""
    return slabs_of(scenario, total(f"{DESC}.objects", Unit.OBJECTS, (in_caches(scenario), lists)))


def classes(scenario: Scenario) -> list[Lengths]:
    """Return the lists that a scenario's VMs name."""
    return [
        (each.count * vm.count, range(each.entries, (each.entries_to or each.entries) + 1))
        for vm in scenario.vms
        for each in (*vm.rmaps, *vm.parent_ptes)
    ]


def own(columns: Columns) -> dict[str, int]:
    """Return PTE_LIST_EXT in force in each column, by what it has on the axes but that one."""
    return {_name(column): _ext(column.scenario) for column in columns.columns}


def _ext(scenario: Scenario) -> int:
    return mmu.ext(scenario.kernel, scenario.first_vm)


def _name(column: Column) -> str:
    labels = zip(column.axes, column.labels, strict=True)
    return ", ".join(f"{axis}={label}" for axis, label in labels if axis != EXT)


def best(
    columns: Columns, owned: dict[str, int], ledgers: Iterable[Ledger], lists: Iterable[Sequence[Lengths]]
) -> list[Best]:
    """Return the candidates of every scenario that differs in more than PTE_LIST_EXT.

    `owned` is what `own` says of the same columns without their PTE_LIST_EXT. Columns, their ledgers and
    their lists go together. Raises PtelistError if lists are too open.
    """
    groups: dict[str, list[tuple[Column, Candidate]]] = {}
    keys = [(tuple(lengths), _ext(column.scenario)) for column, lengths in zip(columns.columns, lists, strict=True)]
    different = dict.fromkeys(keys)
    WALKED.bound(sum(len(lengths) for named, _ in different for _, lengths in named))
    averages = {key: _touched(*key) for key in different}
    for column, ledger, key in zip(columns.columns, ledgers, keys, strict=True):
        groups.setdefault(_name(column), []).append((column, Candidate(key[1], ledger, averages[key])))
    return [_best(name, owned[name], members) for name, members in groups.items()]


def _best(name: str, owned: int, members: list[tuple[Column, Candidate]]) -> Best:
    kernel = members[0][0].scenario.kernel
    candidates = sorted((candidate for _, candidate in members), key=lambda each: each.ext)
    places = leaders([each.ledger[DESC_TOTAL] for each in candidates])
    ties, rivals = (tuple(candidates[number] for number in numbers) for numbers in places)
    return Best(name or f"kernel={kernel.version}", kernel.list_policy, owned, tuple(candidates), ties, rivals)


def _touched(lists: tuple[Lengths, ...], ext: int) -> dict[str, tuple[Touches, Touches]]:
    """Return the descriptors that an add and a removal touch on average under each policy."""
    if not lists:
        return {}
    if max(len(lengths) for _, lengths in lists) > MOST_LENGTHS:
        raise PtelistError(f"lists of more than {MOST_LENGTHS:,} possible lengths say nothing of walks: narrow them")
    spans = {}
    for policy in (WALK, HEAD):
        adds, removals = (
            average(lists, lambda length, count=count, policy=policy: count(length, ext, policy))  # type: ignore[misc]
            for count in OPERATIONS
        )
        spans[policy] = _span(adds), _span(removals)
    return spans


def _span(ends: tuple[tuple[int, int], tuple[int, int]]) -> Touches:
    return Fraction(*ends[0]), Fraction(*ends[1])
