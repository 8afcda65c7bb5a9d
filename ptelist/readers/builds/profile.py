"""What a kernel's own types say of its profile, laid over that of its version."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ptelist.errors import PtelistError, Where
from ptelist.readers.builds.btf_raw import TypeKind
from ptelist.readers.builds.builds import once
from ptelist.readers.builds.layouts import layout
from ptelist.scenario.overlay import Origin, Overlay, Setting
from ptelist.scenario.presets import shipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ptelist.readers.builds.btf import Btf
    from ptelist.readers.builds.builds import Build
    from ptelist.readers.builds.layouts import Field, Layout
    from ptelist.scenario.overlay import Fields

STRUCTS = (
    "pte_list_desc",
    "kvm_rmap_head",
    "kvm_mmu_memory_cache",
    "kvm_mmu_page",
    "kvm_arch_memory_slot",
    "kvm_lpage_info",
    "slabobj_ext",
    "track",
)
"""Structs whose whole layout bears on the footprint."""

MEMBERS = {
    "kvm_arch": ("split_desc_cache", "mmu_page_hash"),
    "kvm_vcpu_arch": ("mmu_external_spt_cache",),
}
"""Of large structs, the members that bear on it."""

Said = tuple[str, Any, str]
"""A field of the profile, its value, and the member that says so."""


@cache
def overlay(spec: str, profile: str | None = None) -> Overlay:
    """Return the profile of a build: PATH or BASE+MODULE.

    What its types do not tell is taken from `profile`, else from that of its
    release. Raises PtelistError if neither is known, or it has no pte_list_desc.
    """
    read = once(spec)
    return said(read).over(shipped.load(base(read, profile), "kernels").overlay)


def base(build: Build, profile: str | None) -> str:
    """Return the name of the profile that a build's types are laid over."""
    if profile is not None:
        return profile
    if not build.release:
        raise PtelistError("does not say of which kernel it is: name its profile with --kernel", Where(build.label))
    try:
        return shipped.profile_of(build.release)
    except PtelistError as error:
        raise PtelistError(f"{error}: choose one with --kernel", Where(build.label)) from None


def said(build: Build) -> Overlay:
    """Return what the types of a build say; raises PtelistError if KVM is not among them."""
    if layout(build.btf, "pte_list_desc") is None:
        raise PtelistError(f"{build.label}: no struct pte_list_desc: KVM is a module of this kernel, give its kvm.ko")
    origin = Origin(build.name)
    kernel = {
        field: _setting(origin, struct, (field, value, why))
        for struct, rule in RULES.items()
        if (members := layout(build.btf, struct, MEMBERS.get(struct, ())))
        for field, value, why in rule(build.btf, members)
    }
    label = origin.label if origin.label.isprintable() else ascii(origin.label)[1:-1]  # a file may have any name
    kernel["tree"] = Setting(f"layouts of {label}", origin, "tree", label)
    if build.release:
        kernel["release"] = Setting(build.release, origin, "release", origin.label)
    profiling = _profiling(build.btf)
    config: Fields = {}
    if profiling is not None:
        config["alloc_profiling"] = _setting(origin, "slabobj_ext", ("alloc_profiling", True, profiling.declaration))
    return Overlay(kernel=kernel, config=config)


def _setting(origin: Origin, struct: str, said: Said) -> Setting:
    """Return what a struct of the build says as a setting."""
    field, value, member = said
    source = f"{origin.label}: struct {struct}{member and ': '}{member}"
    return Setting(value, origin, field, source, struct=struct)


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


def _vm(btf: Btf, struct_layout: Layout) -> Iterator[Said]:
    """Yield what a VM has; when a page hash outside of the struct is allocated, its type does not tell."""
    split = struct_layout.field("split_desc_cache")
    yield "split_caches", split is not None, split.declaration if split else "no split_desc_cache"
    pages = struct_layout.field("mmu_page_hash")
    if pages and btf.element(pages.type):
        yield "page_hash", "embedded", pages.declaration
        yield "page_hash_bytes", btf.size(pages.type), pages.declaration


def _vcpu(_btf: Btf, struct_layout: Layout) -> Iterator[Said]:
    cache = struct_layout.field("mmu_external_spt_cache")
    yield "external_spt_cache", cache is not None, cache.declaration if cache else "no mmu_external_spt_cache"


def _slots(_btf: Btf, struct_layout: Layout) -> Iterator[Said]:
    """Yield how an object's metadata is made: a struct of all, from v7.3 a slot for each user."""
    for member, how in (("objcg", "struct"), ("_objcg", "slots")):
        field = struct_layout.field(member)
        if field:
            yield "obj_ext", how, field.declaration
            yield "obj_ext_bytes", field.width // 8, field.declaration


def _profiling(btf: Btf) -> Field | None:
    """Return the member that only kernels with CONFIG_MEM_ALLOC_PROFILING have."""
    extension = layout(btf, "slabobj_ext")
    return extension and (extension.field("ref") or extension.field("_ctref"))


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
    "kvm_arch_memory_slot": _slot,
    "kvm_arch": _vm,
    "kvm_vcpu_arch": _vcpu,
    "slabobj_ext": _slots,
    "track": _sized("slub_track_bytes"),
}
