"""Lines that begin as an event does, many times: each is passed over in no time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

ADD = "q-1 [0] .... 1.0: pte_list_add: (pte_list_add+0x0/0x1b0 [kvm]) cache=0x1 spte=0x2 head=0x3"
SET = "q-1 [0] .... 1.0: kvm_mmu_set_spte: gfn 1 spte 1 (rw) level 1 at 2"


@pytest.mark.parametrize(
    ("first", "part"),
    [
        (SET, "x-kvm_mmu_set_spte: gfn x level "),
        (SET, "x-kvm_mmu_set_spte: gfn x spte 1 ( level "),
        (ADD, "x-pte_list_add: ("),
        (ADD, "x-pte_list_add: (a) spte=x "),
    ],
)
def test_lines_of_many_beginnings(run: Callable[..., Result], tmp_path: Path, first: str, part: str) -> None:
    """Each beginning was followed to the end of the line, or of the block: half a second a line."""
    path = tmp_path / "trace"
    path.write_text("\n".join([first, *[part * (60_000 // len(part))] * 100]) + "\n", encoding="utf-8")
    began = time.process_time()
    assert "100 of them of other events" in " ".join(run("replay", str(path), "--kernel", "6.1").stdout.split())
    assert time.process_time() - began < 20
