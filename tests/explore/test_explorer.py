"""Moving levers: what is refused changes nothing, every step is taken back, and the options stay few."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from exploring import examples
from hypothesis import given
from hypothesis import strategies as st

from ptelist.engine.difference import difference
from ptelist.engine.figure_kinds import TOTAL
from ptelist.explore import results
from ptelist.explore.explorer import Explorer
from ptelist.explore.place import moved, stand

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]


def explorer(*options: tuple[str, str], preset: str | None = None) -> Explorer:
    return Explorer(preset, options)


def test_a_lever_moves_and_the_figures_are_those_of_the_new_value() -> None:
    explored = explorer(("vcpus", "256"))
    before = explored.here.ledger["pte_list_desc.slabs"].low
    assert explored.put("ext", "2")
    assert explored.here.state.options == (("vcpus", "256"), ("ext", "2"))
    assert explored.here.ledger["pte_list_desc.slabs"].low < before


def test_a_value_that_is_refused_is_told_and_changes_nothing() -> None:
    explored = explorer()
    here = explored.here
    for name, text, why in (
        ("ext", "x", "expected one whole number"),
        ("ext", "1", "greater than or equal to 2"),
        ("ext", "2,14", "expected one whole number"),
        ("memory", "1GiB,2GiB", "one value is wanted here"),
        ("capacity", "10", "below the top-up minimum of 14"),
        ("kernel", "9.9", "no profile for kernel 9.9"),
        ("nested", "perhaps", "expected on or off"),
        ("memory", "3", "3 without a unit is 3 bytes"),
    ):
        assert not explored.put(name, text)
        assert explored.refused
        assert (explored.refused.lever, explored.refused.text) == (name, text)
        assert why in explored.refused.why
        assert "--" not in explored.refused.why.split()[0], "the lever itself is not named again"
        assert explored.here is here
    assert not explored.undo()
    assert explored.refused is None


def test_a_refusal_names_the_other_lever_that_it_is_about() -> None:
    explored = explorer(("tdx", "on"), ("leaf", "4K"))
    assert not explored.put("leaf", "2M")
    assert explored.refused
    assert explored.refused.why.startswith("--tdx: ")


def test_a_proposal_that_sets_the_same_is_named_and_once_it_is_gone_the_lever_moves() -> None:
    explored = explorer(("ext", "2"), ("proposal", "tdp-fewer-objects"))
    assert not explored.put("capacity", "80")
    assert explored.refused
    assert explored.refused.why == "--proposal sets kernel.pte_list_desc_capacity_tdp as well: leave one of them out"
    assert explored.clear("proposal")
    before = explored.here.ledger[TOTAL].low
    assert explored.put("capacity", "80")
    assert explored.here.ledger[TOTAL].low > before


def test_words_that_are_refused_are_passed_over() -> None:
    explored = explorer(("config", "debian-amd64"), ("kernel", "6.12"))
    assert explored.step("kernel", up=True)
    assert explored.here.scenario.kernel.version == "6.16", "Debian released no 6.13 to 6.15 for it"


def test_a_number_whose_next_one_is_refused_goes_to_its_limit_and_stays_there() -> None:
    explored = explorer(("capacity", "20"))
    assert explored.step("capacity", up=False)
    assert explored.here.state.options == (("capacity", "14"),)
    assert explored.refused is None
    assert not explored.step("capacity", up=False)
    assert explored.refused
    assert explored.refused.text == "7"
    assert explored.here.state.options == (("capacity", "14"),)


def test_arrows_lead_to_the_least_ext() -> None:
    explored = explorer()
    for least in ("7", "3", "2"):
        assert explored.step("ext", up=False)
        assert explored.here.state.options == (("ext", least),)


def test_a_lever_without_a_next_value_stays_and_says_nothing() -> None:
    explored = explorer(("kernel", "7.3"))
    assert not explored.step("kernel", up=True)
    assert explored.refused is None


def test_what_is_back_at_its_own_value_is_no_longer_typed() -> None:
    explored = explorer(("vcpus", "256"), ("kernel", "6.18"))
    assert explored.put("ext", "2")
    assert explored.put("ext", "14")
    assert explored.put("kernel", "6.19")
    assert explored.put("kernel", "6.18")
    assert explored.here.state.options == (("vcpus", "256"),)


def test_an_option_that_another_one_needs_stays() -> None:
    explored = explorer(("nested", "on"), ("eager-split", "on"))
    assert not explored.clear("nested")
    assert explored.refused
    assert explored.put("nested", "on"), "eager-split cannot be without it"
    assert explored.put("memory", "8GiB")
    assert explored.clear("memory")
    assert explored.here.state.options == (("nested", "on"), ("eager-split", "on"))


def test_each_step_is_taken_back_pins_too() -> None:
    explored = explorer()
    first = explored.here
    explored.put("ext", "2")
    second = explored.here
    explored.pin()
    explored.put("vcpus", "8")
    assert (explored.pinned, moved(explored.pinned, explored.here)[0].name) == (second, "vcpus")
    assert explored.undo()
    assert (explored.here, explored.pinned) == (second, second)
    assert explored.undo()
    assert (explored.here, explored.pinned) == (second, first)
    assert explored.undo()
    assert (explored.here, explored.pinned) == (first, first)
    assert not explored.undo()


def test_any_lever_can_be_found_and_then_moves() -> None:
    explored = explorer()
    assert "dirty-log" not in [lever.axis.name for lever in explored.levers]
    explored.find("dirty-log")
    assert explored.lever("dirty-log").text == "off"
    assert explored.step("dirty-log", up=True)
    assert explored.lever("dirty-log").typed


def test_a_preset_is_a_lever_too() -> None:
    explored = explorer(preset="nested")
    assert explored.step("preset", up=True)
    assert explored.here.state.preset != "nested"
    assert explored.clear("preset")
    assert explored.here.state.preset is None


def document(run: Run, command: str) -> Any:
    name, *words = shlex.split(command)
    assert name == "ptelist"
    result = run(*words, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_command_gives_the_difference_that_is_shown(run: Run) -> None:
    explored = explorer(("vcpus", "256"))
    assert results.main(explored.pinned, explored.here).command == "ptelist where --vcpus 256"
    explored.put("ext", "2")
    assert results.main(explored.pinned, explored.here).command == "ptelist compare --vcpus 256 --ext 14,2"
    explored.put("vcpus", "8")
    command = results.main(explored.pinned, explored.here).command
    assert command == "ptelist compare --vcpus 256,8 --ext 14,2 --paired"
    old, new = document(run, command)["configs"]
    assert (old["name"], new["name"], new["baseline"]) == ("vcpus=256, ext=14", "vcpus=8, ext=2", old["name"])


MOVES = st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.integers(0, 7)), min_size=1, max_size=8)


@examples(20)
@given(MOVES)
def test_whatever_was_moved_the_command_gives_the_same_total(moves: list[tuple[int, bool, int]]) -> None:
    """Both of the place and of the one that is pinned; the way back leads to where it began."""
    explored = Explorer(None, ())
    first, steps = explored.here, 0
    for number, up, what in moves:
        lever = explored.levers[number % len(explored.levers)]
        if what == 0:
            explored.pin()
            steps += 1
        else:
            steps += explored.step(lever.axis.name, up=up, fine=what == 1)
    old, new = explored.pinned.ledger[TOTAL], explored.here.ledger[TOTAL]
    result = results.main(explored.pinned, explored.here)
    name, *words = shlex.split(result.command)
    assert (name, words[0]) in {("ptelist", "compare"), ("ptelist", "where")}
    body = result.body()
    if words[0] == "where":
        assert (body["whole"]["low"], body["whole"]["high"]) == (new.low, new.high)
    else:
        assert result.rows
        was, now = (row for row in result.rows() if row[2] == TOTAL)
        assert (was[3:5], now[3:5]) == ((old.low, old.high), (new.low, new.high))
        assert now[6:8] == tuple(difference(old, new))
    assert stand(explored.here.state).ledger[TOTAL] == new
    for _ in range(steps):
        assert explored.undo()
    assert explored.here is first
    assert not explored.undo()


def test_however_many_levers_moved_the_command_has_the_two_places_and_no_other(run: Run) -> None:
    explored = explorer(("vcpus", "256"))
    for name, text in (
        ("ext", "2"),
        ("vcpus", "8"),
        ("memory", "1GiB"),
        ("leaf", "4K"),
        ("memcg", "off"),
        ("vms", "9"),
    ):
        explored.find(name)
        assert explored.put(name, text)
    body = document(run, results.main(explored.pinned, explored.here).command)
    totals = [config["figures"][TOTAL] for config in body["configs"]]
    terms = [place.ledger[TOTAL] for place in (explored.pinned, explored.here)]
    assert [(figure["low"], figure["high"]) for figure in totals] == [(term.low, term.high) for term in terms]


@pytest.mark.parametrize(
    ("options", "put", "command"),
    [
        ([], [], "ptelist where"),
        (
            [],
            [("nested", "on"), ("paging", "tdp-mmu")],
            "ptelist compare --nested off,on --paging tdp,tdp-mmu --paired",
        ),
        ([], [("proposal", "shrink-tdp")], "ptelist compare --proposal none,shrink-tdp"),
        ([("kernel", "6.1")], [("kernel", "6.18")], "ptelist compare --kernel 6.1,6.18"),
        ([("memory", "1GiB")], [("memory", "64 GiB")], "ptelist compare --memory 1GiB,64GiB"),
        # shadow paging cannot nest: of the four combinations only these two can be
        (
            [("paging", "shadow")],
            [("paging", "tdp"), ("nested", "on")],
            "ptelist compare --nested off,on --paging shadow,tdp --paired",
        ),
    ],
)
def test_a_command_is_as_short_as_it_can_be(
    run: Run, options: list[tuple[str, str]], put: list[tuple[str, str]], command: str
) -> None:
    explored = explorer(*options)
    for name, text in put:
        assert explored.put(name, text), explored.refused
    found = results.main(explored.pinned, explored.here).command
    assert found.partition(" --baseline")[0] == command
    document(run, found)
