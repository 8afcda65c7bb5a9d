"""What one group of equal VMs holds, by kind: objects, pages, arrays, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import memslots, rules
from ptelist.engine.caches import drawn_bounds
from ptelist.engine.kmalloc import POINTER, kvmalloc
from ptelist.engine.ledger import Op, Term, Unit, fixed, nothing, product, rule, total
from ptelist.engine.lists import MIN_EXT, bounds
from ptelist.engine.pagetables import LEVEL_OF_LEAF, default_limit, tables
from ptelist.engine.windows import guest_ranges

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.engine.facts import Facts
    from ptelist.scenario import Host, Kernel, ListClass, Vm

B, OBJECTS, PAGES, COUNT = Unit.BYTES, Unit.OBJECTS, Unit.PAGES, Unit.COUNT
EMBEDDED_CACHES = ("pte_list_desc", "page_header", "shadow_page", "gfn_array")
"""The four caches inside struct kvm_vcpu_arch while their arrays were embedded."""

Usage = tuple[str, Term]
"""A figure id and what this group adds to it."""


class Group:
    """One VM group of a scenario."""

    def __init__(self, facts: Facts, kernel: Kernel, host: Host, vm: Vm, number: int) -> None:
        """Take the group with this number."""
        self._facts, self._kernel, self._host, self._vm = facts, kernel, host, vm
        self._number = number
        self._count = facts.vm(number, "count")
        self._page = facts.kernel("page_bytes", B)
        self._slots = memslots.slots(kernel, vm)

    def usage(self) -> Iterator[Usage]:
        """Yield what the group holds."""
        yield from self._vcpu_caches()
        yield from self._split_caches()
        yield "pte_list_desc.objects.rmaps", self._lists("rmaps", rules.rmap_cap(self._kernel))
        yield "pte_list_desc.objects.parent_ptes", self._lists("parent_ptes", None)
        yield from self._page_tables()
        yield from self._memslots()
        yield "page_hash.bytes", self._page_hash()

    def _of_vms(self, unit: Unit, *parts: Term) -> Term:
        return product(self._vm.name, unit, self._count, *parts)

    # vCPU caches

    def _vcpu_caches(self) -> Iterator[Usage]:
        """Yield what vCPUs hold from their first KVM_RUN, with TDP and without nesting too."""
        kernel, vm, facts = self._kernel, self._vm, self._facts
        run = facts.vm(self._number, "vcpus" if vm.vcpus_run is None else "vcpus_run")
        desc = facts.kernel(rules.desc_capacity_field(kernel, vm), OBJECTS)
        rmaps = rules.uses_rmaps(kernel, vm)
        if kernel.topup_pte_list_desc == "if_rmaps" and not rmaps:
            desc = nothing("pte_list_desc_capacity", OBJECTS, facts.source("kernel.topup_pte_list_desc"))
        capacity = facts.kernel("cache_capacity", OBJECTS)
        yield "pte_list_desc.objects.vcpu_caches", self._of_vms(OBJECTS, run, self._cached(desc, used=rmaps))
        headers = self._cached(capacity, used=True)
        yield "kvm_mmu_page_header.objects.vcpu_caches", self._of_vms(OBJECTS, run, headers)
        sets = self._page_caches()
        pages = self._cached(capacity, used=True)
        yield "vcpu_caches.bytes.pages", self._of_vms(B, run, sets, pages, self._page)
        yield from self._arrays(run, desc, capacity, sets)

    def _cached(self, capacity: Term, *, used: bool) -> Term:
        low, high = drawn_bounds(capacity.low, drawn=used and self._vm.caches == "drawn")
        if low == high:
            return capacity
        return rule("cached", low, high, OBJECTS, "drawn from since the last top-up, by how much is open", capacity)

    def _page_caches(self) -> Term:
        """Return how many caches of 4 KiB pages a vCPU has filled."""
        kernel, vm, host = self._kernel, self._vm, self._host
        shadow = fixed("shadow_page_caches", 1, COUNT, "mmu_shadow_page_cache")
        if kernel.shadow_page_caches_per_node and host.nodes > 1:
            why = self._facts.source("kernel.shadow_page_caches_per_node")
            shadow = fixed("shadow_page_caches", host.nodes, COUNT, why, self._facts.host("nodes"))
        parts = [shadow]
        if rules.shadow_root(vm):
            note = "mmu_shadowed_info_cache (mmu_gfn_array_cache up to v5.19): indirect pages"
            parts.append(fixed("shadowed_info_caches", 1, COUNT, note))
        if vm.tdx:
            note = self._facts.source("kernel.external_spt_cache")
            parts.append(fixed("external_spt_caches", 1, COUNT, note))
        return total("page_caches", COUNT, parts)

    def _arrays(self, run: Term, desc: Term, capacity: Term, sets: Term) -> Iterator[Usage]:
        """Yield the caches' arrays of pointers, allocated or embedded."""
        facts = self._facts
        if self._kernel.memory_cache_array == "embedded":
            note = "pointers of " + ", ".join(EMBEDDED_CACHES) + " caches inside struct kvm_vcpu_arch"
            size = len(EMBEDDED_CACHES) * capacity.low * POINTER
            each = fixed("embedded_arrays", size, B, note, capacity)
            yield "embedded.bytes", self._of_vms(B, facts.vm(self._number, "vcpus"), each)
            return
        header = fixed("page_header_caches", 1, COUNT, "mmu_page_header_cache")
        plain = product("page_arrays", B, total("caches", COUNT, (header, sets)), self._array(capacity))
        arrays = total("arrays", B, (self._array(desc), plain))
        yield "vcpu_caches.bytes.arrays", self._of_vms(B, run, arrays)

    def _array(self, capacity: Term) -> Term:
        low, high = kvmalloc(capacity.low * POINTER, rules.pool(self._kernel))
        return rule("array", low, high, B, f"kvmalloc of {POINTER} B a pointer, at the first top-up", capacity)

    # split caches

    def _split_caches(self) -> Iterator[Usage]:
        """Yield what the first huge page of a nested VM that is split eagerly fills."""
        if not self._vm.eager_split:
            return
        facts = self._facts
        capacity = facts.kernel("cache_capacity", OBJECTS)
        entries = facts.kernel("spte_ent_per_page", Unit.ENTRIES)
        need = fixed("split_desc_min", entries.low + 1, OBJECTS, "SPTE_ENT_PER_PAGE + 1", entries)
        desc = total("split_desc_capacity", OBJECTS, (need, capacity))
        yield "pte_list_desc.objects.split_caches", self._of_vms(OBJECTS, desc)
        yield "kvm_mmu_page_header.objects.split_caches", self._of_vms(OBJECTS, capacity)
        yield "split_caches.bytes.pages", self._of_vms(B, capacity, self._page)
        arrays = total("arrays", B, (self._array(desc), self._array(capacity), self._array(capacity)))
        yield "split_caches.bytes.arrays", self._of_vms(B, arrays)

    # lists

    def _lists(self, field: str, cap: int | None) -> Term:
        classes: tuple[ListClass, ...] = getattr(self._vm, field)
        parts = [self._class(each, cap) for each in classes]
        if field == "rmaps" and (shared := self._shared_gfns()):
            parts.append(shared)
        if not parts:
            return nothing(self._vm.name, OBJECTS, f"no {field} list of two or more entries")
        source = self._facts.source(f"vms.{self._number}.{field}")
        return self._of_vms(OBJECTS, total(field, OBJECTS, parts, source))

    def _class(self, lists: ListClass, cap: int | None) -> Term:
        """Return the descriptors of a class of lists."""
        kernel, history = self._kernel, self._vm.history
        ext = rules.ext(kernel, with_tdp=rules.tdp(self._vm))
        last = lists.entries if lists.entries_to is None else lists.entries_to
        low, high = (bounds(n, ext, kernel.list_policy, history, cap or n) for n in (lists.entries, last))
        entries = Term("entries", lists.entries, last, Unit.ENTRIES, Op.GIVEN, (), "length of each list")
        return self._descriptors(lists.count, low[0], high[1], entries, ext)

    def _descriptors(self, count: int, low: int, high: int, entries: Term, ext: int) -> Term:
        field = rules.ext_field(self._kernel, with_tdp=rules.tdp(self._vm))
        source = self._facts.source("kernel.list_policy")
        note = f"ceil(entries / {ext}), 0 for less than {MIN_EXT}, of lists that only grew"
        if self._vm.history == "any":
            note = f"any history of a list, policy {self._kernel.list_policy!r}: {source}"
        each = rule("descriptors", low, high, OBJECTS, note, entries, self._facts.kernel(field, Unit.ENTRIES))
        lists = fixed("lists", count, COUNT, f"lists of {entries.low} entries or more")
        return product("class", OBJECTS, lists, each)

    def _shared_gfns(self) -> Term | None:
        """Return the lists of gfns that both L1 and L2 map, with the legacy MMU.

        Without the TDP MMU, L1's own SPTE is in the gfn's rmap list as well, so a
        gfn that L2 maps at the same size has two entries.
        """
        kernel, vm = self._kernel, self._vm
        if not vm.nested or rules.tdp_mmu(kernel, vm) or vm.leaf != vm.l2_leaf:
            return None
        leaves = memslots.mapped_windows(kernel, vm, vm.l2_memory, LEVEL_OF_LEAF[vm.l2_leaf])
        listed = sum(each.count * each.entries for each in vm.rmaps)
        count = max(leaves - listed, 0)
        ext = rules.ext(kernel, with_tdp=True)
        low, high = bounds(MIN_EXT, ext, kernel.list_policy, vm.history, rules.rmap_cap(kernel))
        entries = fixed(
            "entries", MIN_EXT, Unit.ENTRIES, "the SPTE of L1 and that of L2, in one rmap list (legacy MMU)"
        )
        return self._descriptors(count, low, high, entries, ext)

    # page tables

    def _page_tables(self) -> Iterator[Usage]:
        kernel, vm, facts = self._kernel, self._vm, self._facts
        level = kernel.shadowed_info_max_level
        trees = [("l1", self._tree(vm.memory, vm.leaf), not rules.tdp(vm))]
        if vm.nested:
            trees.append(("l2", self._tree(vm.l2_memory, vm.l2_leaf), True))
        all_tables = total("tables", PAGES, [self._levels(name, counts) for name, counts, _ in trees])
        info = sum(sum(counts[:level]) for _, counts, indirect in trees if indirect)
        limited, info = self._limited(all_tables, trees, info)
        yield "kvm_mmu_page_header.objects.page_tables", self._of_vms(OBJECTS, limited)
        yield "page_tables.bytes.tables", self._of_vms(B, limited, self._page)
        source = facts.source("kernel.shadowed_info_max_level")
        note = f"a page for each table that is not direct, up to level {level}: {source}"
        extra = rule("shadowed_info", info if info <= limited.low else 0, info, PAGES, note, limited)
        yield "page_tables.bytes.shadowed_info", self._of_vms(B, extra, self._page)
        if vm.tdx:
            mirrors = sum(trees[0][1]) - 1
            external = fixed("external_spt", mirrors, PAGES, "a page for each mirror page but the root", limited)
            yield "page_tables.bytes.external", self._of_vms(B, external, self._page)

    def _tree(self, memory: int, leaf: str) -> tuple[int, ...]:
        vm = self._vm
        return tables(guest_ranges(memory, vm.low_memory), leaf, vm.root_level, self._kernel.page_bytes)

    def _levels(self, name: str, counts: tuple[int, ...]) -> Term:
        note = "windows of guest memory touched, but for those that a leaf maps whole"
        parts = [fixed(f"level_{level}", count, PAGES, note) for level, count in enumerate(counts, 1)]
        return total(f"{name}_tables", PAGES, parts)

    def _limited(self, wanted: Term, trees: list[tuple[str, tuple[int, ...], bool]], info: int) -> tuple[Term, int]:
        """Return the tables under KVM's default limit, which the TDP MMU lacks."""
        kernel, vm = self._kernel, self._vm
        free = sum(trees[0][1]) if rules.tdp_mmu(kernel, vm) else 0
        limit = default_limit(memslots.pages(self._slots), kernel.shadow_page_divisor, kernel.shadow_page_least)
        if wanted.low - free <= limit:
            return wanted, info
        note = "recycled near the limit max(least, memslot pages / divisor); KVM_SET_NR_MMU_PAGES lifts it"
        fields = ("shadow_page_divisor", "shadow_page_least", "shadow_page_refill")
        parts = [self._facts.kernel(field, PAGES) for field in fields]
        least = max(limit - kernel.shadow_page_refill, 0)
        return rule("tables", free + least, free + limit, PAGES, note, wanted, *parts), min(info, limit)

    # memslots and the rest

    def _memslots(self) -> Iterator[Usage]:
        arrays = memslots.Arrays(self._facts, self._kernel, self._vm, self._slots)
        terms = arrays.terms(external_write_tracking=self._host.external_write_tracking)
        for name, term in terms.items():
            yield f"memslots.bytes.{name}", self._of_vms(B, term)

    def _page_hash(self) -> Term:
        kernel, vm, facts = self._kernel, self._vm, self._facts
        size = facts.kernel("page_hash_bytes", B)
        if kernel.page_hash == "embedded":
            return self._of_vms(B, size)
        if not rules.uses_rmaps(kernel, vm):
            return nothing(vm.name, B, facts.source("kernel.page_hash"))
        low, high = kvmalloc(size.low, rules.pool(kernel))
        return self._of_vms(B, rule("mmu_page_hash", low, high, B, facts.source("kernel.page_hash"), size))
