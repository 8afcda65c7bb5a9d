"""An MMU whose limits are so small that random steps reach them: descriptors of 2 entries, lists of 3."""

from __future__ import annotations

from ptelist.engine.vcpu_machine import Mmu

SHADOW = Mmu(
    ext=2,
    policy="walk",
    cap=3,
    parents_cap=None,
    descriptors=(6, 3),
    headers=(7, 5),
    lists=True,
    shadow=True,
    root_level=4,
    leaf_level=1,
    page_bytes=1 << 12,
    most_tables=1000,
)
