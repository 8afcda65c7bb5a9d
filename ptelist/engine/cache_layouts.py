"""How the slabs of the two kmem_caches are laid out: figures that follow from the kernel and the host alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import mmu, slab_layout, slub_parameters
from ptelist.engine.figure_kinds import DESC, HEADER
from ptelist.engine.kmalloc import kmalloc
from ptelist.engine.ledger import Term, Unit, fixed, floor_div, named, nothing, product, total

if TYPE_CHECKING:
    from ptelist.engine.facts import Facts

B = Unit.BYTES


class CacheLayout(NamedTuple):
    """How the slabs of one cache are laid out."""

    size: Term
    """sizeof() of the object, named `NAME.size`."""
    stride: Term
    order: Term
    per_slab: Term
    slab_bytes: Term
    vector: Term
    """Bytes of a slab's vector of memcg and profiling metadata, where it has one of its own."""
    slab: slab_layout.SlabLayout
    sheaf: int
    """The objects of a sheaf, 0 if there are none."""

    @property
    def name(self) -> str:
        """Return the name of the cache."""
        return self.size.name.removesuffix(".size")

    @property
    def figures(self) -> tuple[Term, ...]:
        """Return those that are figures, in their order."""
        return self.size, self.stride, self.order, self.per_slab


def both(facts: Facts) -> tuple[CacheLayout, CacheLayout]:
    """Return the layouts of both caches, descriptors first."""
    return layout(facts, DESC), layout(facts, HEADER)


def layout(facts: Facts, name: str) -> CacheLayout:
    """Return the layout of the cache of this name."""
    kernel, host = facts.scenario.kernel, facts.scenario.host
    size = SIZES[name](facts)
    stride, order, found = slab(facts, name, size)
    page = facts.kernel("page_bytes", B)
    slab_bytes = fixed("slab_bytes", found.slab_bytes, B, "page_bytes << slab_order", page, order)
    per_slab = floor_div(f"{name}.objects_per_slab", Unit.OBJECTS, slab_bytes, stride)
    sheaf = slub_parameters.sheaf_capacity(name, found.stride, host.slub_debug, kernel)
    return CacheLayout(size, stride, order, per_slab, slab_bytes, _vector(facts, found, per_slab), found, sheaf)


def slab(facts: Facts, name: str, size: Term) -> tuple[Term, Term, slab_layout.SlabLayout]:
    """Return the stride and the slab order of objects of a size, aligned to 8 bytes, and how they are laid out."""
    kernel, host = facts.scenario.kernel, facts.scenario.host
    stride_bytes = slab_layout.stride(size.low, debug=host.slub_debug, track_bytes=kernel.slub_track_bytes)
    order_rule = slub_parameters.order_rule(kernel, host)
    found = slab_layout.layout(stride_bytes, order_rule)
    note = "size rounded up to 8, and what slub_debug adds (calculate_sizes())"
    stride = fixed(f"{name}.stride", stride_bytes, B, note, size)
    note = (
        f"first order for min_objects that wastes at most 1/{order_rule.fractions[0]},"
        f" else 1/{order_rule.fractions[1]}, ... (calculate_order(), form {order_rule.form!r})"
    )
    wanted = _min_objects(facts, order_rule.min_objects)
    return stride, fixed(f"{name}.slab_order", found.order, Unit.ORDER, note, stride, wanted), found


def _vector(facts: Facts, found: slab_layout.SlabLayout, per_slab: Term) -> Term:
    """Return what a slab's obj_ext vector takes: a kmalloc of its own, unless it fits behind the last object."""
    kernel, name = facts.scenario.kernel, "obj_ext_vector"
    each = slub_parameters.obj_ext_bytes(kernel, facts.config, facts.scenario.host)
    if each == 0:
        return nothing(name, B, "neither memcg nor allocation profiling is on")
    wanted = each * found.objects
    start = slab_layout.round_up(found.objects * found.stride, each)
    if kernel.obj_ext_in_tail and start + wanted <= found.slab_bytes:
        return nothing(name, B, facts.source("kernel.obj_ext_in_tail"))
    per_object = fixed("obj_ext_bytes", each, B, facts.source("kernel.obj_ext"))
    why = f"kmalloc bucket of objects_per_slab x obj_ext_bytes = {wanted}"
    return fixed(name, kmalloc(wanted, facts.pool), B, why, per_slab, per_object)


def _min_objects(facts: Facts, wanted: int) -> Term:
    kernel, host = facts.scenario.kernel, facts.scenario.host
    if host.slub_min_objects:
        return facts.host("slub_min_objects", Unit.OBJECTS)
    counted = slub_parameters.counted_cpus(kernel, host)
    cpus = fixed("cpus_counted", counted, Unit.COUNT, facts.source("kernel.slub_cpus"), facts.host("cpus"))
    return fixed("min_objects", wanted, Unit.OBJECTS, "4 x (fls(cpus) + 1)", cpus)


def ext(facts: Facts) -> Term:
    """Return PTE_LIST_EXT."""
    kernel = facts.scenario.kernel
    field = mmu.ext_field(kernel, facts.scenario.first_vm)
    return named(f"{DESC}.ext", facts.kernel(field, Unit.ENTRIES))


def _desc_size(facts: Facts) -> Term:
    """Return sizeof(struct pte_list_desc)."""
    array = product("sptes", B, ext(facts), facts.kernel("spte_pointer_bytes", B))
    return total(f"{DESC}.size", B, (facts.kernel("pte_list_desc_fixed_bytes", B), array))


def _header_size(facts: Facts) -> Term:
    return named(f"{HEADER}.size", facts.kernel("kvm_mmu_page_bytes", B))


SIZES = {DESC: _desc_size, HEADER: _header_size}
