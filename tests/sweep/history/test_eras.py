"""A figure over kernel versions: eras, what ended them, and what a version cannot have."""

from __future__ import annotations

import csv
import io
import itertools
import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from ptelist.compare.single import single
from ptelist.engine.difference import difference
from ptelist.scenario.presets import shipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

VERSIONS = shipped.names("kernels")
BIG = [("memory", "64GiB"), ("vcpus", "32")]
WORDS = ("--memory", "64GiB", "--vcpus", "32")


def told(run: Callable[..., Result], *words: str) -> Any:
    return json.loads(run("history", *words, "--format", "json").stdout)


@pytest.mark.parametrize(
    ("preset", "options", "figure"),
    [
        (None, BIG, "mmu.bytes.total"),
        ("nested", [], "mmu.bytes.total"),
        (None, [], "pte_list_desc.bytes.total"),
        (None, [("filling", "spread")], "kvm_mmu_page_header.slabs"),
    ],
)
def test_eras_are_what_show_prints_of_each_version(
    run: Callable[..., Result], preset: str | None, options: list[tuple[str, str]], figure: str
) -> None:
    """Every version is in one era, whose value is its own; the next era is another one."""
    presets = [preset] if preset else []
    words = [word for name, text in options for word in (f"--{name}", text)]
    left = list(VERSIONS)
    before = None
    for era in told(run, *presets, *words, "--figure", figure)["eras"]:
        versions = left[: left.index(era["last"]) + 1]
        assert versions[0] == era["first"]
        del left[: len(versions)]
        terms = [single(presets, [*options, ("kernel", version)], "").ledgers[0][figure] for version in versions]
        assert {(term.low, term.high) for term in terms} == {(era["low"], era["high"])}
        if before:
            low, high = difference(before, terms[0])
            assert era["change"] == {"low": low, "high": high}
        before = terms[-1]
    assert not left


def test_the_chart_steps_where_eras_do_and_names_the_largest_step(run: Callable[..., Result]) -> None:
    picture = run("history", *WORDS, "--format", "svg").stdout
    svg = "{http://www.w3.org/2000/svg}"
    (line,) = (each for each in ET.fromstring(picture).iter(f"{svg}polyline") if each.get("class") == "high")
    heights = [float(pair.partition(",")[2]) for pair in str(line.get("points")).split()]
    eras = told(run, *WORDS)["eras"]
    assert len(heights) == 2 * len(VERSIONS)
    assert heights[::2] == heights[1::2]
    drawn = [height for number, height in enumerate(heights[::2]) if number == 0 or height != heights[2 * number - 2]]
    assert len(drawn) <= len(eras)
    highest = max(itertools.pairwise(eras), key=lambda pair: abs(pair[1]["high"] - pair[0]["high"]))[1]
    (cause, *_) = highest["causes"]
    assert f"{highest['first']}: {cause['field']} off -&gt; on" in picture
    small = [era for era in eras if era["causes"] and -1000 < era["change"]["low"] < 1000]
    assert small
    assert not any(f">{era['first']}: " in picture for era in small)


def test_a_change_names_the_inputs_and_their_commits(run: Callable[..., Result]) -> None:
    eras = {era["first"]: era for era in told(run, *WORDS)["eras"]}
    fields = [cause["field"] for cause in eras["5.16"]["causes"]]
    assert fields[:2] == ["kernel.tdp_mmu_default", "kernel.write_track_lazy"]
    assert "71ba3f3189c7" in eras["5.16"]["causes"][0]["source"]
    (cause,) = eras["6.17"]["causes"]
    assert (cause["field"], cause["old"], cause["new"]) == ("kernel.page_hash", "embedded", "deferred")
    assert cause["alone"] == eras["6.17"]["change"] == {"low": -32768, "high": -32768}


def test_causes_come_the_largest_first(run: Callable[..., Result]) -> None:
    for era in told(run, *WORDS)["eras"]:
        sizes = [max(map(abs, cause["alone"].values())) for cause in era["causes"]]
        assert sizes == sorted(sizes, reverse=True)
        assert bool(era["causes"]) == (era["change"] is not None)


def test_the_page_holds_the_largest_causes_and_says_how_to_see_all(run: Callable[..., Result]) -> None:
    brief, whole = run("history", *WORDS).stdout, run("history", *WORDS, "--all").stdout
    causes = sum(len(era["causes"]) for era in told(run, *WORDS)["eras"])
    assert f"({causes - 8} smaller causes: --all)" in brief
    assert "--all)" not in whole
    assert "5.16: kernel.tdp_mmu_default off -> on (alone -269,790,592):" in brief
    assert "6.3: kernel.vmap_area_bytes" in whole
    assert "6.3: kernel.vmap_area_bytes" not in brief


def test_versions_that_cannot_have_it_are_told_once(run: Callable[..., Result]) -> None:
    words = ("nested", "--eager-split", "on")
    text = run("history", *words).stdout
    assert "5.10..5.19: --eager-split: kernel 5.10 has no split caches" in text
    assert text.count("has no split caches") == 1
    first = VERSIONS[: VERSIONS.index("6.0")]
    assert sorted(told(run, *words)["not_possible"]) == sorted(first)
    done = run("history", *words, "--kernel", "5.10,5.15")
    assert done.exit_code == 2
    assert "no version can have this scenario" in done.stderr


def test_some_versions_only(run: Callable[..., Result]) -> None:
    eras = told(run, "--kernel", "5.15,6.1,6.18")["eras"]
    assert [era["first"] for era in eras] == ["5.15", "6.1", "6.18"]


def test_rows(run: Callable[..., Result]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("history", *WORDS, "--format", "csv").stdout)))
    assert [row["first"] for row in rows][:2] == ["5.10", "5.11"]
    assert rows[0]["change_low"] == ""
    assert "71ba3f3189c7" in next(row for row in rows if row["first"] == "5.16")["causes"]


@pytest.mark.parametrize("columns", [30, 50, 60, 72])
def test_every_width_holds_the_table(run: Callable[..., Result], columns: int) -> None:
    table, why = run("history", *WORDS, columns=columns).stdout.split("\n\n")[1:3]
    assert max(map(len, table.splitlines())) <= columns
    assert why.startswith("why it changed")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--vcpus", "1,2"), "--vcpus: one scenario at a time: one value is wanted"),
        (("--figure", "slabs"), "did you mean pte_list_desc.slabs or kvm_mmu_page_header.slabs?"),
        (("--figure", "memslots"), "names 7 figures"),
        (("--kernel", "4.19"), "no profile for kernel 4.19"),
    ],
)
def test_bad_input(run: Callable[..., Result], words: tuple[str, ...], said: str) -> None:
    done = run("history", *words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("kernels", ["", "--kernel 5.10,6.18", "--kernel 6.18,5.10"])
def test_why_no_version_can_have_it_is_the_newest_s_reason(run: Callable[..., Result], kernels: str) -> None:
    """5.10 has no split caches, but 6.18 could have them if it were nested."""
    done = run("history", "--paging", "shadow", "--eager-split", *kernels.split())
    assert done.exit_code == 2
    says = "split caches are filled for huge pages of a nested VM under the TDP MMU: needs nested"
    assert done.stderr == f"ptelist: no version can have this scenario: --eager-split: {says}\n"
