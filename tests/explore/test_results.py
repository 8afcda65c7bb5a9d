"""Each view is a result of a command: derivations, differences, sweeps, histories."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from ptelist.engine.figure_kinds import DESC_TOTAL, TOTAL
from ptelist.errors import PtelistError
from ptelist.explore import results
from ptelist.explore.explorer import Explorer
from ptelist.explore.levers import along
from ptelist.output import formats
from ptelist.output.footer import brief

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from ptelist.output import result

    Run = Callable[..., Result]


def explored(*moves: tuple[str, str], preset: str | None = None) -> Explorer:
    found = Explorer(preset, [("vcpus", "8")])
    for name, text in moves:
        assert found.put(name, text), found.refused
    return found


def sweep(at: Explorer, name: str, figure: str, *, delta: bool = False) -> results.Charted:
    lever = at.lever(name)
    return results.sweep(at.pinned, at.here, lever, along(lever, at.here, at.pinned), figure, delta)


def prints_itself(run: Run, shown: result.Result) -> None:
    """Hold a result against what its own command prints."""
    _, *words = shlex.split(shown.command)
    printed = run(*words, columns=72)
    assert printed.exit_code == 0, printed.output
    assert formats.render("mail", brief(shown), 72) == printed.stdout


def test_each_view_is_what_its_command_prints(run: Run) -> None:
    at = explored(("ext", "2"))
    for shown in (
        results.main(at.pinned, at.here),
        results.derivation(at.here, "pte_list_desc.slabs"),
        results.difference(at.pinned, at.here, TOTAL),
        sweep(at, "vcpus", DESC_TOTAL).result,
        sweep(at, "leaf", TOTAL).result,
        results.history(at.here, DESC_TOTAL).result,
        results.main(at.here, at.here),
    ):
        prints_itself(run, shown)


def test_a_difference_along_several_levers_is_explained(run: Run) -> None:
    at = explored(("ext", "2"), ("capacity", "20"))
    shown = results.difference(at.pinned, at.here, DESC_TOTAL)
    assert shown.command.startswith("ptelist explain ")
    prints_itself(run, shown)
    prints_itself(run, results.main(at.pinned, at.here))


def test_a_sweep_has_a_line_for_the_pin_and_one_for_what_is_here() -> None:
    at = explored(("ext", "2"))
    chart = sweep(at, "vcpus", DESC_TOTAL).chart
    assert [series.name for series in chart.series] == ["ext=14", "ext=2"]
    assert chart.below.title == "vcpus (logarithmic)"
    assert [series.name for series in sweep(at, "vcpus", DESC_TOTAL, delta=True).chart.series] == ["ext=2"]
    assert sweep(at, "leaf", TOTAL).chart.below.title == "leaf", "whatever numbers the other axis has"
    assert [series.name for series in sweep(at, "ext", DESC_TOTAL).chart.series] == [""]


def test_a_sweep_answers_the_question_of_the_project() -> None:
    """From the default to the least that there can be; with ext at 2, the 14 that is pinned is on it too."""
    assert "ext=2 takes the least" in sweep(explored(), "ext", DESC_TOTAL).result.headline()
    chart = sweep(explored(("ext", "2")), "ext", DESC_TOTAL).chart
    assert list(chart.series[0].points) == ["2", "4", "8", "14", "16", "32", "64"]


def test_break_evens_are_marked() -> None:
    at = Explorer(None, [("vcpus", "256")])
    at.put("ext", "13")
    charted = sweep(at, "vcpus", DESC_TOTAL)
    (mark,) = charted.chart.marks
    assert "ext=13 saves from " in mark[1]
    assert mark[1].split()[3] in charted.result.headline()


def test_a_set_field_is_swept_as_a_lever() -> None:
    at = Explorer(None, [("set", "vm.count=2")])
    assert sweep(at, "vm.count", TOTAL).result.command.startswith("ptelist sweep --set vm.count=1,2,4,8")


@pytest.mark.parametrize("name", ["slub-debug", "preset"])
def test_what_has_no_other_value_is_not_swept(name: str) -> None:
    at = explored(preset="nested")
    at.find(name)
    with pytest.raises(PtelistError, match="there is nothing to sweep it over"):
        sweep(at, name, TOTAL)


def test_presets_are_held_against_each_other_as_arguments(run: Run) -> None:
    at = explored(preset="tdp")
    at.put("preset", "nested")
    shown = results.main(at.pinned, at.here)
    assert shown.command.startswith("ptelist compare tdp nested --vcpus 8")
    prints_itself(run, shown)


def test_a_place_beside_itself_needs_no_comparison() -> None:
    at = explored(("ext", "2"))
    assert results.together(at.here, at.here) is None


def test_a_preset_beside_none_is_told_alone() -> None:
    at = explored()
    at.find("preset")
    at.put("preset", "nested")
    assert results.main(at.pinned, at.here).command == "ptelist where nested --vcpus 8"
    assert results.difference(at.pinned, at.here, TOTAL).command == f"ptelist explain {TOTAL} nested --vcpus 8"
