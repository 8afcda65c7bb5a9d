"""A whole QEMU VM, as recorded: what its cgroup was charged is explained, the MMU's part by what ptelist prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from kernel import qemu_vm

if TYPE_CHECKING:
    from pathlib import Path

every_record = pytest.mark.parametrize("path", qemu_vm.recorded(), ids=lambda path: path.stem)
MOST = 0.05
"""Of the charge, what may be left unexplained of slab, and of pages."""


def load(path: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(path.read_text())
    return record


def test_there_are_records() -> None:
    assert {path.stem for path in qemu_vm.recorded()} == {"6.1", "7.3"}


@every_record
def test_what_is_the_mmus_is_predicted(path: Path) -> None:
    predicted = [row for row in qemu_vm.rows(load(path)) if row.predicted]
    assert len(predicted) == 3
    wrong = [row for row in predicted if row.predicted and not row.predicted[0] <= row.bytes <= row.predicted[1]]
    assert not wrong


@every_record
def test_hardly_anything_is_unexplained(path: Path) -> None:
    record = load(path)
    *explained, of_slab, of_pages = qemu_vm.rows(record)
    kernel = record["stat"]["kernel"]
    assert sum(row.bytes for row in explained) + of_slab.bytes + of_pages.bytes == kernel
    for row in (of_slab, of_pages):
        assert row.what.startswith("unexplained")
        assert abs(row.bytes) <= MOST * kernel
