"""The page tables of one VM: TDP trees, and shadow trees that mirror the guest's own."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ptelist.engine import extra_tables, mmu, nested, shadow_tree
from ptelist.engine.guest_memory import touched_ram
from ptelist.engine.ledger import Op, Term, Unit, fixed, nothing, rule, total
from ptelist.engine.lists import recycler
from ptelist.engine.page_tables import LEVEL_OF_LEAF, default_limit, tables, window
from ptelist.engine.windows import guest_ranges

if TYPE_CHECKING:
    from ptelist.engine.facts import Facts
    from ptelist.scenario.models import Kernel, Vm

PAGES = Unit.PAGES
IN_ORDER = "in-order"


def shadow_page_limit(kernel: Kernel, memslot_pages: int) -> recycler.Limit:
    """Return KVM's default limit of shadow pages for memslots of so many pages, and how it recycles."""
    pages = default_limit(memslot_pages, kernel.shadow_page_divisor, kernel.shadow_page_least)
    return recycler.Limit(pages, kernel.shadow_page_min_free, kernel.shadow_page_refill, kernel.shadow_pages_at_once)


class Trees:
    """How many tables there are, and how many of them have a page more.

    A TDP tree follows from guest memory. A shadow tree mirrors tables of the guest
    (nested: those of L1 for L2), taken to map each page once, contiguously, at the
    same leaf size; entries beyond that, known from the rmap lists, open an interval:
    at best they fill whole tables, at worst each has tables of its own. Where a run
    told how many there are (shadow_tables), that is taken instead.
    """

    def __init__(self, facts: Facts, kernel: Kernel, vm: Vm, number: int, memslot_pages: int) -> None:
        """Count the tables of VM group `number`; `memslot_pages` sets the default limit."""
        self._facts, self._kernel, self._vm, self._number = facts, kernel, vm, number
        direct = mmu.tdp(kernel, vm)
        self._direct = tables(touched_ram(vm), vm.leaf, vm.root_level, kernel.page_bytes) if direct else ()
        self._shadow = self._shadow_tree(direct=direct)
        self._limited = limited = 0 if mmu.tdp_mmu(kernel, vm) else sum(self._direct)
        low, high = vm.shadow_tables or nested.grown(
            kernel, vm, self._shadow, shadow_tree.spread(kernel, vm, self._shadow)
        )
        self.limit = shadow_page_limit(kernel, memslot_pages)
        self.recycles = self.limit.reached_by(limited + low) and (low > 0 or limited > 0)
        if self.recycles:
            self._low, self._high = self._kept(), self.limit.most
            free = sum(self._direct) if mmu.tdp_mmu(kernel, vm) else 0
        else:
            self._low, self._high = low, max(low, min(high, self.limit.most - limited))
            free = sum(self._direct)
        self._free = free + vm.tdx
        self._l1_windows = nested.split_windows(kernel, vm, self._high)
        if not mmu.tdp_mmu(kernel, vm):  # these are limited as well
            self._l1_windows = max(0, min(self._l1_windows, self.limit.most - limited - self._high))
        self.room = self.limit.most - vm.root_level + LEVEL_OF_LEAF[shadow_tree.leaf(self._vm)]
        """The most tables with leaves in a tree that the limit counts."""
        self._faulted = extra_tables.split(facts, kernel, vm, number)
        self._split = nothing("split_tables", PAGES, "drawn from vCPU caches, or none")
        if extra_tables.eager(kernel, vm):
            self._faulted, self._split = self._split, self._faulted

    def _kept(self) -> int:
        """Return the least pages that stay where they are recycled.

        A table that the guest wrote may be unsync, and go with its parent. A table of L2's takes all below it along
        (mmu_page_zap_pte(), role.guest_mode), and up to 512 GiB of L2 lie below one: once it is the oldest, the root
        is left that the vCPU loads or runs on (root_count).
        """
        with_parents = bool(self._shadow) and (bool(self._direct) or self._vm.faults != IN_ORDER)
        return self.limit.least(with_parents=with_parents)

    def kept_entries(self, entries: int) -> tuple[int, int]:
        """Return the least and the most entries that all lists have, of `entries` that they had, once recycled."""
        kernel, vm = self._kernel, self._vm
        per_table = kernel.spte_ent_per_page
        if vm.faults == IN_ORDER:
            above = vm.root_level - LEVEL_OF_LEAF[shadow_tree.leaf(self._vm)]
            least = recycler.kept_in_order(self.limit, entries, per_table, vm.root_level)
        else:
            above = vm.root_level - max(LEVEL_OF_LEAF.values())
            least = 0
        return least, recycler.most_kept(self.limit, per_table, above)

    def _tree(self, memory: int, leaf: str) -> tuple[int, ...]:
        spans = guest_ranges(memory, self._vm.low_memory)
        return tables(spans, leaf, self._vm.root_level, self._kernel.page_bytes)

    def _shadow_tree(self, *, direct: bool) -> tuple[int, ...]:
        vm = self._vm
        if direct:
            return self._tree(vm.l2_memory, vm.l2_leaf) if vm.nested else ()
        return self._tree(vm.memory if vm.mapped == "all" else 0, vm.leaf)

    @cached_property
    def least_faults(self) -> int:
        """Return how many faults made tables, at least: one makes at most one table of each level of a tree."""
        told = self._vm.shadow_tables
        shadow = max(self._shadow, default=0) if told is None else -(-told[0] // self._vm.root_level)
        return max(self._direct, default=0) + shadow

    @cached_property
    def least_faults_shadowed(self) -> int:
        """Return the same of tables with a page of shadowed translations: those of TDP trees have none."""
        if self._vm.shadow_tables is not None:
            return 0
        return max(self._shadow[: self._kernel.shadowed_info_max_level], default=0)

    @cached_property
    def least_faults_external(self) -> int:
        """Return the same of tables with an external page: all of the mirror's but its root."""
        return max(self._direct[:-1], default=0)

    @cached_property
    def followed(self) -> bool:
        """Return whether more faults come after the one that makes the last table.

        They do if each table of leaves has more of them than one fault maps, itself and
        prefetched ones: PTE_PREFETCH_NUM in an aligned block.
        """
        vm, page = self._vm, self._kernel.page_bytes
        plain = not self.recycles and self._low == self._high and vm.mapped == "all" and not vm.nested
        if not plain or vm.shadow_tables or not vm.memory or vm.populated is not None or vm.dimms:
            return False
        leaves_of_one = 2 * self._kernel.pte_prefetch_num
        block = leaves_of_one * window(LEVEL_OF_LEAF[vm.leaf] - 1, page)
        edges = [edge for hole in vm.ram_holes for edge in hole]
        low = all(edge <= window(1, page) and not edge % (leaves_of_one * page) for edge in edges)
        return low and not vm.memory % block and not vm.low_memory % block

    @property
    def most_splits(self) -> int:
        """Return how many huge pages of L2 were split eagerly, at most; 0 if they may have become huge again."""
        return self._shadow[0] if self._vm.l2_leaf == "4K" and self._shadow else 0

    def split(self) -> Term:
        """Return the tables that dirty logging made by splitting huge pages eagerly, without vCPU caches."""
        return self._split

    @cached_property
    def tables(self) -> Term:
        """Return all tables that were drawn from vCPU caches, roots included."""
        plain = self._plain()
        return total("tables", PAGES, (plain, self._faulted)) if self._faulted.high else plain

    def _plain(self) -> Term:
        vm, facts = self._vm, self._facts
        parts = []
        if self._direct:
            parts.append(
                self._levels(
                    "tdp_tables", self._direct, ("populated" if vm.populated is not None else "memory", "low_memory")
                )
            )
        if vm.shadow_tables is not None:
            parts.append(self._told(*vm.shadow_tables))
        elif self._shadow:
            wanted = ("l2_memory" if self._direct else "memory", "low_memory")
            parts.append(self._levels("shadow_tables", self._shadow, wanted))
        if vm.tdx:
            parts.append(fixed("shared_root", 1, PAGES, "root of the shared half, beside the mirror's"))
        plain = total("tables", PAGES, parts)
        low, high = self._free + self._low, self._free + self._high + self._l1_windows
        if plain.low == low and plain.high == high:
            return plain
        fields = ["shadow_page_divisor", "shadow_page_least", "shadow_page_min_free", "shadow_pages_at_once"]
        if self.recycles and self._low > 1:
            fields.append("shadow_page_refill")
        limits = [facts.kernel(field, PAGES) for field in fields]
        why = (
            "entries beyond one a page fill whole tables at best, or have tables of their own, up to the default limit"
        )
        extras = nested.reasons(self._kernel, vm, self._l1_windows)
        listed = vm.shadow_tables is None and (vm.rmaps or vm.parent_ptes)
        why = "; ".join((*extras, why)) if listed or not extras else "; ".join(extras)
        if self.recycles:
            why = "recycled near the default limit max(least, memslot pages / divisor): with fewer than min_free left, "
            others = "all of L2's below them" if self._direct and self._shadow else "their unsync children"
            why += f"refill pages are zapped, and {others}; KVM_SET_NR_MMU_PAGES lifts it"
        inputs = [facts.vm(self._number, field) for field in nested.fields(vm)]
        return rule("tables", low, high, PAGES, why, plain, *limits, *inputs)

    def shadowed_info(self, all_tables: Term) -> Term:
        """Return the pages of shadowed translations: of tables that are not direct."""
        level, vm = self._kernel.shadowed_info_max_level, self._vm
        source = self._facts.source("kernel.shadowed_info_max_level")
        note = f"a page for each table that is not direct, up to level {level}: {source}"
        unknown = vm.shadow_tables is not None  # nobody told which of them are roots
        above = 1 if unknown else sum(self._shadow[level:]) + nested.smm_above(vm, level)
        direct = self.recycles and bool(self._limited)  # what is left may be a root of L1's
        low = max(self._low - above, 0) if self._shadow and not (direct or unknown) else 0
        high = max(self._high - above, 0) if self._shadow else 0
        return rule("shadowed_info", low, high, PAGES, note, all_tables)

    def external(self) -> Term:
        """Return TDX's external page tables."""
        note = "a page for each table of the mirror but the root"
        return fixed(
            "external_spt", sum(self._direct) - 1, PAGES, note, self._facts.vm(self._number, "memory", Unit.BYTES)
        )

    def _told(self, least: int, most: int) -> Term:
        """Return the shadow pages that a run told of."""
        path = f"vms.{self._number}.shadow_tables"
        return Term("shadow_tables", least, most, PAGES, Op.GIVEN, (), self._facts.source(path), path)

    def _levels(self, name: str, counts: tuple[int, ...], fields: tuple[str, ...]) -> Term:
        inputs = [self._facts.vm(self._number, field, Unit.BYTES) for field in fields]
        leaf = self._vm.l2_leaf if "l2_memory" in fields else self._vm.leaf
        note = (
            f"windows of guest memory touched, but for those that a {leaf} leaf maps whole, which one memslot must hold"
        )
        parts = [fixed(f"level_{level}", count, PAGES, note, *inputs) for level, count in enumerate(counts, 1)]
        return total(name, PAGES, parts)
