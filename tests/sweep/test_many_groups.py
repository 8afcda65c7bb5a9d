"""Many VM groups on one host: what is noted of a scenario is noted of the groups that are read."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

from refusals import refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]


def peak(run: Run, path: Path, groups: int) -> int:
    """Return the most bytes that a sweep over a host with so many groups takes."""
    path.write_text("[[vm]]\n" * groups, encoding="utf-8")
    tracemalloc.start()
    try:
        assert run("sweep", str(path), "--vcpus", "1,2", "--figure", "mmu.bytes.total").exit_code == 0
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_grows_with_the_groups_and_not_with_their_square(run: Run, tmp_path: Path) -> None:
    """2,000 groups took 2.4 GB; squares would make this 16 times as much."""
    few, many = (peak(run, tmp_path / "groups.toml", groups) for groups in (50, 200))
    assert many < 6 * few


def test_groups_in_all_columns_have_a_bound(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "groups.toml"
    path.write_text("[[vm]]\n" * 300, encoding="utf-8")
    assert "more than 20,000 VM groups in all scenarios" in refused(run("sweep", str(path), "--vcpus", "1..100"))
