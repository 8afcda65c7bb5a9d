"""Where the bytes are: parts add up to what they are parts of, the largest first, in every width."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from ptelist.compare.breakdown import PAGES, SHADOW_PAGES, Node, breakdown, largest
from ptelist.compare.single import single
from ptelist.scenario.presets import shipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result

OPEN_TOGETHER = (SHADOW_PAGES, ".bytes.slab")
"""Figures whose parts are open together: more of one is less of another."""
EXACT = ("--caches", "topped-up")


def walk(node: Node) -> Iterator[Node]:
    yield node
    for part in node.parts:
        yield from walk(part)


@pytest.mark.parametrize("kernel", shipped.names("kernels"))
@pytest.mark.parametrize("vm", shipped.names("vms"))
def test_parts_add_up(kernel: str, vm: str) -> None:
    """Exactly, or where they are open together to what contains the whole."""
    root = breakdown(single((), [("kernel", kernel), ("vm", vm)], "").ledgers[0])
    for node in walk(root):
        if not node.parts:
            continue
        low, high = (sum(getattr(part.term, end) for part in node.parts) for end in ("low", "high"))
        if node.figure.endswith(OPEN_TOGETHER):
            assert low <= node.term.low <= node.term.high <= high
            assert low == high or not all(part.term.exact for part in node.parts)
        else:
            assert (low, high) == (node.term.low, node.term.high), node.figure
        highs = [part.term.high for part in node.parts]
        assert highs == sorted(highs, reverse=True)
        assert 0 not in highs


def test_a_screen_shows_the_largest_with_what_they_are_part_of() -> None:
    root = breakdown(single((), [("vcpus", "32"), ("leaf", "4K")], "").ledgers[0])
    shown = largest(root, 6)
    assert len(shown) == 6
    for node in walk(root):
        if {part.figure for part in node.parts} & shown:
            assert node.figure in shown
    hidden = [node.term.high for node in walk(root) if node.figure not in shown]
    ends = [node.term.high for node in walk(root) if node.figure in shown]
    below = [
        part.term.high for node in walk(root) if node.figure in shown for part in node.parts if part.figure not in shown
    ]
    assert max(below) <= min(ends)
    assert max(below) == max(hidden)


def test_the_page(run: Callable[..., Result]) -> None:
    answer, _, page = run("where", *EXACT, "--vcpus", "8").stdout.partition("\n\n")
    lines = page.splitlines()
    assert " ".join(answer.split()) == (
        f"KVM's MMU takes 1,672,608 bytes (1.6 MiB); {lines[3].split()[-2]} of it is in shadow pages: "
        "pages of page tables, in use and in memory caches."
    )
    assert lines[2].split() == ["mmu", "1,672,608", "1.6", "MiB", "100.0%", lines[2].split()[-1]]
    assert lines[3].split()[0] == "shadow_pages"
    assert len(lines[2].split()[-1]) > len(lines[3].split()[-1]) > 1
    assert "what they are" in lines
    assert "shadow_pages: pages of page tables, in use and in memory caches" in lines


@pytest.mark.parametrize("columns", [30, 40, 50, 60, 72])
def test_every_width_holds_it(run: Callable[..., Result], columns: int) -> None:
    text = run("where", "nested", "--all", columns=columns).stdout
    answer, table, *_ = text.split("\n\n")
    assert max(map(len, answer.splitlines())) <= columns
    assert max(map(len, table.splitlines())) <= columns
    assert "3.6..4.2 MiB" in text if columns <= 60 else "3,733,664..4,390,368" in text


def test_programs_get_all_of_it(run: Callable[..., Result]) -> None:
    words = ("where", "nested")
    root = json.loads(run(*words, "--format", "json").stdout)["whole"]
    ledger = single(("nested",), [], "").ledgers[0]
    assert (root["figure"], root["low"], root["high"]) == (
        "mmu.bytes.total",
        ledger["mmu.bytes.total"].low,
        ledger["mmu.bytes.total"].high,
    )
    rows = list(csv.DictReader(io.StringIO(run(*words, "--format", "csv").stdout)))
    pages = {row["figure"] for row in rows if row["part_of"] == SHADOW_PAGES}
    assert pages == {name for name in PAGES if ledger[name].high}
    assert {row["figure"] for row in rows} == {node.figure for node in walk(breakdown(ledger))}
