"""What /proc/slabinfo says of a cache as it stands: free objects that CPUs keep count as in use.

Up to v6.19 all objects of a CPU's own slab count, used or not. From v7.0 on it is
those in sheaves: a CPU that finds its sheaf empty fills a whole one, from slabs
that are begun and then from new ones (refill_sheaf(), refill_objects(), read in
7.3.4), so that objects which were only added count in whole sheaves.
"""

from __future__ import annotations

from typing import NamedTuple

from ptelist.engine.slab_layout import most_slabs


class Raw(NamedTuple):
    """Objects in use and slabs, as slabinfo counts them: the least and the most."""

    objects: tuple[int, int]
    slabs: tuple[int, int]


class Fillers(NamedTuple):
    """Who filled a cache."""

    cpus: int
    """Most CPUs that took objects."""
    places: int
    """Most slabs begun at a time, one of each CPU or node."""


def in_sheaves(objects: tuple[int, int], per_slab: int, sheaf: int, fillers: Fillers) -> Raw:
    """Return the counts of a cache with sheaves of so many objects, to which objects were only added.

    Each CPU may have up to a sheaf less one left; no task is moved to another CPU while it fills one.
    """
    low, high = objects
    least = -(-low // sheaf) * sheaf
    most = (high + min(fillers.cpus, high) * (sheaf - 1)) // sheaf * sheaf
    return Raw((least, most), (-(-least // per_slab), most_slabs(most, per_slab, fillers.places)))


def on_cpus(objects: tuple[int, int], per_slab: int, fillers: Fillers) -> Raw:
    """Return the counts of a cache whose CPUs have a slab of their own each, to which objects were only added.

    With one that takes, its slab is the only one that is not full, and it counts as full.
    """
    low, high = objects
    slabs = -(-low // per_slab), most_slabs(high, per_slab, fillers.places)
    least = slabs[0] * per_slab if fillers.places == 1 else low
    return Raw((least, slabs[1] * per_slab), slabs)


def debugged(objects: tuple[int, int], per_slab: int, fillers: Fillers) -> Raw:
    """Return the counts of a cache of which no CPU keeps anything."""
    return Raw(objects, (-(-objects[0] // per_slab), most_slabs(objects[1], per_slab, fillers.places)))


def left_over(objects: tuple[int, int], slabs: tuple[int, int], per_slab: int, parked: int | None) -> Raw:
    """Return the counts on a host where VMs came and went: `slabs` are all that there may be.

    `parked` is the most objects in sheaves; None: whole slabs of CPUs count.
    """
    full = slabs[1] * per_slab
    most = full if parked is None else min(full, objects[1] + parked)
    return Raw((objects[0], max(most, objects[1])), slabs)
