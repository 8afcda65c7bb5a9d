"""The descriptors that the lists of one VM take: rmaps and parent_ptes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import mmu, nested
from ptelist.engine.ledger import Op, Term, Unit, ceil_div, fixed, nothing, product, rule, total
from ptelist.engine.lists import recycler
from ptelist.engine.lists.descriptors import ANY, GROWN, HEAD, MIN_EXT, bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ptelist.engine.facts import Facts
    from ptelist.engine.trees import Trees
    from ptelist.scenario.models import Kernel, ListClass, Vm

OBJECTS, ENTRIES, COUNT, PAGES = Unit.OBJECTS, Unit.ENTRIES, Unit.COUNT, Unit.PAGES


class Chains:
    """The lists of one VM group, as terms for a single VM."""

    def __init__(self, facts: Facts, kernel: Kernel, vm: Vm, number: int, trees: Callable[[], Trees]) -> None:
        """Take the lists that the VM group names; its trees, if they are needed, say which are recycled."""
        self._facts, self._kernel, self._vm, self._number, self._trees = facts, kernel, vm, number, trees
        self._ext = mmu.ext(kernel, vm)
        self.most_of_one = 0
        """The most descriptors of one list, of the lists asked for so far."""

    @property
    def at_once(self) -> int:
        """Return the most descriptors that one fault takes.

        It adds PTE_PREFETCH_NUM entries at most, itself and prefetched ones, and a parent
        to each table below the root. A list takes one for its second entry, then one for
        each `ext` more.
        """
        entries = self._kernel.pte_prefetch_num
        lists = sum(each.count for each in self._vm.rmaps)
        alone = lists == 1 and not (self._vm.nested and not mmu.tdp_mmu(self._kernel, self._vm))
        added = (entries - 1) // self._ext + 1 if alone else entries
        return added + (self._vm.root_level - 1 if self._vm.parent_ptes else 0)

    def rmaps(self) -> Term:
        """Return the descriptors of rmap lists, which hold at most 1001 entries each."""
        parts = [self._class("rmaps", each, mmu.rmap_cap(self._kernel)) for each in self._vm.rmaps]
        parts += self._repeated()
        return self._total("rmaps", parts)

    def parent_ptes(self) -> Term:
        """Return the descriptors of parent_ptes lists, which have no cap but in some stable releases."""
        parts = [self._class("parent_ptes", each, self._kernel.parent_ptes_cap) for each in self._vm.parent_ptes]
        return self._total("parent_ptes", parts)

    def _total(self, field: str, parts: list[Term]) -> Term:
        """Return the sum; gfns and pages that no list is named for never had two entries."""
        if not parts:
            return nothing(field, OBJECTS, f"no {field} list of two or more entries")
        found = total(field, OBJECTS, parts, self._facts.source(f"vms.{self._number}.{field}"))
        if self._trees().recycles:
            return self._recycled(field, found)
        return found

    def _recycled(self, field: str, found: Term) -> Term:
        """Return what is left of lists of which entries go with the shadow pages that are recycled."""
        kernel, trees = self._kernel, self._trees()
        if field != "rmaps":
            why = "entries go with the shadow pages that are recycled, and each list is that of one which is no root"
            return rule(field, 0, _longest_lists(found, trees.limit.most - 1), OBJECTS, why, found)
        lists = [(each.count, each.entries_to or each.entries) for each in self._vm.rmaps]
        named = sum(each.count * each.entries for each in self._vm.rmaps)
        lists += nested.repeated(kernel, self._vm, trees.room)
        least, most = trees.kept_entries(named)
        cap = mmu.rmap_cap(kernel)
        low, high = recycler.descriptors(lists, (least, most), self._ext, kernel.list_policy, cap)
        spte = self._facts.kernel("spte_ent_per_page", ENTRIES)
        why = "entries in the shadow pages that are left near the limit"
        limits = [self._facts.kernel(name, PAGES) for name in ("shadow_page_min_free", "shadow_pages_at_once")]
        if least:
            limits.append(self._facts.kernel("shadow_page_refill", PAGES))
        most = min(most, sum(count * length for count, length in lists))
        entries = rule("kept_entries", least, most, ENTRIES, why, spte, *limits)
        why = "entries go with the shadow pages that are recycled, from any list"
        return rule(field, low, min(high, found.high), OBJECTS, why, found, entries)

    def _class(self, field: str, lists: ListClass, cap: int | None) -> Term:
        """Return the descriptors of a class of lists."""
        last = lists.entries if lists.entries_to is None else lists.entries_to
        policy = self._kernel.list_policy
        history, peak = (self._vm.history, cap) if lists.peak is None else (ANY, lists.peak)
        low, high = (bounds(n, self._ext, policy, history, peak) for n in (lists.entries, last))
        kept = int((lists.peak or 0) >= MIN_EXT)  # a list that had two entries is a chain until it is empty
        source = self._facts.source(f"vms.{self._number}.{field}")
        entries = Term("entries", lists.entries, last, ENTRIES, Op.GIVEN, (), f"length of each list: {source}")
        return self._descriptors(lists.count, max(low[0], kept), high[1], entries, lists.peak)

    def _descriptors(self, count: int, low: int, high: int, entries: Term, peak: int | None = None) -> Term:
        self.most_of_one = max(self.most_of_one, high)
        each = self._each(low, high, entries, peak)
        return product("class", OBJECTS, fixed("lists", count, COUNT, entries.note, entries), each)

    def _each(self, low: int, high: int, entries: Term, peak: int | None) -> Term:
        """Return the descriptors of a list, low to high; those of its entries where they follow of these alone."""
        ext = self._facts.kernel(mmu.ext_field(self._kernel, self._vm), ENTRIES)
        policy = self._kernel.list_policy
        only_grew = peak is None and self._vm.history == GROWN
        note = f"any history of a list, policy {policy!r}: {self._facts.source('kernel.list_policy')}"
        if peak is not None:
            note = f"a list that has had {peak} entries and has not been empty since, policy {policy!r}"
        if only_grew:
            note = "of a list that only grew"
            if entries.low < MIN_EXT:
                why = f"entries of a list of {MIN_EXT} or more; a single one takes no descriptor"
                entries = rule("chained", 0, entries.high if entries.high >= MIN_EXT else 0, ENTRIES, why, entries)
        if only_grew or (policy == HEAD and entries.low >= MIN_EXT):
            return ceil_div("descriptors", OBJECTS, entries, ext)._replace(note=note)
        return rule("descriptors", low, high, OBJECTS, note, entries, ext)

    def _repeated(self) -> Iterator[Term]:
        """Yield the lists of gfns that are not named and yet have several SPTEs: in L1's tree, L2's, and orphans.

        With the legacy MMU, L1's own SPTE is in the gfn's rmap list as well. A named list is that of one such gfn,
        with the SPTEs of all trees among its entries.
        """
        kernel, vm = self._kernel, self._vm
        for gfns, count in nested.repeated(kernel, vm, self._trees().room if vm.nested else 0):
            cap = mmu.rmap_cap(kernel)
            low, high = bounds(count, self._ext, kernel.list_policy, vm.history, cap)
            if count == MIN_EXT and not vm.l1_replacements:
                note = "the SPTE of L1 and that of L2, in one rmap list (legacy MMU)"
            else:
                note = f"one in L2's tree, and one in each orphan: {self._facts.source('kernel.nested_orphans')}"
            inputs = [self._facts.vm(self._number, field) for field in nested.fields(vm)]
            entries = fixed("entries", count, ENTRIES, note, *inputs)
            yield self._descriptors(gfns, low, high, entries)


def _longest_lists(classes: Term, room: int) -> int:
    """Return the most descriptors of `room` lists of these classes: of those that take the most."""
    taken = 0
    pairs = [(count.high, each.high) for count, each in (part.parts for part in classes.parts)]
    for count, each in sorted(pairs, key=lambda pair: -pair[1]):
        taken += min(count, room) * each
        room -= min(count, room)
    return taken
