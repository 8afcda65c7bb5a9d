"""The structs of a VM and of a vCPU: orders by the rules of the page allocator and of SLUB."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import scenario
from hypothesis import given
from hypothesis import strategies as st
from ledger_laws import follows_from_parts, says_why

from ptelist.engine.account import account
from ptelist.engine.ledger import Ledger
from ptelist.readers.host.snapshot import parse
from ptelist.settings.columns import expand

PAGE = 4096
RECORDED = Path(__file__).parents[1] / "kernel/recorded"


def figures(kernel: str = "6.18", *, debug: str = "", **sizes: int | None) -> Ledger:
    base = scenario(kernel=kernel)
    known = base._replace(kernel=base.kernel._replace(**sizes), host=base.host._replace(slub_debug=debug))
    found = account(known)
    return Ledger({name: term for name, term in found.items() if name.startswith(("kvm_vmx", "vcpu_vmx"))})


@given(st.integers(1, 1 << 20))
def test_an_order_is_the_least_that_holds_it(size: int) -> None:
    found = figures(kvm_vmx_bytes=size)
    order = found["kvm_vmx.order"].low
    assert size <= PAGE << order
    assert order == 0 or size > PAGE << (order - 1)
    follows_from_parts(found)
    says_why(found)


@pytest.mark.parametrize(("hashes", "order"), [(4096, 0), (4095, 1), (8191, 0), (9000, 0)])
def test_what_is_left_without_hashes(hashes: int, order: int) -> None:
    found = figures(kvm_vmx_bytes=2 * PAGE, memslot_hash_bytes=hashes)
    assert (found["kvm_vmx.order"].low, found["kvm_vmx.order.without_memslot_hashes"].low) == (1, order)
    says_why(found)


def test_each_figure_is_there_where_its_size_is_known() -> None:
    assert not figures()
    assert set(figures(kvm_vmx_bytes=7104)) == {"kvm_vmx.size", "kvm_vmx.order"}
    assert set(figures(vcpu_vmx_bytes=9024)) == {"vcpu_vmx.size", "vcpu_vmx.slab_order"}
    assert set(figures(vcpu_vmx_bytes=9024, debug="U")) == {"vcpu_vmx.size"}


@pytest.mark.parametrize(("kernel", "order"), [("6.16", 0), ("6.17", 4)])
def test_vmalloc_asks_for_single_pages(kernel: str, order: int) -> None:
    found = figures(kernel, kvm_vmx_bytes=40528)
    assert found["kvm_vmx.order"].low == order
    says_why(found)


@pytest.mark.parametrize("machine", ["vm-life", "present-16", "present-128", "max-order-0", "min-objects-16", "merged"])
@pytest.mark.parametrize("version", ["5.10", "6.1", "6.12", "6.16", "6.18", "7.2", "7.3"])
def test_slabs_of_vcpus_are_as_on_kernels_that_ran(version: str, machine: str) -> None:
    """The order of kvm_vcpu in /sys/kernel/slab, of the size there: kvm_amd was loaded, on 1 to 128 CPUs."""
    path = str(RECORDED / version / f"{machine}.observation")
    cells = parse(Path(path).read_text(encoding="utf-8"), path).slabs["kvm_vcpu"]
    size = ("set", f"kernel.vcpu_svm_bytes={cells['object_size']}")
    found = account(expand((), [("kernel", path), ("host", path), ("paging", "tdp-mmu"), size]).columns[0].scenario)
    assert found["vcpu_svm.slab_order"].low == int(cells["order"])
