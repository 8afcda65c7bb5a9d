"""Explaining one figure, and what a difference comes of, as deep as a screen has room for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ptelist.compare.single import single
from ptelist.output.branches import SCREEN, Branch, draw

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

WHOLE = ("mmu.bytes.total", "--vcpus", "256", "--ext", "14,2")


def tree(run: Callable[..., Result], *words: str) -> list[str]:
    """Return the lines of the tree alone."""
    _, _, below = run("explain", *words).stdout.partition("\n\n")
    return below.split("\n\nkernel: ")[0].splitlines()


def test_a_difference_goes_down_to_the_inputs(run: Callable[..., Result]) -> None:
    lines = tree(run, *WHOLE)
    assert lines[0] == "mmu.bytes.total: -983,040 bytes (45,964,704 -> 44,981,664)"
    assert lines[1] == "`- pte_list_desc.bytes.total: -983,040 bytes (1,392,640 -> 409,600)"
    assert "slabs: -240 slabs (320 -> 80), x 4,096 = -983,040" in lines[3]
    assert [line.strip() for line in lines[-4:]] == [
        "`- pte_list_desc.ext: -12 entries (14 -> 2), x 8 = -96",
        "was: dc1cff969101 made it 15, 13236e25ebab 14",
        "(both in v5.15)",
        "is: --ext",
    ]


def test_the_other_way_round_has_the_other_sign(run: Callable[..., Result]) -> None:
    (line, *_) = tree(run, *WHOLE[:-1], "2,14")
    assert line == "mmu.bytes.total: +983,040 bytes (44,981,664 -> 45,964,704)"


def test_two_presets_the_largest_part_first(run: Callable[..., Result]) -> None:
    """First level: figures of the ledger, whose amounts are those of the difference."""
    lines = tree(run, "mmu.bytes.total", "tdp", "nested", "--depth", "1")
    names = [line[3:].partition(":")[0] for line in lines if line.startswith(("|- ", "`- "))]
    old, new = (single((name,), [], "").ledgers[0] for name in ("tdp", "nested"))
    found = json.loads(run("explain", "mmu.bytes.total", "tdp", "nested", "--format", "json").stdout)
    parts = found["difference"]["parts"]
    assert found["configs"] == ["tdp", "nested"]
    assert [part["name"] for part in parts] == names
    sizes = [max(map(abs, part["amount"])) for part in parts]
    assert sizes == sorted(sizes, reverse=True)
    for part in parts:
        for side, ledger in (("old", old), ("new", new)):
            assert (part[side]["low"], part[side]["high"]) == (ledger[part["name"]].low, ledger[part["name"]].high)


def test_a_part_that_is_not_there_is_none(run: Callable[..., Result]) -> None:
    lines = tree(run, "vcpu_caches.bytes.arrays", "tdp", "nested", "--depth", "all")
    assert any("(none -> 1)" in line for line in lines)


def test_no_difference(run: Callable[..., Result]) -> None:
    assert tree(run, "page_tables.bytes", "--ext", "14,2") == ["page_tables.bytes: 0 bytes (28,672 -> 28,672)"]


@pytest.mark.parametrize("words", [("mmu.bytes.total", "nested"), ("mmu.bytes.total", "tdp", "nested")])
def test_a_large_tree_takes_a_screen_and_says_how_deep_it_is(
    run: Callable[..., Result], words: tuple[str, ...]
) -> None:
    brief, whole = tree(run, *words), tree(run, *words, "--depth", "all")
    assert len(brief) - 2 <= SCREEN < len(whole)
    assert brief[-1].endswith("or --depth all)")
    assert "deeper" not in whole[-1]
    levels = int(brief[-1][1:].split()[0])
    deepest = max(line.count("|  ") + line.count("   ") for line in whole)
    assert 0 < levels <= deepest


def test_depth_is_what_is_shown() -> None:
    leaf = Branch("leaf", ("small print",), ())
    root = Branch("root", (), (Branch("a", (), (leaf,)), Branch("b", (), ())))
    assert root.depth == 2
    assert [text for _, text in draw(root, 72, "all")] == ["root", "|- a", "|  `- leaf", "|        small print", "`- b"]
    assert [text for _, text in draw(root, 72, None)] == [text for _, text in draw(root, 72, "9")]
    assert [text for _, text in draw(root, 72, "1")] == [
        "root",
        "|- a",
        "`- b",
        "",
        "(1 level deeper: --depth 2, or --depth all)",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("mmu.bytes.total --ext 2,3,14", "one scenario is explained, or the difference of two; these options make 3"),
        ("mmu.bytes.total --depth 0", '--depth: expected a number of levels, or all, got "0"'),
        ("mmu.bytes.total --depth x", '--depth: expected a number of levels, or all, got "x"'),
    ],
)
def test_bad_input(run: Callable[..., Result], words: str, said: str) -> None:
    done = run("explain", *words.split())
    assert done.exit_code == 2
    assert done.stderr == f"ptelist: {said}\n"
