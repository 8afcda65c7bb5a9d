"""A tree of which branches open and close."""

from __future__ import annotations

from ptelist.compare import tree
from ptelist.explore.explorer import Explorer
from ptelist.explore.folds import Folds
from ptelist.output.branches import Branch


def branch(text: str, *parts: Branch) -> Branch:
    return Branch(text, (), parts)


TREE = branch("a", branch("b", branch("c", branch("d", branch("e")))), branch("f"))


def seen(folds: Folds) -> str:
    return "".join(each.branch.text for each in folds.seen)


def test_the_first_levels_are_open() -> None:
    assert seen(Folds(TREE)) == "abcf"


def test_a_branch_opens_and_closes_and_what_is_below_stays_as_it_was() -> None:
    folds = Folds(TREE)
    folds.turn((0, 0), is_open=True)
    assert seen(folds) == "abcdf"
    folds.turn((0,), is_open=False)
    assert seen(folds) == "abf"
    folds.turn((0,), is_open=True)
    assert seen(folds) == "abcdf"


def test_all_open_and_close() -> None:
    folds = Folds(TREE)
    folds.turn_all(is_open=True)
    assert seen(folds) == "abcdef"
    assert [each.depth for each in folds.seen] == [0, 1, 2, 3, 4, 1]
    folds.turn_all(is_open=False)
    assert seen(folds) == "abf"


def test_a_derivation_goes_down_to_the_commit() -> None:
    folds = Folds(tree.branch(Explorer(None, ()).here.ledger["pte_list_desc.bytes.total"]))
    folds.turn_all(is_open=True)
    details = [detail for each in folds.seen for detail in each.branch.details]
    assert any("dc1cff969101" in detail for detail in details), "the commit that made PTE_LIST_EXT 14"
