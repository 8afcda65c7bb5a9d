"""Shadow pages that lists of parents need: in closed form against trees that have such lists."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from helpers import figures
from hypothesis import given
from hypothesis import strategies as st
from refusals import refused

from ptelist.cli import main

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

TABLES, LISTS = "kvm_mmu_page_header.objects.page_tables", "pte_list_desc.objects.parent_ptes"
LISTED = "--kernel 6.18 --paging shadow --set vm.mapped=listed --leaf 4K"


def tables(line: str) -> tuple[int, int]:
    """Return the tables that `ptelist compare LINE` prints."""
    (found,) = figures(line)
    figure = found[TABLES]
    return (figure, figure) if isinstance(figure, int) else figure


@st.composite
def trees(draw: DrawFn) -> tuple[int, Counter[int]]:
    """Draw tables of four levels, each but the root with parents one level up; return how many, and their parents."""
    counts = [1, *(draw(st.integers(1, 6)) for _ in range(3))]
    parents = [draw(st.integers(1, 4 * above)) for above, here in pairwise(counts) for _ in range(here)]
    return sum(counts), Counter(each for each in parents if each > 1)


@given(trees())
def test_no_tree_has_fewer_tables_than_its_lists_need(tree: tuple[int, Counter[int]]) -> None:
    count, lists = tree
    said = "+".join(f"{number}x{parents}" for parents, number in lists.items())
    least, most = tables(f"{LISTED} --parent-ptes {said}" if said else LISTED)
    assert least <= count or not said
    assert most >= sum(lists.values()) + 1 if said else most == 1


@pytest.mark.parametrize(
    ("lists", "least"),
    [
        ("30000x2", 30_000 + 1),  # each of a shadow page, and none of the root
        ("1x5000", 10 + 1),  # 5,000 SPTEs fill ten tables; the listed one is not among them
        ("1x512", 1 + 1),
        ("1x513", 2 + 1),
    ],
)
def test_each_list_is_that_of_a_table(lists: str, least: int) -> None:
    assert tables(f"{LISTED} --parent-ptes {lists}")[0] == least


def test_tables_of_leaves_hold_no_parents() -> None:
    """4 GiB at 4K: 2,048 tables of leaves, 4 + 1 + 1 above them; 300,000 parents fill 586."""
    line = "--kernel 6.18 --memslots ram --no-smm --paging shadow --leaf 4K"
    assert tables(line) == (2054, 2054)
    assert tables(f"{line} --parent-ptes 600x500")[0] == 2048 + 586
    assert tables(f"{line} --parent-ptes 6x2")[0] == 2054


def test_of_an_l2() -> None:
    """L1's tree beside 10,001 shadow pages: 1 GiB of 2M leaves takes 3 tables, one more below the first MiB's hole."""
    line = "--kernel 6.18 --memslots ram --nested --memory 1GiB --leaf 2M"
    assert tables(f"{line} --parent-ptes 10000x20")[0] == 3 + 10_001


def test_no_more_lists_than_the_limit_leaves_shadow_pages() -> None:
    """4 GiB, no SMM: 1,048,576 pages, one shadow page for 50 of them; the root has no list."""
    line = "--kernel 6.18 --memslots ram --no-smm --paging shadow --parent-ptes 100000x2"
    (found,) = figures(line)
    least, most = found[LISTS]  # type: ignore[misc]
    assert least == 0
    assert most == tables(line)[1] - 1 < 100_000


@pytest.mark.parametrize(
    ("line", "heads"),
    [
        ("--paging shadow --no-smm", 1_048_576 + 2048 + 4),
        ("--paging shadow --smm", 2 * (1_048_576 + 2048 + 4)),
        ("--nested --memory 2MiB --l2-memory 4KiB --no-smm", 512 + 1 + 1),
    ],
)
def test_no_more_rmap_lists_than_heads(line: str, heads: int) -> None:
    """A head for each window of 4K, 2M and 1G that a memslot touches: of 4 GiB, 3 lie below 4 GiB and 1 above."""
    words = f"where --kernel 6.18 --memslots ram {line} --rmaps".split()
    assert CliRunner().invoke(main, [*words, f"{heads}x1"]).exit_code == 0
    said = refused(CliRunner().invoke(main, [*words, f"{heads + 1}x1"]))
    assert f"--rmaps: {heads + 1:,} lists, more than the {heads:,} rmap heads of the VM's memslots: list fewer" in said
