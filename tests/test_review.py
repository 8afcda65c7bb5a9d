"""What a review found: figures and assumptions that did not hold together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers import ledger, scenario

from ptelist.compare.assumptions import assume
from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from ptelist.engine.ledger import Ledger


@pytest.mark.parametrize("figure", ["memory_attributes.bytes", "pte_list_desc.slabs", "kvm_mmu_page_header.slabs"])
def test_an_aged_host_contains_fresh_ones(figure: str) -> None:
    """Whatever is on a host that was filled by any CPU may be on one with a history."""

    def of(filling: str) -> Ledger:
        return ledger(kernel="7.2", host="server-64", private_memory="2MiB", filling=filling)

    spread, aged = of("spread")[figure], of("aged")[figure]
    assert aged.low <= spread.low
    assert spread.high <= aged.high


def test_private_memory_is_told_and_leaves_no_memslots_of_smm() -> None:
    """kvm_arch_nr_memslot_as_ids(): one address space where there is private memory."""
    (line,) = (each for each in assume([scenario(private_memory="1GiB")], by_preset=False) if each.startswith("vm:"))
    assert "1 GiB of private memory" in line
    assert "SMM memslots" not in line


def test_dirty_rings_are_told() -> None:
    (line,) = (each for each in assume([scenario(dirty_ring=4096)], by_preset=False) if each.startswith("vm:"))
    assert "dirty rings of 4096 entries" in line


def test_a_dirty_ring_takes_a_page_at_least() -> None:
    """kvm_vm_ioctl_enable_dirty_log_ring() refuses a size below PAGE_SIZE: 256 entries of 16 bytes."""
    with pytest.raises(PtelistError, match="KVM takes 256 or more"):
        scenario(dirty_ring=128)
    assert scenario(dirty_ring=256).vms[0].dirty_ring == 256
