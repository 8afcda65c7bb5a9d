"""What a shell is offered for a word that is being typed, in this process; test_startup has what that may import."""

from __future__ import annotations

import pytest
from click.shell_completion import BashComplete

from ptelist.cli import main


def offered(words: str) -> set[str]:
    *args, incomplete = words.split(" ")
    complete = BashComplete(main, {}, "ptelist", "_PTELIST_COMPLETE")
    return {item.value for item in complete.get_completions(args, incomplete)}


@pytest.mark.parametrize(
    ("words", "some"),
    [
        ("help fi", {"fields", "figures"}),
        ("compare --figure page", {"page_tables", "page_tables.bytes.tables"}),
        ("compare --figure mmu.bytes.total,page", {"mmu.bytes.total,page_tables"}),
        ("compare --kernel 5.10,6.1", {"5.10,6.1"}),
        ("compare --proposal shrink-tdp+top", {"shrink-tdp+topup-iff-rmaps"}),
        ("comp", {"compare", "completion"}),
    ],
)
def test_the_last_word_of_a_list_is_completed(words: str, some: set[str]) -> None:
    found = offered(words)
    assert some <= found
    assert all(each.startswith(words.rpartition(" ")[2]) for each in found)


def test_nothing_is_offered_for_what_nothing_begins_with() -> None:
    assert not offered("help nothing-of-the-kind")
