"""What a review found: figures and assumptions that did not hold together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers import ledger, scenario

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
