"""What the memory caches of one VM hold beside the tables and descriptors that were drawn from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import rules
from ptelist.engine.ledger import Term, Unit, fixed, product, rule, total
from ptelist.engine.lists import ANY
from ptelist.engine.memory_caches import Drawing

if TYPE_CHECKING:
    from ptelist.engine.facts import Facts
    from ptelist.engine.trees import Trees
    from ptelist.scenario import Kernel, Vm

OBJECTS = Unit.OBJECTS


class Drawn(NamedTuple):
    """Objects of one kind: in vCPU caches, in the split cache, and those with all that was drawn from both."""

    left: Term
    split: Term | None
    held: Term


class _Split(NamedTuple):
    """The VM's cache for eager splitting, and how many objects splits may have drawn from it."""

    capacity: Term
    law: Drawing
    draws: tuple[int, int]
    caches: int = 1
    """The most that may be filled; only one is filled for sure."""


class Caches:
    """The memory caches of one VM, whose vCPUs that ran have them filled."""

    def __init__(self, facts: Facts, kernel: Kernel, vm: Vm, number: int) -> None:
        """Take the VM group with this number."""
        self._facts, self._kernel, self._vm = facts, kernel, vm
        self._run = facts.vm(number, "vcpus" if vm.vcpus_run is None else "vcpus_run")
        self._capacity = facts.kernel("cache_capacity", OBJECTS)

    def descriptors(self, lists: Term, capacity: Term, at_once: int) -> Drawn:
        """Return the descriptors, of which `lists` are in lists; a fault draws `at_once` at most."""
        minimum = rules.desc_topup_min(self._kernel)
        why = "1 + PT64_ROOT_MAX_LEVEL + PTE_PREFETCH_NUM"
        needed = fixed("desc_topup_min", minimum, OBJECTS, why, self._facts.kernel("pte_prefetch_num", OBJECTS))
        law = self._law(capacity, minimum, self._run.low, at_once, lists.high - -(-lists.high // at_once))
        split = None
        if self._vm.eager_split:
            most = self.split_capacity
            needs = most.low - self._capacity.low
            split = _Split(most, Drawing(most.low, needs, 1, needs, lists.high, followed=False), (0, lists.high))
        known = self._vm.history != ANY or not rules.uses_rmaps(self._kernel, self._vm)
        return self._drawn("descriptors", (self._run,), capacity, needed, law, lists, split, known=known)

    def tables(self, what: str, drawn: Term, trees: Trees, sets: Term | None = None, *, splits: int) -> Drawn:
        """Return the headers, or the pages of one kind, of which live tables have `drawn`.

        A vCPU has `sets` caches of the kind, one if that is not given. Eager splitting
        draws its tables from a cache of the VM's own, or from up to `splits` of them.
        """
        needed = self._facts.kernel("page_topup_min", OBJECTS)
        caches = (self._run, sets) if sets else (self._run,)
        at_once = self._vm.root_level - 1
        beyond = max(drawn.high - trees.least_faults, 0)
        drawing = self._law(
            self._capacity,
            needed.low,
            self._run.low * (sets.low if sets else 1),
            at_once,
            beyond,
            followed=trees.followed,
        )
        split = None
        if splits and self._vm.eager_split:
            most = trees.most_splits
            law = Drawing(self._capacity.low, 1, 1, 1, 0, followed=False)
            split = _Split(self._capacity, law, (min(1, most), most), splits)
        known = self._vm.history != ANY and not trees.recycles and not (split and not split.draws[1])
        return self._drawn(what, caches, self._capacity, needed, drawing, drawn, split, known=known)

    @property
    def split_capacity(self) -> Term:
        """Return how many descriptors the split cache holds: SPLIT_DESC_CACHE_MIN_NR_OBJECTS and the usual 40."""
        entries = self._facts.kernel("spte_ent_per_page", Unit.ENTRIES)
        need = fixed("split_desc_min", entries.low + 1, OBJECTS, "SPTE_ENT_PER_PAGE + 1", entries)
        return total("split_desc_capacity", OBJECTS, (need, self._capacity))

    def _law(  # noqa: PLR0913 -- what the law goes by
        self, capacity: Term, minimum: int, caches: int, at_once: int, beyond: int, *, followed: bool = False
    ) -> Drawing:
        """Return how these caches are drawn from; a proposal's capacity may lie below its minimum."""
        least = min(minimum, capacity.low)
        return Drawing(capacity.low, least, caches, min(at_once, least), beyond, followed)

    def _drawn(  # noqa: PLR0913 -- a cache, its rule, and what came out of it
        self,
        what: str,
        caches: tuple[Term, ...],
        capacity: Term,
        needed: Term,
        law: Drawing,
        drawn: Term,
        split: _Split | None,
        *,
        known: bool,
    ) -> Drawn:
        filled = product("filled", OBJECTS, *caches, capacity)
        full = split and self._full(split)
        parts = (filled, drawn, *((full,) if full else ()))
        if self._vm.caches == "topped-up" or not capacity.low or (known and not drawn.high):
            return Drawn(filled, full, total(what, OBJECTS, parts) if drawn.high or full else filled)
        if not known:
            left = self._open(what, law, filled, needed)
            spare = full and rule("split", 0, full.high, OBJECTS, _unknown(what), full)
            return Drawn(left, spare, total(what, OBJECTS, (left, drawn, *((spare,) if spare else ()))))
        low, high = drawn.low, drawn.high
        if split:
            low, high = max(low - split.draws[1], 0), max(high - split.draws[0], 0)
        found = law.held(low, high)
        note = _note(what, law, drawn, found.high > filled.high)
        inputs = (filled, drawn, needed) if found.high > filled.high else (filled, drawn)
        left = rule("left", found.left_low, found.left_high, OBJECTS, note, *inputs)
        least, most, spare = found.low, found.high, None
        if split and full:
            rest, others = split.law.held(*split.draws), full.high - full.low
            why = f"splits drew {what} from a cache of the VM's own; how many is open"
            spare = rule("split", rest.left_low, rest.left_high + others, OBJECTS, why, full, drawn)
            least = max(least + rest.low, drawn.low + left.low + spare.low)
            most = min(most + rest.high + others, drawn.high + left.high + spare.high)
            inputs = (*inputs, full)
        note = f"{what} left in caches and drawn from them: as many as were filled in, and refilled"
        return Drawn(left, spare, rule(what, least, most, OBJECTS, note, *inputs))

    @staticmethod
    def _full(split: _Split) -> Term:
        """Return what the split caches hold when they are just filled."""
        if split.caches == 1:
            return split.capacity
        why = "split_shadow_page_cache of each node that a split huge page was on"
        return product("split", OBJECTS, rule("split_caches", 1, split.caches, Unit.COUNT, why), split.capacity)

    @staticmethod
    def _open(what: str, law: Drawing, filled: Term, needed: Term) -> Term:
        low, high = law._replace(beyond_first=law.caches * law.at_once, followed=False).any_left()
        return rule("left", low, high, OBJECTS, _unknown(what), filled, needed)


def _unknown(what: str) -> str:
    return f"{what} were freed since, so how many were drawn after the last top-up is open"


def _note(what: str, law: Drawing, drawn: Term, refilled: bool) -> str:
    """Return why so many are left, and by how much that is open for each cache."""
    if not refilled:
        return f"filled at each vCPU's first KVM_RUN, less the {what} drawn since; none of them brings a refill"
    each = law.most_missing // law.caches
    return (
        f"filled at each vCPU's first KVM_RUN; which vCPU drew which {what} is open: a fault that finds fewer than"
        f" {law.minimum} refills to {law.capacity}, so a cache lacks 0 to {each}"
    )
