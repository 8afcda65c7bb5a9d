"""What the memory caches of one VM hold beside the tables and descriptors that were drawn from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import mmu
from ptelist.engine.ledger import Term, Unit, fixed, held, product, rule, total
from ptelist.engine.memory_cache import DrawLaw

if TYPE_CHECKING:
    from ptelist.engine.facts import Facts
    from ptelist.engine.trees import Trees
    from ptelist.scenario.models import Kernel, Vm

OBJECTS = Unit.OBJECTS


class Drawn(NamedTuple):
    """Objects of one kind: in vCPU caches, in the split cache, and those with all that was drawn from both."""

    left: Term
    split: Term | None
    held: Term


class _Split(NamedTuple):
    """The VM's cache for eager splitting, and how many objects splits may have drawn from it."""

    capacity: Term
    law: DrawLaw
    draws: tuple[int, int]
    caches: int = 1
    """The most that may be filled; only one is filled for sure."""


class _Kind(NamedTuple):
    """The caches of one kind of object in all vCPUs that ran, and what was drawn from them."""

    what: str
    filled: Term
    """What their first top-ups took."""
    needed: Term
    """How many a fault must find."""
    law: DrawLaw
    drawn: Term
    """What is in use of that."""
    split: _Split | None
    known: bool
    """Whether all that was ever drawn is still in use."""
    entries: tuple[Term, ...] = ()
    """How many entries an object has room for, of which it follows how many are drawn."""
    timed: tuple[Term, ...] = ()
    """The same where it follows when they are drawn, too, and so which draws bring a refill."""


class Caches:
    """The memory caches of one VM, whose vCPUs that ran have them filled."""

    def __init__(self, facts: Facts, kernel: Kernel, vm: Vm, number: int) -> None:
        """Take the VM group with this number."""
        self._facts, self._kernel, self._vm = facts, kernel, vm
        self._run = facts.vm(number, "vcpus" if vm.vcpus_run is None else "vcpus_run")
        self._capacity = facts.kernel("cache_capacity", OBJECTS)

    def descriptors(self, lists: Term, capacity: Term, at_once: int, *, several: bool) -> Drawn:
        """Return the descriptors, of which `lists` are in lists; a fault draws `at_once` at most.

        `several`: a list may take more than the one for its second entry.
        """
        filled = product("filled", OBJECTS, self._run, capacity)
        minimum = mmu.desc_topup_min(self._kernel)
        why = "1 + PT64_ROOT_MAX_LEVEL + PTE_PREFETCH_NUM"
        needed = fixed("desc_topup_min", minimum, OBJECTS, why, self._facts.kernel("pte_prefetch_num", OBJECTS))
        beyond = lists.high - -(-lists.high // at_once)
        law = _law(capacity.low, minimum, at_once, self._run.low, beyond)
        split = None
        if self._vm.eager_split:
            most = self.split_capacity
            needs = most.low - self._capacity.low
            split = _Split(most, _law(most.low, needs, needs, beyond_first=lists.high), (0, lists.high))
        known = not (mmu.uses_rmaps(self._kernel, self._vm) and mmu.entries_removed(self._kernel, self._vm))
        entries = self._facts.kernel(mmu.ext_field(self._kernel, self._vm), Unit.ENTRIES)
        timed = (entries,) if several else ()
        return self._drawn(_Kind("descriptors", filled, needed, law, lists, split, known, (entries,), timed))

    def tables(  # noqa: PLR0913 -- what is drawn, and how
        self, what: str, drawn: Term, trees: Trees, sets: Term | None = None, *, faults: int, splits: int = 0
    ) -> Drawn:
        """Return the headers, or the pages of one kind, of which live tables have `drawn`.

        A vCPU has `sets` caches of the kind, one if that is not given. At least so many
        `faults` drew some, as many as a level of each tree has. Eager splitting draws its
        tables from a cache of the VM's own, or from up to `splits` of them.
        """
        caches = (self._run, sets) if sets else (self._run,)
        filled = product("filled", OBJECTS, *caches, self._capacity)
        needed = self._facts.kernel("page_topup_min", OBJECTS)
        beyond = max(drawn.high - faults, 0)
        count = self._run.low * (sets.low if sets else 1)
        at_once = self._vm.root_level - 1
        law = _law(self._capacity.low, needed.low, at_once, count, beyond, followed=trees.followed)
        split = None
        if splits and self._vm.eager_split:
            most = trees.most_splits
            split = _Split(self._capacity, _law(self._capacity.low, 1, 1), (min(1, most), most), splits)
        freed = mmu.tables_freed(self._kernel, self._vm) or trees.recycles
        known = not freed and not (split and not split.draws[1])
        return self._drawn(_Kind(what, filled, needed, law, drawn, split, known))

    @property
    def split_capacity(self) -> Term:
        """Return how many descriptors the split cache holds: SPLIT_DESC_CACHE_MIN_NR_OBJECTS and the usual 40."""
        entries = self._facts.kernel("spte_ent_per_page", Unit.ENTRIES)
        need = fixed("split_desc_min", entries.low + 1, OBJECTS, "SPTE_ENT_PER_PAGE + 1", entries)
        return total("split_desc_capacity", OBJECTS, (need, self._capacity))

    def _drawn(self, kind: _Kind) -> Drawn:
        filled, drawn, full = kind.filled, kind.drawn, kind.split and _full(kind.split)
        if self._vm.caches == "topped-up" or not kind.law.capacity or (kind.known and not drawn.high):
            left, spare = filled, full
        elif kind.known:
            return _law_abiding(kind, full)
        else:
            left, spare = _unknown(kind, full)
        parts = [left, *((drawn,) if drawn.high else ()), *((spare,) if spare else ())]
        return Drawn(left, spare, left if len(parts) == 1 else total(kind.what, OBJECTS, parts))


def _law(  # noqa: PLR0913 -- what DrawLaw has
    capacity: int, minimum: int, at_once: int, caches: int = 1, beyond_first: int = 0, *, followed: bool = False
) -> DrawLaw:
    """Return how caches are drawn from; a proposal's capacity may lie below its minimum."""
    least = min(minimum, capacity)
    return DrawLaw(capacity, least, caches, min(at_once, least), beyond_first, followed)


def _full(split: _Split) -> Term:
    """Return what the split caches hold when they are just filled."""
    if split.caches == 1:
        return split.capacity
    why = "split_shadow_page_cache of each node that a split huge page was on"
    return product("split", OBJECTS, rule("split_caches", 1, split.caches, Unit.COUNT, why), split.capacity)


def _unknown(kind: _Kind, full: Term | None) -> tuple[Term, Term | None]:
    """Return what vCPU caches and split caches hold if some of what was drawn has been freed."""
    why = f"{kind.what} were freed since, so how many were drawn after the last top-up is open"
    law = kind.law._replace(beyond_first=kind.law.caches * kind.law.at_once, followed=False)
    left = rule("left", *law.any_left(), OBJECTS, why, kind.filled, kind.needed, kind.drawn, *kind.entries)
    return left, full and rule("split", 0, full.high, OBJECTS, why, full, kind.drawn, *kind.entries)


def _law_abiding(kind: _Kind, full: Term | None) -> Drawn:
    """Return what is left after all of what is in use was drawn, and the whole, which is known more narrowly."""
    what, filled, drawn, split = kind.what, kind.filled, kind.drawn, kind.split
    others = split.draws if split else (0, 0)
    found = kind.law.held(max(drawn.low - others[1], 0), max(drawn.high - others[0], 0))
    refilled = found.high > filled.high
    inputs = (filled, drawn, kind.needed, *kind.timed) if refilled else (filled, drawn)
    left = rule("left", found.left_low, found.left_high, OBJECTS, _note(kind, refilled=refilled), *inputs)
    least, most, spare = found.low, found.high, None
    if split and full:
        rest, nodes = split.law.held(*split.draws), full.high - full.low
        why = f"splits drew {what} from a cache of the VM's own; how many is open"
        spare = rule("split", rest.left_low, rest.left_high + nodes, OBJECTS, why, full, drawn, *kind.timed)
        least = max(least + rest.low, drawn.low + left.low + spare.low)
        most = min(most + rest.high + nodes, drawn.high + left.high + spare.high)
    note = f"{what} left in caches and drawn from them: as many as first top-ups took"
    if refilled:
        note += f", and what refills took: how many is open, for any vCPU may draw the {what}"
    parts = (drawn, left, spare) if spare else (drawn, left)
    return Drawn(left, spare, held(what, (least, most), note, *parts))


def _note(kind: _Kind, *, refilled: bool) -> str:
    """Return why so many are left, and by how much that is open for each cache."""
    what, law = kind.what, kind.law
    if not refilled:
        return f"filled at each vCPU's first KVM_RUN, less the {what} drawn since; none of them brings a refill"
    each = law.most_missing // law.caches
    return (
        f"filled at each vCPU's first KVM_RUN; which vCPU drew which {what} is open: a fault that finds fewer than"
        f" {law.minimum} refills to {law.capacity}, so a cache lacks 0 to {each}"
    )
