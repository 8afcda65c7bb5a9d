"""What /sys/kernel/slab shows of any cache, from how it was created."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import slab_layout, slub_parameters

if TYPE_CHECKING:
    from ptelist.scenario.models import Kernel, Scenario

KMALLOC = ("kmalloc-", "dma-kmalloc-")
"""How the names of kmalloc's own caches begin."""


class Made(NamedTuple):
    """A cache as kmem_cache_create() was asked for it, with the debugging in force."""

    name: str
    object_size: int
    align: int
    pointer_outside: bool
    """It has a constructor, or is type-safe by RCU."""
    debug: str


def stride(made: Made, kernel: Kernel) -> int:
    """Return slab_size: the bytes from one object to the next.

    Some caches tell SLUB where in the object its free pointer may lie, whatever
    they are otherwise; kmalloc caches keep the size asked for beside each object
    that is tracked.
    """
    tracked = made.name.startswith(KMALLOC) and slab_layout.STORE_USER in made.debug
    outside = made.pointer_outside and made.name not in kernel.slub_pointer_inside
    return slab_layout.stride(
        made.object_size,
        align=made.align,
        pointer_outside=outside or (tracked and kernel.slub_request_outside and slab_layout.RED_ZONE in made.debug),
        debug=made.debug,
        track_bytes=kernel.slub_track_bytes,
        request_bytes=kernel.slub_request_bytes if tracked else 0,
    )


def layout(name: str, size: int, debug: str, scenario: Scenario) -> dict[str, int]:
    """Return what follows from a cache's stride on the scenario's host, by the names of the files in sysfs."""
    kernel = scenario.kernel
    found = slab_layout.layout(size, slub_parameters.order_rule(kernel, scenario.host))
    debugged = slab_layout.debugged(debug)
    return {
        "order": found.order,
        "objs_per_slab": found.objects,
        "min_partial": slab_layout.min_partial(size, *kernel.slub_min_partial),
        "cpu_partial": 0 if debugged else slub_parameters.cpu_partial(kernel, scenario.config, size),
        "sheaf_capacity": slub_parameters.sheaf_capacity(name, size, debug, kernel),
    }
