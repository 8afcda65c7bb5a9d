"""How SLUB lays objects out in slabs: stride, order, packing, what stays.

The rules are those of mm/slub.c; each value that differs by version is an
argument, held in presets/kernels with its source.
"""

from typing import NamedTuple

from ptelist.engine.recorded import remembered

POINTER = 8
"""Bytes of a pointer on the 64-bit hosts that ptelist covers."""

RED_ZONE, POISON, STORE_USER = "Z", "P", "U"
DEBUG_FLAGS = frozenset("FZPUT")
"""The slub_debug letters that keep slabs off the CPUs; A (failslab) does not."""


class OrderRule(NamedTuple):
    """What calculate_order() works with on one kernel and host."""

    form: str
    """`loop` (min_objects lowered step by step) or `fixed`."""
    fractions: tuple[int, ...]
    """Largest part of a slab that may be wasted, as 1/n, strictest first."""
    min_objects: int
    min_order: int
    max_order: int
    page_bytes: int
    max_objects: int
    """No slab holds more objects than this."""


class SlabLayout(NamedTuple):
    """One kmem_cache's slabs: bytes per object, order, objects per slab."""

    stride: int
    order: int
    objects: int
    slab_bytes: int


def round_up(value: int, step: int) -> int:
    """Return the smallest multiple of step that is at least value."""
    return -(-value // step) * step


def debugged(flags: str) -> bool:
    """Return whether these slub_debug letters keep slabs off the CPUs."""
    return not DEBUG_FLAGS.isdisjoint(flags)


def stride(  # noqa: PLR0913 -- what calculate_sizes() goes by
    object_size: int,
    *,
    align: int = POINTER,
    pointer_outside: bool = False,
    debug: str = "",
    track_bytes: int = 0,
    request_bytes: int = 0,
) -> int:
    """Return the bytes from one object to the next (calculate_sizes()).

    `pointer_outside` is true for a cache with a constructor, or type-safe by
    RCU, whose free pointer may not lie inside the object. `debug` holds
    slub_debug letters: Z red zones, P poison, U tracking of two call sites of
    `track_bytes` each (and, in kmalloc caches, `request_bytes` for the size asked
    for); other letters take no space.
    """
    size = round_up(object_size, POINTER)
    if RED_ZONE in debug and size == object_size:
        size += POINTER
    if pointer_outside or POISON in debug:
        size += POINTER
    if STORE_USER in debug:
        size += 2 * track_bytes + request_bytes
    if RED_ZONE in debug:
        size += POINTER + round_up(POINTER, align)
    return round_up(size, align)


def min_objects(cpus: int) -> int:
    """Return how many objects SLUB wants in a slab: 4 * (fls(cpus) + 1)."""
    return 4 * (cpus.bit_length() + 1)


def get_order(size: int, page_bytes: int) -> int:
    """Return the smallest order whose pages hold size bytes (size >= 1)."""
    return (-(-size // page_bytes) - 1).bit_length()


def slab_order(size: int, rule: OrderRule) -> int:
    """Return the order of a slab for objects of stride `size` (calculate_order()).

    Nominal: under memory pressure a smaller order can be used for a slab.
    """
    most = (rule.page_bytes << rule.max_order) // size
    wanted = max(min(rule.min_objects, most), 1)
    if rule.form == "fixed":
        tries = [(wanted, fraction) for fraction in rule.fractions]
    else:
        tries = [(n, fraction) for n in range(wanted, 1, -1) for fraction in rule.fractions]
        tries.append((1, 1))
    for objects, fraction in tries:
        found = _first_order(size, objects, fraction, rule)
        if found <= rule.max_order:
            return found
    return get_order(size, rule.page_bytes)


def _first_order(size: int, objects: int, fraction: int, rule: OrderRule) -> int:
    """Return the first order that holds `objects` and wastes little enough.

    The result exceeds rule.max_order when no allowed order does.
    """
    order = rule.min_order
    if rule.form == "fixed":
        order = max(order, get_order(objects * size, rule.page_bytes))
    if (rule.page_bytes << order) // size > rule.max_objects:
        return get_order(size * rule.max_objects, rule.page_bytes) - 1
    order = max(order, get_order(objects * size, rule.page_bytes))
    while order <= rule.max_order:
        slab = rule.page_bytes << order
        if slab % size <= slab // fraction:
            break
        order += 1
    return order


@remembered
def layout(size: int, rule: OrderRule) -> SlabLayout:
    """Return the layout of a cache of stride `size`."""
    order = slab_order(size, rule)
    slab_bytes = rule.page_bytes << order
    return SlabLayout(size, order, slab_bytes // size, slab_bytes)


def most_slabs(objects: int, per_slab: int, nodes: int) -> int:
    """Return the most slabs that objects fill when each node packs its own.

    Every node may leave one slab partly filled; no slab is empty.
    """
    if objects <= nodes:
        return objects
    return (objects - nodes) // per_slab + nodes


def slabs_of_peak(peak: int, per_slab: int, nodes: int, others: int) -> int:
    """Return the most slabs that a cache can ever have had, with `peak` objects taken from slabs at most.

    A slab is made only for a CPU that has none with room while the list of its node is empty. Then all slabs of the
    node are full, but for `others`: those that the other CPUs have for themselves. Slabs of other nodes can be
    as empty as they like, for a node may do without them.
    """
    return nodes * (-(-peak // per_slab) + others) if peak else 0


def min_partial(size: int, low: int, high: int) -> int:
    """Return how many empty slabs a node keeps: log2(stride) / 2, within low..high."""
    return max(low, min(high, (size.bit_length() - 1) // 2))


def cpu_partial_slabs(free: int, per_slab: int, unit: str) -> int:
    """Return how many slabs a CPU's partial list can hold.

    `unit` "slabs" (from v5.16): ceil(2 x free / per_slab). `unit` "objects": the
    free objects noted as slabs join the list may exceed `free` by one slab, and
    each slab notes one at least.
    """
    if free == 0:
        return 0
    return -(-2 * free // per_slab) if unit == "slabs" else free + 1


def by_size(size: int, table: tuple[tuple[int, int], ...]) -> int:
    """Return the value of the first row whose bound exceeds size; bound 0 is open."""
    for bound, value in table:
        if bound == 0 or size < bound:
            return value
    return 0
