"""Raw counts of slabinfo, and the most slabs that there ever were, against SLUB step by step."""

from __future__ import annotations

from typing import Any

import pytest
from exploring import examples
from helpers import kernel, ledger, scenario, table
from hypothesis import given
from hypothesis import strategies as st

from ptelist.engine import raw, slab_layout, slub_parameters
from ptelist.engine.host_history import machine
from ptelist.engine.raw import Fillers
from ptelist.engine.slub_node import Rules

DESC, HEADER = "pte_list_desc", "kvm_mmu_page_header"
SIZES = st.sampled_from([(32, 60), (22, 60), (128, 60), (5, 7), (3, 2), (64, 60)])
"""Objects of a slab, and of a sheaf."""


def counts(cache: Any) -> tuple[int, int]:
    """Return active objects and slabs of a step machine with sheaves: all that are not free on their slab count."""
    slabs = cache.slabs
    free = sum(each.free for node in cache.nodes for each in node.partial)
    return slabs * cache.rules.per_slab - free, slabs


@given(SIZES, st.lists(st.integers(1, 300), max_size=20))
def test_added_by_one_cpu_is_exact(sizes: tuple[int, int], adds: list[int]) -> None:
    """Whole sheaves, from slabs one after the other."""
    per_slab, sheaf = sizes
    cache = machine(Rules(per_slab, 5, sheaf=sheaf, full_sheaves=10))
    for count in adds:
        cache.allocate(count)
    live = sum(adds)
    found = raw.in_sheaves((live, live), per_slab, sheaf, Fillers(1, 1))
    assert found.objects[0] == found.objects[1]
    assert found.slabs[0] == found.slabs[1]
    assert counts(cache) == (found.objects[0], found.slabs[0])


@given(SIZES, st.integers(1, 6), st.lists(st.tuples(st.integers(0, 5), st.integers(1, 100)), max_size=30))
def test_added_by_any_cpu_lies_within(sizes: tuple[int, int], cpus: int, adds: list[tuple[int, int]]) -> None:
    per_slab, sheaf = sizes
    cache = machine(Rules(per_slab, 5, cpus=cpus, sheaf=sheaf, full_sheaves=10))
    for cpu, count in adds:
        cache.allocate(count, cpu % cpus)
    live = sum(count for _, count in adds)
    found = raw.in_sheaves((live, live), per_slab, sheaf, Fillers(cpus, cpus))
    active, slabs = counts(cache)
    assert found.objects[0] <= active <= found.objects[1]
    assert found.slabs[0] <= slabs <= found.slabs[1]


STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 7), st.integers(1, 400)), max_size=40)


@given(SIZES, st.integers(1, 4), st.integers(1, 2), STEPS)
@examples(150)
def test_no_more_slabs_than_the_peak_allows(sizes: tuple[int, int], cpus: int, nodes: int, steps: Any) -> None:
    """Objects come on any CPU and go on any other: slabs stay below the bound of the peak, and sheaves hold no more."""
    per_slab, sheaf = sizes
    host = scenario(kernel="7.3", cpus=max(cpus, nodes), nodes=nodes).host
    profile = kernel("7.3")
    cache = machine(Rules(per_slab, 5, cpus=host.cpus, nodes=nodes, sheaf=sheaf, full_sheaves=10))
    live: list[Any] = []
    peak = 0
    for add, cpu, count in steps:
        if add:
            live += cache.allocate(count, cpu % host.cpus)
        else:
            cut = max(len(live) - count, 0)
            cache.free(live[cut:], cpu % host.cpus)
            del live[cut:]
        peak = max(peak, len(live))
        parked = slub_parameters.parked_beside(profile, host, sheaf)
        most = slab_layout.slabs_of_peak(peak + parked if peak else 0, per_slab, nodes, host.cpus - 1)
        active, slabs = counts(cache)
        assert slabs <= most
        found = raw.left_over(
            (len(live), len(live)), (0, most), per_slab, sheaf * slub_parameters.most_sheaves(profile, host)
        )
        assert found.objects[0] <= active <= found.objects[1]


@pytest.mark.parametrize(
    ("vcpus", "objects", "slabs", "headers"), [(1, 60, 2, 3), (2, 120, 4, 6), (8, 360, 12, 17), (64, 2580, 81, 118)]
)
@pytest.mark.parametrize("version", ["7.2", "7.3"])
def test_observed_raw_counts(version: str, vcpus: int, objects: int, slabs: int, headers: int) -> None:
    """observed.md 4, and tests/kernel/recorded: what one CPU filled is one number."""
    found = ledger(kernel=version, host="single-cpu", vcpus=vcpus)
    assert (found[f"{DESC}.objects.raw"].low, found[f"{DESC}.objects.raw"].high) == (objects, objects)
    assert (found[f"{DESC}.slabs.raw"].low, found[f"{DESC}.slabs.raw"].high) == (slabs, slabs)
    vm = {"paging": "tdp-mmu", "memory": "16MiB", "vcpus": vcpus}
    assert raw.in_sheaves((40 * vcpus, 40 * vcpus), 22, 60, Fillers(1, 1)).slabs == (headers, headers)
    assert ledger(kernel=version, host="single-cpu", **vm)[f"{HEADER}.objects.raw"].low % 60 == 0


@pytest.mark.parametrize("version", ["6.1", "6.12", "6.18"])
def test_raw_counts_before_sheaves(version: str) -> None:
    """A CPU's slab counts as full (6.1: 64 of 40, 2 560 of 2 560); spread over CPUs it may, or not."""
    one = ledger(kernel=version, host="single-cpu", vcpus=1)[f"{DESC}.objects.raw"]
    assert (one.low, one.high) == (64, 64)
    many = ledger(kernel=version, cpus=4, filling="spread", vcpus=8)[f"{DESC}.objects.raw"]
    assert many.low <= 320
    assert many.high >= 384


def test_a_debugged_cache_has_exact_counts() -> None:
    found = ledger(kernel="7.3", host="single-cpu", vcpus=2, slub_debug="U")
    assert (found[f"{DESC}.objects.raw"].low, found[f"{DESC}.objects.raw"].high) == (80, 80)
    aged = ledger(kernel="7.3", host="single-cpu", vcpus=2, slub_debug="U", filling="aged")
    assert (aged[f"{DESC}.objects.raw"].low, aged[f"{DESC}.objects.raw"].high) == (80, 80)


def test_an_aged_host_parks_what_its_sheaves_hold() -> None:
    """One CPU: 12 sheaves of 60; with the peak known no more slabs than ever (27 seen after 64 vCPUs)."""
    wide = ledger(kernel="7.3", host="single-cpu", vcpus=1, filling="aged")
    assert (wide[f"{DESC}.objects.raw"].low, wide[f"{DESC}.objects.raw"].high) == (40, 40 + 720)
    assert wide[f"{DESC}.slabs.raw"].high == 40 + 725
    known = ledger(kernel="7.3", host="single-cpu", vcpus=1, filling="aged", peak_vms=64)
    assert 27 < known[f"{DESC}.slabs.raw"].high == (2560 + 59 - 1) // 32 + 1 == 82


def test_raw_rows_of_ground_truth() -> None:
    """Live objects at least, whole sheaves or CPU slabs at most; not flushed since, one CPU shows one number.

    Between the rows of a VM its cache was shrunk, so that in some nothing that CPUs keep is counted.
    """
    exact = 0
    found = [row for row in table("observations/vcpu-caches.csv") if row["state"] == "raw" and row["cache"] == DESC]
    found = [row for row in found if int(row["vcpus_created"])]
    for row in found:
        one = row["host_cpus"] == "1"
        host = {"cpus": int(row["host_cpus"]), "filling": "packed" if one else "spread"}
        vcpus = {"vcpus": int(row["vcpus_created"]), "vcpus_run": int(row["vcpus_run"])}
        figures = ledger(kernel=row["kernel"], paging=row["paging"], memory="16MiB", smm=False, **host, **vcpus)
        objects, slabs = figures[f"{DESC}.objects.raw"], figures[f"{DESC}.slabs.raw"]
        active, held = int(row["active_objs"]), int(row["num_slabs"])
        live = figures[f"{DESC}.objects.vcpu_caches"].low
        sheaf = slab_layout.by_size(128, kernel(row["kernel"]).slub_sheaf_capacity)
        assert live <= active <= max(objects.high, live + sheaf - 1)
        assert figures[f"{DESC}.slabs"].low <= held <= max(slabs.high, figures[f"{DESC}.slabs"].high)
        exact += (active, held) == (objects.low, slabs.low) == (objects.high, slabs.high)
    assert len(found) == 366
    assert exact >= 196
