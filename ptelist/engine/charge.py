"""What a cgroup is charged for KVM's MMU, as its memory.stat says: `slab_unreclaimable`, `sec_pagetables`, `kernel`.

Each object is charged with its stride and a pointer to the cgroup, wherever that pointer is kept (obj_full_size():
mm/slab.h in 5.10 and 6.1, mm/memcontrol.c in 6.12, 7.2 and 7.3); so is each kmalloc of up to the largest bucket, which
slub_debug would make larger still. A larger one is charged by page, and counts as slab (mod_lruvec_page_state(),
___kmalloc_large_node()); vmalloc is charged by page, and its own arrays of pointers are not (nested_gfp in
__vmalloc_area_node()). Which of the two kvmalloc takes follows from the host: a fresh one has contiguous memory.

Of KVM's MMU this is what it allocates itself. It is neither what lies in struct kvm and struct kvm_vcpu, nor memslot
structs and memory attributes, which KVM has for more than its MMU, nor dirty rings, which are charged to nobody.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import memslots, mmu
from ptelist.engine.figure_kinds import DESC, HEADER
from ptelist.engine.interval import Interval
from ptelist.engine.kmalloc import Pool, kmalloc, pages_of, pool_of
from ptelist.engine.ledger import Term, Unit, fixed, named, nothing, product, rule, total
from ptelist.engine.memslots import write_tracking
from ptelist.engine.slab_layout import POINTER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ptelist.engine.ledger import Ledger
    from ptelist.engine.memslots import WindowCounts
    from ptelist.scenario.models import Host, Kernel, Scenario, Vm

B, PAGES = Unit.BYTES, Unit.PAGES
PREFIX = "charged.bytes"
FIGURES = (DESC, HEADER, "slab", "sec_pagetables", "memslots", "dirty_bitmap", "kernel")
"""What is told: of memory.stat `slab` (slab_unreclaimable), sec_pagetables (from v6.1 on) and kernel (from v5.18 on, in
which all others are), and of that the objects of both kmem_caches and the arrays of memslots."""
NOT_AT_ALL = "no kernel memory is charged: no VMM is in a cgroup (memcg)"
WHY = "a kmalloc bucket and a pointer, or pages; kvmalloc's are contiguous on a fresh host"


class Asked(NamedTuple):
    """What is asked of kmalloc and vmalloc: how many pieces of which bytes."""

    arrays: Mapping[int, int]
    """Of the pointers of memory caches."""
    perhaps: Mapping[int, int]
    """The same of caches that may not have been filled."""
    hashes: Mapping[int, int]
    """Hashes of shadow pages."""
    memslots: Mapping[int, int]
    bitmaps: Mapping[int, int]


class Held(NamedTuple):
    """What is held, as terms: objects of both kmem_caches, and bytes of pages."""

    descriptors: Term
    headers: Term
    pages: tuple[Term, ...]
    """All pages of the MMU's: of tables, shadowed translations and PAE roots, and those ready in caches."""
    tables: Term
    """Those of them that are page tables."""


class Piece(NamedTuple):
    """The least and the most bytes that a request, or all of a kind, is charged: as slab, and in all."""

    slab: Interval
    whole: Interval


def piece(size: int, pool: Pool, *, separate: bool, fresh: bool) -> Piece:
    """Return what a request of `size` bytes is charged, vmalloc'ed (`separate`) or kvmalloc'ed."""
    pages, contiguous = pages_of(size, pool.page_bytes) * pool.page_bytes, kmalloc(size, pool)
    if separate or contiguous > pool.largest:
        return Piece(Interval(0, 0), Interval(pages, pages))
    if 0 < size <= pool.buckets[-1]:
        contiguous += POINTER
    elif not fresh:
        return Piece(Interval(0, contiguous), Interval(pages, contiguous))
    exactly = Interval(contiguous, contiguous)
    return Piece(exactly, exactly)


def pieces(sizes: Mapping[int, int], pool: Pool, *, separate: bool, fresh: bool) -> Piece:
    """Return what so many requests of each size are charged together."""
    each = [(count, piece(size, pool, separate=separate, fresh=fresh)) for size, count in sizes.items()]
    return Piece(
        Interval(sum(count * one.slab.low for count, one in each), sum(count * one.slab.high for count, one in each)),
        Interval(sum(count * one.whole.low for count, one in each), sum(count * one.whole.high for count, one in each)),
    )


def memory_stat(scenario: Scenario, strides: Iterable[Term], held: Held, asked: Asked) -> Iterator[Term]:
    """Yield what memory.stat says of all that; `strides` are those of both kmem_caches, descriptors first."""
    kernel, host = scenario.kernel, scenario.host
    if not (scenario.config.memcg and host.memcg):
        yield from (nothing(f"{PREFIX}.{name}", B, NOT_AT_ALL) for name in FIGURES)
        return
    pool, fresh, separate = pool_of(kernel), host.filling != "aged", kernel.memslot_alloc == "vcalloc"
    pointer = fixed("obj_cgroup", POINTER, B, "struct obj_cgroup *, charged with each object (obj_full_size())")
    objects = [
        product(f"{PREFIX}.{name}", B, count, total("charged_each", B, (stride, pointer)))
        for name, count, stride in zip((DESC, HEADER), (held.descriptors, held.headers), strides, strict=True)
    ]
    slab, whole = {}, {}
    for name, sizes in asked._asdict().items():
        found = pieces(sizes, pool, separate=separate and name in {"memslots", "bitmaps"}, fresh=fresh)
        if name == "perhaps":
            found = Piece(found.slab._replace(low=0), found.whole._replace(low=0))
        wanted = fixed("asked", sum(size * count for size, count in sizes.items()), B, f"{sum(sizes.values())} pieces")
        slab[name] = rule(f"{name}_in_slabs", *found.slab, B, WHY, wanted)
        whole[name] = rule(name, *found.whole, B, WHY, wanted)
    in_slabs, in_all = ([term for term in terms.values() if term.high] for terms in (slab, whole))
    yield from objects
    yield total(f"{PREFIX}.slab", B, (*objects, *in_slabs), "memory.stat's slab_unreclaimable")
    yield named(f"{PREFIX}.sec_pagetables", held.tables)
    yield named(f"{PREFIX}.memslots", whole["memslots"])
    yield named(f"{PREFIX}.dirty_bitmap", whole["bitmaps"])
    yield total(f"{PREFIX}.kernel", B, (*objects, *in_all, *held.pages), "memory.stat's kernel, sec_pagetables in it")


# what VMs ask for


def cache_arrays(kernel: Kernel, host: Host, vm: Vm) -> Iterator[int]:
    """Yield the bytes asked for the array of each memory cache of a vCPU that has run."""
    if kernel.memory_cache_array == "embedded":
        return
    if mmu.tops_up_desc(kernel, vm):
        yield mmu.desc_capacity(kernel, vm) * POINTER
    nodes = host.nodes if kernel.shadow_page_caches_per_node else 1
    for _ in range(1 + nodes + mmu.shadow_root(kernel, vm) + vm.tdx):
        yield kernel.cache_capacity * POINTER


def split_arrays(kernel: Kernel) -> Iterator[int]:
    """Yield the same of a VM's split caches: of descriptors (SPTE_ENT_PER_PAGE + 1 at least), headers and pages."""
    yield (kernel.spte_ent_per_page + 1 + kernel.cache_capacity) * POINTER
    yield from (kernel.cache_capacity * POINTER for _ in range(2))


def page_hash(kernel: Kernel, vm: Vm) -> int:
    """Return the bytes asked for a VM's hash of shadow pages; 0 if it is in struct kvm, or not made yet."""
    made = kernel.page_hash == "at_vm_creation" or (kernel.page_hash == "deferred" and mmu.uses_rmaps(kernel, vm))
    return kernel.page_hash_bytes if made else 0


def slot_arrays(scenario: Scenario, vm: Vm, rows: Iterable[WindowCounts]) -> Iterator[int]:
    """Yield the bytes asked for each array of these memslots but their dirty bitmaps."""
    track = write_tracking(scenario.kernel, scenario.config, scenario.host, vm)
    for row in rows:
        yield from memslots.sizes(scenario.kernel, vm, row, track=track)


def charged(scenario: Scenario, figures: Ledger) -> Iterator[Term]:
    """Yield what the VMs of a scenario are charged; `figures` are those of `account`."""
    arrays, perhaps, hashes, slots, bitmaps = (Counter[int]() for _ in Asked._fields)
    kernel, host = scenario.kernel, scenario.host
    for vm in scenario.vms:
        run = vm.vcpus if vm.vcpus_run is None else vm.vcpus_run
        for size in cache_arrays(kernel, host, vm):
            arrays[size] += vm.count * run
        for size in split_arrays(kernel) if vm.eager_split else ():
            arrays[size] += vm.count
        if vm.eager_split and kernel.shadow_page_caches_per_node:
            perhaps[kernel.cache_capacity * POINTER] += vm.count * (host.nodes - 1)
        hashes[page_hash(kernel, vm)] += vm.count
        found = memslots.slots(kernel, host, vm)
        for size in slot_arrays(scenario, vm, found.rows):
            slots[size] += vm.count
        for pages in found.logged:
            bitmaps[memslots.bitmap(pages)] += vm.count
    descriptors, headers = (figures[f"{name}.objects"] for name in (DESC, HEADER))
    whole = figures["shadow_pages.bytes"], figures["page_tables.bytes.pae_roots"]
    held = Held(descriptors, headers, whole, figures["page_tables.bytes.tables"])
    strides = (figures[f"{name}.stride"] for name in (DESC, HEADER))
    yield from memory_stat(scenario, strides, held, Asked(arrays, perhaps, hashes, slots, bitmaps))
