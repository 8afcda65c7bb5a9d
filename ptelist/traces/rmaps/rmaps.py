"""What a VM's rmap lists take, as far as a histogram tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.assumptions import assume
from ptelist.compare.clauses import PROPOSAL, UNVERIFIED
from ptelist.engine import mmu
from ptelist.engine.account import slabs_of
from ptelist.engine.figure_kinds import DESC, DESC_TOTAL
from ptelist.engine.ledger import Unit, of_lists, rule, total
from ptelist.engine.lists import histogram
from ptelist.engine.lists.descriptors import GROWN, HEAD
from ptelist.engine.lists.histogram import FFS, Class, Level, Lists, with_longest
from ptelist.errors import PtelistError
from ptelist.output.note import Note
from ptelist.output.numbers import interval
from ptelist.output.sentence import plural
from ptelist.readers.host.rmaps_stat import LABELS, PAGE_SIZES
from ptelist.settings.work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.engine.ledger import Ledger, Term
    from ptelist.readers.host.rmaps_stat import Histogram
    from ptelist.scenario.models import Scenario
    from ptelist.settings.columns import Column, Columns

HISTOGRAM_FIGURES = tuple(
    f"{DESC}.{name}"
    for name in ("ext", "size", "objects", "slabs", "bytes.used", "bytes.slab", "bytes.memcg", "bytes.total")
)
HISTOGRAM_BRIEFS = (
    (f"{DESC}.objects", f"{DESC}.slabs", f"{DESC}.bytes.slab", DESC_TOTAL),
    (f"{DESC}.objects", DESC_TOTAL),
    (DESC_TOTAL,),
)
"""What is left with one row a column."""

TOPICS = frozenset(("kernel", "host", "slabs", PROPOSAL, UNVERIFIED))
"""Topics of the assumptions that bear on lists alone."""

UNBOUNDED = 1 << 60

LENGTHS = Work("lengths that lists may have in all columns", 2_000_000, "give fewer values, such as of --ext")
"""The descriptors of each are worked out for every column; it takes some 3 us."""

HOW = {
    FFS: "by the lowest set bit of its length (ffs), up to v7.1, whatever the labels say: column 2-3 has"
    " lists of 2, 6, 10, ... entries, column 4-7 those of 4, 12, 20, ...",
    "fls": "by its length, as the labels say (fls, from v7.2)",
}


class Limits(NamedTuple):
    """What is known beside the histogram; None where nothing is."""

    pages: dict[str, int | None]
    """pages_4k, pages_2m and pages_1g by page size."""
    longest: int | None
    """max_mmu_rmap_size."""
    beside: tuple[str, ...] = ()
    """Counters that were not given but read from beside the file."""
    moving: tuple[str, ...] = ()
    """Counters that changed while the file was read, and are not used."""


class Measured(NamedTuple):
    """One column: its lists, and what they take."""

    column: Column
    levels: tuple[Level, ...]
    longest: int
    ledger: Ledger


def assumed(  # noqa: PLR0913 -- all that is known
    lists: Histogram, limits: Limits, columns: Sequence[Measured], how: str, counted: Note, *, by_preset: bool
) -> Iterator[Note]:
    """Yield how the file was read, what is counted of it or beside it, and the assumptions that bear on lists."""
    yield from _notes(lists, limits, columns, how)
    yield counted
    notes = assume([each.column.scenario for each in columns], by_preset=by_preset)
    yield from (note for note in notes if note.topic in TOPICS)


def measured(lists: Histogram, limits: Limits, chosen: Columns, how: str) -> list[Measured]:
    """Return the lists of each column, and bounds for what they take.

    `how` is the rule by which the file has lists in columns. Raises PtelistError if histogram and limits exclude
    each other.
    """
    open_ = [_levels(lists, limits, column.scenario, how) for column in chosen.columns]
    LENGTHS.bound(sum(len(each.lengths) for levels in open_ for level in levels for each in level.classes))
    return [_measure(column, levels, limits) for column, levels in zip(chosen.columns, open_, strict=True)]


def _levels(lists: Histogram, limits: Limits, scenario: Scenario, how: str) -> tuple[Level, ...]:
    longest = _longest(scenario, limits)
    levels = tuple(_level(name, lists.counts[name], limits.pages[name], scenario, how, longest) for name in PAGE_SIZES)
    if not _reached(scenario, limits):
        return levels
    try:
        return with_longest(levels, longest)
    except ValueError as error:
        raise PtelistError(f"max_mmu_rmap_size: does not go with the file and --history {GROWN}: {error}") from None


def _reached(scenario: Scenario, limits: Limits) -> bool:
    """Return whether a list has as many entries as one ever had: none ever left, and one had two or more.

    max_mmu_rmap_size is the most that pte_list_add() has found in a list before it added another (__rmap_add(),
    arch/x86/kvm/mmu/mmu.c, ec1cf69c3769).
    """
    return scenario.first_vm.history == GROWN and 0 < (limits.longest or 0) < _longest(scenario, limits)


def _measure(column: Column, levels: tuple[Level, ...], limits: Limits) -> Measured:
    scenario = column.scenario
    longest = _longest(scenario, limits)
    rules = _ext(scenario), scenario.kernel.list_policy, scenario.first_vm.history, longest
    parts = []
    for name, level in zip(PAGE_SIZES, levels, strict=True):
        try:
            parts.append(_term(name, Lists(level, *rules)))
        except ValueError as error:
            counter = f"pages_{name.lower()}"
            hint = ", as read beside it (--no-counters leaves it out)" if counter in limits.beside else ""
            raise PtelistError(f"{counter}: does not go with the file{hint}: {error}") from None
    ledger = slabs_of(scenario, total(f"{DESC}.objects.rmaps", Unit.OBJECTS, parts))
    return Measured(column, levels, longest, ledger)


def _term(name: str, lists: Lists) -> Term:
    """Return the descriptors of the lists of one page size; raises ValueError if these cannot be."""
    level = lists.level
    ends = histogram.descriptors([level], lists.ext, lists.policy, lists.history, lists.longest)
    count = sum(each.lists for each in level.classes)
    least, most = histogram.entries(level)
    span = max(least, level.entries[0]), min(most, level.entries[1])
    entries = rule("entries", *span, Unit.ENTRIES, f"of {count:,} lists, by their columns and the VM's counters")
    return of_lists(f"rmaps of {name} pages", ends, "lengths that the columns leave open", lists, entries)


def _ext(scenario: Scenario) -> int:
    return mmu.ext(scenario.kernel, scenario.first_vm)


def _longest(scenario: Scenario, limits: Limits) -> int:
    """Return the most entries that a list can have.

    With the policy walk the kernel counts up to the first descriptor with room only, so the
    longest count is that of the longest list only if no entry ever left one.
    """
    cap = mmu.rmap_cap(scenario.kernel)
    if limits.longest is None or not _counts_all(scenario):
        return cap
    return min(cap, limits.longest + 1)


def _counts_all(scenario: Scenario) -> bool:
    return scenario.kernel.list_policy == HEAD or scenario.first_vm.history == GROWN


def _level(  # noqa: PLR0913, PLR0917 -- all that is known of a level's lists
    name: str, counts: Sequence[int], pages: int | None, scenario: Scenario, how: str, longest: int
) -> Level:
    classes = []
    for column, count in enumerate(counts):
        if column and count:
            lengths = histogram.lengths(column, how, longest)
            if not lengths:
                where = f"Level={name}: {count:,} lists in column {LABELS[column]}"
                raise PtelistError(f"{where}, but none has more than {longest} entries")
            classes.append(Class(count, lengths))
    if pages is None:
        return Level(tuple(classes), (0, UNBOUNDED))
    alone = not mmu.tdp_mmu(scenario.kernel, scenario.first_vm)
    return Level(tuple(classes), (pages if alone else 0, pages))


def _notes(lists: Histogram, limits: Limits, columns: Sequence[Measured], how: str) -> Iterator[Note]:
    yield Note("columns", f"a list is counted {HOW[how]}")
    if limits.beside:
        text = f"{', '.join(limits.beside)} as read beside the file (--no-counters leaves them out)"
        yield Note("counters", text)
    if limits.moving:
        yield Note("counters", f"{', '.join(limits.moving)} changed while the file was read, not used")
    for name, counts in lists.counts.items():
        if any(counts[1:]):
            spans = [histogram.entries(each.levels[PAGE_SIZES.index(name)]) for each in columns]
            least, most = min(span[0] for span in spans), max(span[1] for span in spans)
            known = _known(name, limits.pages[name], columns[0].column.scenario)
            amount = f"{interval(least, most)} entr{'y' if most == 1 else 'ies'}"
            text = f"{plural(sum(counts[1:]), 'list')} with {amount} in all, by their columns{known}"
            yield Note(f"Level={name}", text)
    cap = max(each.longest for each in columns)
    if all(_reached(each.column.scenario, limits) for each in columns):
        yield Note("longest", f"a list has {cap:,} entries, max_mmu_rmap_size and one more, and none has more")
    elif cap < mmu.rmap_cap(columns[0].column.scenario.kernel):
        yield Note("longest", f"no list has more than {cap:,} entries, max_mmu_rmap_size and one more")
    else:
        yield Note("longest", f"no list has more than {cap:,} entries, or it would have been zapped")
    if limits.longest is not None and not all(_counts_all(each.column.scenario) for each in columns):
        text = "not used, up to v6.3 a list is counted to its first descriptor with room only"
        yield Note("max_mmu_rmap_size", text)
    history = {each.column.scenario.first_vm.history for each in columns}
    if history == {GROWN}:
        yield Note("history", "no entry ever left a list (--history grown)")
    else:
        yield Note("history", "entries may have left lists, and the last one keeps its descriptor")


def _known(name: str, pages: int | None, scenario: Scenario) -> str:
    if pages is None:
        return ""
    if mmu.tdp_mmu(scenario.kernel, scenario.first_vm):
        return f"; at most pages_{name.lower()}, {pages:,}, for leaves of the TDP MMU are among these"
    return f"; pages_{name.lower()} says {pages:,}"
