"""What each struct of a kernel tells of its profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptelist.errors import PtelistError
from ptelist.readers.builds.btf_raw import TypeKind
from ptelist.readers.builds.layouts import BYTE, layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ptelist.readers.builds.btf import Btf
    from ptelist.readers.builds.layouts import Layout

STRUCTS = (
    "pte_list_desc",
    "kvm_rmap_head",
    "kvm_mmu_memory_cache",
    "kvm_mmu_page",
    "kvm_memory_slot",
    "kvm_arch_memory_slot",
    "kvm_lpage_info",
    "slabobj_ext",
    "track",
)
"""Structs whose whole layout bears on the footprint."""

MEMBERS = {
    "kvm_arch": (
        "split_desc_cache",
        "mmu_page_hash",
        "memslots_have_rmaps",
        "shadow_root_allocated",
        "track_notifier_head",
        "external_write_tracking_enabled",
    ),
    "kvm_memslots": ("memslots", "gfn_tree"),
    "kvm": ("mem_attr_array",),
    "kvm_vcpu": ("dirty_ring",),
    "kvm_vcpu_arch": ("mmu_external_spt_cache",),
    "srcu_struct": ("node", "srcu_sup"),
}
"""Of large structs, the members that bear on it."""

Said = tuple[str, Any, str]
"""A field of the profile, its value, and the member that says so."""


def _descriptor(btf: Btf, desc: Layout) -> Iterator[Said]:
    """Yield PTE_LIST_EXT, the bytes beside the entries, and the policy of lists.

    tail_count came with the policy "head" (141705b78381, in v6.4). A flexible array
    (proposed in 2022) does not tell how many entries it has.
    """
    sptes = desc.field("sptes")
    array = btf.element(sptes.type) if sptes else None
    if sptes is None or array is None or btf.type(btf.bare(array[0])).kind != TypeKind.PTR:
        raise PtelistError(f"{btf.label}: struct pte_list_desc has no array of pointers `sptes`, as up to v7.3")
    each, count = btf.size(array[0]), array[1]
    if count:
        yield "pte_list_ext", count, sptes.declaration
    yield "spte_pointer_bytes", each, sptes.declaration
    yield "pte_list_desc_fixed_bytes", desc.size - count * each, f"{desc.size} bytes, {sptes.declaration}"
    tail = desc.field("tail_count")
    yield "list_policy", "head" if tail else "walk", tail.declaration if tail else "no tail_count"


def _cache(btf: Btf, struct_layout: Layout) -> Iterator[Said]:
    """Yield where the pointers of a memory cache are (837f66c71207, in v6.0, moved them out)."""
    objects = struct_layout.field("objects")
    if objects:
        array = btf.element(objects.type)
        yield "memory_cache_array", "embedded" if array else "kvmalloc", objects.declaration
        if array:
            yield "cache_capacity", array[1], objects.declaration


def _slot(btf: Btf, struct_layout: Layout) -> Iterator[Said]:
    for member in ("gfn_track", "gfn_write_track"):
        field = struct_layout.field(member)
        if field:
            array = btf.element(field.type)
            pointer = btf.type(btf.bare(array[0] if array else field.type))
            yield "write_track_bytes", btf.size(pointer.size), field.declaration


def _memslots(_btf: Btf, struct_layout: Layout) -> Iterator[Said]:
    """Yield where memslots are: behind each other in one array, or, from v5.17 (a54d806688fe), each by itself.

    Before v5.7 (36947254e5f9) the struct had room for all that there may be, which no profile knows.
    """
    slots, tree = struct_layout.field("memslots"), struct_layout.field("gfn_tree")
    if tree:
        yield "memslots_in", "tree", tree.declaration
        yield "memslots_fixed_bytes", 0, tree.declaration
    elif slots and not slots.width:
        yield "memslots_in", "array", slots.declaration
        yield "memslots_fixed_bytes", slots.offset // BYTE, slots.declaration


def _vm(btf: Btf, struct_layout: Layout) -> Iterator[Said]:
    """Yield what a VM has; when a page hash outside of the struct is allocated, its type does not tell."""
    yield from _lazy(struct_layout)
    split = struct_layout.field("split_desc_cache")
    yield "split_caches", split is not None, split.declaration if split else "no split_desc_cache"
    if split:  # they came (ada51a9de737, in v6.0) after the splitting itself (a3fe5dbda0a4, in v5.18)
        yield "eager_page_split", True, split.declaration
    pages = struct_layout.field("mmu_page_hash")
    if pages and btf.element(pages.type):
        yield "page_hash", "embedded", pages.declaration
        yield "page_hash_bytes", btf.size(pages.type), pages.declaration


def _lazy(vm: Layout) -> Iterator[Said]:
    """Yield whether the arrays of memslots wait until they are needed, by the flag that says they were.

    memslots_have_rmaps is of v5.14 and v5.15 (d501f747ef5c); shadow_root_allocated, which tracking of writes waits
    for as well, took its place (1e76a3ce0d3c, in v5.16). From v6.6 on (e998fb1a3013) users outside of KVM need
    CONFIG_KVM_EXTERNAL_WRITE_TRACKING, from v6.9 on (a364c014a2c1) they have a flag of their own.
    """
    root, outside = vm.field("shadow_root_allocated"), vm.field("external_write_tracking_enabled")
    rmaps = root or vm.field("memslots_have_rmaps")
    said = rmaps.declaration if rmaps else "neither memslots_have_rmaps nor shadow_root_allocated"
    yield "rmap_lazy", "if_tdp_mmu" if rmaps else "never", said
    said = root.declaration if root else "no shadow_root_allocated"
    yield "write_track_lazy", "if_no_shadow_root" if root else "never", said
    if outside:
        yield "write_track_forced", "if_used", outside.declaration
    if outside or not vm.field("track_notifier_head"):
        yield "track_srcu", "if_external", outside.declaration if outside else "no track_notifier_head"


def _attributes(_btf: Btf, struct_layout: Layout) -> Iterator[Said]:
    """Yield that a VM has memory attributes; without the member they may be left out of this build only."""
    if array := struct_layout.field("mem_attr_array"):
        yield "memory_attributes", True, array.declaration


def _ring(_btf: Btf, struct_layout: Layout) -> Iterator[Said]:
    ring = struct_layout.field("dirty_ring")
    yield "dirty_ring", ring is not None, ring.declaration if ring else "no dirty_ring"


def _srcu(btf: Btf, struct_layout: Layout) -> Iterator[Said]:
    """Yield what is beside an srcu_struct: usage from v6.4 on (95433f726301), nodes from v5.19 on (2ec303113d97)."""
    node, beside = struct_layout.field("node"), struct_layout.field("srcu_sup")
    for field, struct, member in (
        ("srcu_usage_bytes", "srcu_usage", beside),
        ("srcu_node_bytes", "srcu_node", beside or (None if node and btf.element(node.type) else node)),
    ):
        found = layout(btf, struct)
        if member is None:
            yield field, 0, node.declaration if node else "neither node nor srcu_sup"
        elif found:
            yield field, found.size, f"{member.declaration}: sizeof(struct {struct})"


def _vcpu(_btf: Btf, struct_layout: Layout) -> Iterator[Said]:
    cache = struct_layout.field("mmu_external_spt_cache")
    yield "external_spt_cache", cache is not None, cache.declaration if cache else "no mmu_external_spt_cache"


def _slots(_btf: Btf, struct_layout: Layout) -> Iterator[Said]:
    """Yield how an object's metadata is made: a struct of all, from v7.3 a slot for each user."""
    for member, how in (("objcg", "struct"), ("_objcg", "slots")):
        field = struct_layout.field(member)
        if field:
            yield "obj_ext", how, field.declaration
            yield "obj_ext_bytes", field.width // BYTE, field.declaration


def _sized(field: str) -> Callable[[Btf, Layout], Iterator[Said]]:
    def rule(_btf: Btf, struct_layout: Layout) -> Iterator[Said]:
        yield field, struct_layout.size, ""

    return rule


RULES: dict[str, Callable[[Btf, Layout], Iterator[Said]]] = {
    "pte_list_desc": _descriptor,
    "kvm_mmu_memory_cache": _cache,
    "kvm_mmu_page": _sized("kvm_mmu_page_bytes"),
    "kvm_rmap_head": _sized("rmap_head_bytes"),
    "kvm_lpage_info": _sized("lpage_info_bytes"),
    "kvm_memory_slot": _sized("memslot_bytes"),
    "kvm_arch_memory_slot": _slot,
    "kvm_memslots": _memslots,
    "kvm_arch": _vm,
    "kvm": _attributes,
    "kvm_vcpu": _ring,
    "kvm_vcpu_arch": _vcpu,
    "slabobj_ext": _slots,
    "track": _sized("slub_track_bytes"),
    "srcu_struct": _srcu,
    "srcu_data": _sized("srcu_data_bytes"),
    "xa_node": _sized("xa_node_bytes"),
    "kvm_dirty_gfn": _sized("dirty_gfn_bytes"),
    "vm_struct": _sized("vm_struct_bytes"),
    "vmap_area": _sized("vmap_area_bytes"),
}
