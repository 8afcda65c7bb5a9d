"""The descriptors that the lists of one VM take: rmaps and parent_ptes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import rules
from ptelist.engine.guest_memory import touched_ram
from ptelist.engine.ledger import Op, Term, Unit, fixed, nothing, product, rule, total
from ptelist.engine.lists import ANY, MIN_EXT, bounds
from ptelist.engine.pagetables import shared_leaves
from ptelist.engine.windows import common, guest_ranges

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptelist.engine.facts import Facts
    from ptelist.engine.trees import Trees
    from ptelist.scenario import Kernel, ListClass, Vm

OBJECTS, ENTRIES, COUNT = Unit.OBJECTS, Unit.ENTRIES, Unit.COUNT


class Chains:
    """The lists of one VM group, as terms for a single VM."""

    def __init__(self, facts: Facts, kernel: Kernel, vm: Vm, number: int, trees: Callable[[], Trees]) -> None:
        """Take the lists that the VM group names; its trees, if they are needed, say which are recycled."""
        self._facts, self._kernel, self._vm, self._number, self._trees = facts, kernel, vm, number, trees
        self._ext = rules.ext(kernel, with_tdp=rules.tdp(kernel, vm))

    def rmaps(self) -> Term:
        """Return the descriptors of rmap lists, which hold at most 1001 entries each."""
        parts = [self._class("rmaps", each, rules.rmap_cap(self._kernel)) for each in self._vm.rmaps]
        if shared := self._shared_gfns():
            parts.append(shared)
        return self._total("rmaps", parts)

    def parent_ptes(self) -> Term:
        """Return the descriptors of parent_ptes lists, which have no cap."""
        parts = [self._class("parent_ptes", each, None) for each in self._vm.parent_ptes]
        return self._total("parent_ptes", parts)

    def _total(self, field: str, parts: list[Term]) -> Term:
        """Return the sum; gfns and pages that no list is named for never had two entries."""
        if not parts:
            return nothing(field, OBJECTS, f"no {field} list of two or more entries")
        found = total(field, OBJECTS, parts, self._facts.source(f"vms.{self._number}.{field}"))
        if self._trees().recycles:
            return rule(field, 0, found.high, OBJECTS, "entries go with the shadow pages that are recycled", found)
        return found

    def _class(self, field: str, lists: ListClass, cap: int | None) -> Term:
        """Return the descriptors of a class of lists."""
        last = lists.entries if lists.entries_to is None else lists.entries_to
        policy, history = self._kernel.list_policy, self._vm.history
        low, high = (bounds(n, self._ext, policy, history, cap) for n in (lists.entries, last))
        source = self._facts.source(f"vms.{self._number}.{field}")
        entries = Term("entries", lists.entries, last, ENTRIES, Op.GIVEN, (), f"length of each list: {source}")
        return self._descriptors(lists.count, low[0], high[1], entries)

    def _descriptors(self, count: int, low: int, high: int, entries: Term) -> Term:
        field = rules.ext_field(self._kernel, with_tdp=rules.tdp(self._kernel, self._vm))
        note = f"ceil(entries / {self._ext}), 0 for less than {MIN_EXT}, of a list that only grew"
        if self._vm.history == ANY:
            source = self._facts.source("kernel.list_policy")
            note = f"any history of a list, policy {self._kernel.list_policy!r}: {source}"
        each = rule("descriptors", low, high, OBJECTS, note, entries, self._facts.kernel(field, ENTRIES))
        return product("class", OBJECTS, fixed("lists", count, COUNT, entries.note, entries), each)

    def _shared_gfns(self) -> Term | None:
        """Return the lists of gfns that both L1 and L2 map, with the legacy MMU.

        Without the TDP MMU, L1's own SPTE is in the gfn's rmap list as well, so a
        gfn that L2 maps at the same size has two entries. A named list is that of one
        such gfn, with L1's SPTE among its entries.
        """
        kernel, vm = self._kernel, self._vm
        if not vm.nested or rules.tdp_mmu(kernel, vm):
            return None
        within = touched_ram(vm)
        l1 = within, vm.leaf
        l2 = common(guest_ranges(vm.l2_memory, vm.low_memory), within), vm.l2_leaf
        leaves = shared_leaves(l1, l2, kernel.page_bytes)
        if not leaves:
            return None
        listed = sum(each.count for each in vm.rmaps)
        low, high = bounds(MIN_EXT, self._ext, kernel.list_policy, vm.history, rules.rmap_cap(kernel))
        entries = fixed("entries", MIN_EXT, ENTRIES, "the SPTE of L1 and that of L2, in one rmap list (legacy MMU)")
        return self._descriptors(max(leaves - listed, 0), low, high, entries)
