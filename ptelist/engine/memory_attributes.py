"""The xarray of memory attributes, of VMs with private memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import slab_layout, slub_parameters
from ptelist.engine.guest_memory import ram
from ptelist.engine.kmalloc import kmalloc
from ptelist.engine.ledger import Term, Unit, fixed, product, rule
from ptelist.engine.windows import distinct

if TYPE_CHECKING:
    from ptelist.engine.facts import Facts
    from ptelist.engine.windows import Range
    from ptelist.scenario.models import Host, Kernel, Vm

B, OBJECTS = Unit.BYTES, Unit.OBJECTS


def nodes(spans: tuple[Range, ...], page_bytes: int, chunk_shift: int) -> int:
    """Return the xa_nodes, of 2^chunk_shift slots, of an xarray with an entry for each page of ascending ranges.

    A node for each window that they touch, level by level up to the node that holds the highest index (xa_reserve()
    and xas_create(), lib/xarray.c); index 0 alone needs none.
    """
    if not spans:
        return 0
    last = (spans[-1][1] - 1) // page_bytes
    count, shift = 0, 0
    while last >> shift:
        shift += chunk_shift
        count += distinct(spans, page_bytes << shift)
    return count


def bounds(spans: tuple[Range, ...], private: int, page_bytes: int, chunk_shift: int) -> tuple[int, int]:
    """Return the least and the most nodes when `private` bytes of the ranges have the attribute.

    At best they lie together from the lowest address on, at worst each page has a node of its own at the lowest
    level, as far as there are. A node without an entry is freed when its last one is cleared.
    """
    most = nodes(spans, page_bytes, chunk_shift)
    pages = sum(end - first for first, end in spans) // page_bytes
    wanted = min(private // page_bytes, pages)
    if wanted == pages:
        return most, most
    if not wanted:
        return 0, 0
    least = nodes(((0, wanted * page_bytes),), page_bytes, chunk_shift)
    leaves = distinct(spans, page_bytes << chunk_shift)
    return least, min(most, most - leaves + min(leaves, wanted))


def attributes(facts: Facts, kernel: Kernel, host: Host, vm: Vm, number: int) -> Term:
    """Return the bytes of the nodes: of slabs that the page cache shares, with what memcg keeps beside them.

    A page cache that came and went may have put each node beside others that are freed by now: radix_tree_node is
    the cache of all xarrays (lib/radix-tree.c), and a slab stays while one object of it is in use (mm/slub.c).
    """
    spans = ram(vm)
    field = "memory" if vm.private_memory is None else "private_memory"
    private = sum(end - first for first, end in spans) if vm.private_memory is None else vm.private_memory
    low, high = bounds(spans, private, kernel.page_bytes, kernel.xa_chunk_shift)
    slots = 1 << kernel.xa_chunk_shift
    why = f"a node for each {slots} pages with the attribute private, and above them one for each {slots} nodes"
    given = facts.vm(number, field, B)
    found = rule("xa_nodes", low, high, OBJECTS, why, given)
    size = facts.kernel("xa_node_bytes", B)
    stride = slab_layout.stride(
        size.low, pointer_outside=True, debug=host.slub_debug, track_bytes=kernel.slub_track_bytes
    )
    layout = slab_layout.layout(stride, slub_parameters.order_rule(kernel, host))
    each = slub_parameters.obj_ext_bytes(kernel, facts.config, host)
    wanted = each * layout.objects
    in_tail = kernel.obj_ext_in_tail and layout.objects * stride + wanted <= layout.slab_bytes
    vector = 0 if in_tail else kmalloc(wanted, facts.pool)
    fillers = slub_parameters.fillers(host)
    most = high if host.filling == "aged" else slab_layout.most_slabs(high + fillers - 1, layout.objects, fillers)
    most = min(most, high)
    least = product("used", B, found, fixed("stride", stride, B, "radix_tree_node has a constructor", size))
    why = "at best free objects of slabs that the page cache holds anyway, at worst "
    if host.filling == "aged":
        why += "each the last in a slab that the page cache filled and left: SLUB moves none, no peak of VMs bounds it"
    else:
        why += "slabs of their own with their vectors"
    return rule("mem_attr_array", least.low, most * (layout.slab_bytes + vector), B, why, least)
