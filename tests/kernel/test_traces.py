"""Lists of real kernels, traced and replayed: at every mark the replay has what the slab counter said.

`pytest -m kernel --kernels 6.1,7.3`; with --record the traces are written to tests/data/traces.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from guest_steps import TABLE
from test_replay import TRACES, held, replayed

from kernel import initramfs, suite
from kernel.fetch import fetch
from kernel.guest import Guest
from kernel.machine import DESC
from kernel.tracing import Tracer
from kernel.vms import TARGET, Vm, clearing, mapping, touching

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kernel

PAGES = 40
"""Aliases for most lists: three descriptors of 14, or 14 of 3."""

PARENTS = 30


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    series = [name for name in metafunc.config.getoption("--kernels").split(",") if name]
    metafunc.parametrize("series", series)


@pytest.fixture
def guest(series: str) -> Iterator[Guest]:
    """Boot the kernel with shadow paging."""
    if not shutil.which("qemu-system-x86_64"):
        pytest.skip("not installed: qemu-system-x86_64")
    kernel = fetch(series)
    with tempfile.TemporaryDirectory() as folder:
        probe = initramfs.compile_probe(suite.HERE, Path(folder))
    modules = initramfs.kvm_modules(kernel.modules)
    with Guest(kernel.image, initramfs.build(probe, modules), "1", "slab_nomerge") as found:
        suite.load(found, tuple(modules), "shadow")
        yield found
        found.ask("off")


def checkpoint(guest: Guest, tracer: Tracer) -> None:
    """Mark the trace with the descriptors in use: those in lists, and those in the vCPU's cache."""
    tracer.mark(f"held={guest.count(DESC).active}")


def exercise(guest: Guest, tracer: Tracer) -> None:
    """Let lists grow, shrink from both ends and at random, go at once, and be those of parents."""
    checkpoint(guest, tracer)
    with Vm(guest) as vm:
        vm.start_vcpu()
        checkpoint(guest, tracer)
        vm.map(PAGES)
        for alias in range(PAGES):
            vm.ask(*touching(alias))
            checkpoint(guest, tracer)
        for alias in (*range(0, PAGES, 2), *range(PAGES - 1, PAGES // 2, -2)):
            vm.ask(*clearing(alias))
            checkpoint(guest, tracer)
        for alias in range(PAGES, PAGES + 20):
            vm.ask(*mapping(alias))
            vm.ask(*touching(alias))
            checkpoint(guest, tracer)
        vm.ask("drop", TARGET)
        checkpoint(guest, tracer)
        vm.ask(*touching(PAGES, 3))
        checkpoint(guest, tracer)
        vm.ask("unslot")
        guest.settle()


def share(guest: Guest, tracer: Tracer) -> None:
    """Let a guest page table have more and more parents: a list of parent_ptes, from the same cache."""
    with Vm(guest) as vm:
        vm.start_vcpu()
        vm.map(1)
        vm.ask("share", PARENTS)
        for parent in range(PARENTS):
            vm.ask(*touching(parent * TABLE))
            checkpoint(guest, tracer)
    checkpoint(guest, tracer)


def of_lists(guest: Guest, series: str) -> Tracer:
    return Tracer.of_lists(guest, series, next(fetch(series).modules.rglob("kvm.ko*")))


def test_replayed_is_what_the_slab_counter_said(series: str, guest: Guest, request: pytest.FixtureRequest) -> None:
    with of_lists(guest, series) as tracer:
        exercise(guest, tracer)
        share(guest, tracer)
    if request.config.getoption("--record"):
        (TRACES / f"{series}.trace").write_text(tracer.text, encoding="utf-8")
    found = replayed(tracer.text, series)
    assert not found.odd
    assert len(found.marks) > 100
    assert [mark.live[0] + mark.cached[0] for mark in found.marks] == held(found)


def test_the_envelope_holds(series: str, guest: Guest, request: pytest.FixtureRequest) -> None:
    """The same is done twice, once seen as SPTEs that are set; never does the envelope have less."""
    with of_lists(guest, series) as exact:
        exercise(guest, exact)
    with Tracer.of_sptes(guest) as upper:
        exercise(guest, upper)
    if request.config.getoption("--record"):
        (TRACES / f"{series}.set_spte").write_text(upper.text, encoding="utf-8")
    marks = replayed(exact.text, series).marks, replayed(upper.text, series).marks
    assert len(marks[0]) == len(marks[1]) > 80
    assert all(low.live[0] <= high.live[0] for low, high in zip(*marks, strict=True))
