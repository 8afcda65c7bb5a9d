"""What a few words ask for is counted before it is done: each of these took more than ten seconds, some minutes."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from exploring import examples
from hypothesis import given
from hypothesis import strategies as st
from refusals import refused

from ptelist.compare.result import SHOWN
from ptelist.engine.difference import difference
from ptelist.engine.simulated import histories, weight
from ptelist.errors import PtelistError, Where
from ptelist.readers.host.rmaps_stat import LABELS, PAGE_SIZES
from ptelist.settings.columns import expand
from ptelist.settings.space import Space
from ptelist.settings.work import SIMULATED, Work, bound_histories
from ptelist.sweep.sweep import sweep
from ptelist.traces.replay.replay import replay
from ptelist.traces.replay.vm_steps import StepReplay

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from ptelist.engine.interval import Interval
    from ptelist.engine.ledger import Term
    from ptelist.traces.replay.replay import Replayed

    Run = Callable[..., Result]

TYPICAL = "pte_list_desc.slabs.typical"


def test_work_is_bound_by_its_most() -> None:
    work = Work("things", 1000, "do fewer")
    work.bound(1000)
    with pytest.raises(PtelistError, match=r"^f:3: more than 1,000 things: do fewer$"):
        work.bound(1001, Where(file="f", line=3))


@pytest.mark.parametrize("line", [f"sweep --vcpus 2..4096 --figure {TYPICAL}", "compare --vcpus 2..4096"])
def test_histories_of_many_hosts_are_refused(run: Run, line: str) -> None:
    said = refused(run(*line.split(), "--peak-vms", "1", "--filling", "aged"))
    assert "more than 100,000,000 objects to simulate" in said


@pytest.mark.parametrize("line", ["sweep --dimms 2..4096", "compare --dimms 2000 --cpus 1..600 --format csv"])
def test_memslots_of_many_vms_are_bound(run: Run, line: str) -> None:
    """Those of no DIMM are as many as before."""
    assert "more than 1,000,000 DIMMs of VMs in all scenarios" in refused(run(*line.split(), "--dimm-size", "1GiB"))


def test_values_that_are_each_tried_alone_are_bound(run: Run) -> None:
    said = refused(run("sensitivity", "--vcpus", "1..1000", "--cpus", "1..1001"))
    assert "more than 2,000 values of parameters: each is tried alone; ptelist sweep takes many of one" in said


def test_a_figure_that_a_value_takes_away_is_said(run: Run) -> None:
    """Found by the fuzzer: a host without a past has no peak."""
    words = ("sensitivity", "--peak-vms", "3", "--filling", "aged", "--figure", "pte_list_desc.objects.peak")
    assert re.search(r"not possible alone: .*filling", " ".join(run(*words).stdout.split()))
    assert "there is no pte_list_desc.objects.peak with it" in run(*words, "--format", "json").stdout


def test_a_figure_that_is_not_simulated_costs_no_simulation(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    simulated = []
    monkeypatch.setattr("ptelist.settings.work.SIMULATED", SIMULATED._replace(most=0))
    monkeypatch.setattr("ptelist.engine.simulated.typical", lambda *_: simulated.append(1))
    aged = ("--peak-vms", "9", "--filling", "aged")
    assert run("best", "--ext", "2..9", *aged).exit_code == 0
    assert not simulated
    assert run("sweep", "--vcpus", "2..9", *aged).exit_code == 0
    assert len(simulated) == 2, "of all figures of the first column, of which one is chosen: two caches"


def test_equal_histories_count_once_and_one_alone_is_never_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    aged = [("filling", "aged"), ("peak-vms", "100")]
    (column,) = expand((), aged).columns
    each = sum(weight(kinds) for _, kinds in set(histories(column.scenario)))
    monkeypatch.setattr("ptelist.settings.work.SIMULATED", SIMULATED._replace(most=each))
    bound_histories([column.scenario] * 3)
    one, other = (column.scenario for column in expand((), [*aged, ("vcpus", "8,16")]).columns)
    bound_histories([other])
    with pytest.raises(PtelistError, match="objects to simulate"):
        bound_histories([one, other])


def test_a_simulated_figure_has_no_break_even() -> None:
    """More vCPUs may leave fewer slabs: what is ruled out between two values of other figures is not."""
    options = {"filling": "aged", "peak-vms": "64", "vms": "4", "vcpus": "1,32", "ext": "2,14"}
    assert sweep(Space((), options.items()), "pte_list_desc.slabs", None, "").break_evens
    assert not sweep(Space((), options.items()), TYPICAL, None, "").break_evens


def test_the_searches_of_a_sweep_share_what_they_may_try(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ptelist.sweep.breakeven.MOST_TRIED", 150)
    found = sweep(Space((), {"cpus": "1,2,3,4,100", "ext": "2,3,4,14"}.items()), "mmu.bytes.total", None, "")
    assert [each.tried for each in found.break_evens] == [True, False, False]
    assert found.steps_not_searched == ("ext=3", "ext=4", "ext=14")
    printed = " ".join(run("sweep", "--cpus", "1,2,3,4,100", "--ext", "2,3,4,14").stdout.split())
    assert "step: not searched for ext=3, ext=4 and ext=14, cpus has too many values" in printed
    printed = " ".join(run("sweep", "--cpus", "1,200").stdout.split())
    assert "step: not searched, cpus has too many values" in printed


@pytest.fixture
def histogram(tmp_path: Path) -> str:
    """Return a file with lists in every column."""
    rows = [("Rmap_Count:", *LABELS), *((f"Level={name}:", *["5"] * len(LABELS)) for name in PAGE_SIZES)]
    path = tmp_path / "rmaps"
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_lengths_of_lists_times_columns_are_bound(run: Run, histogram: str) -> None:
    said = "more than 2,000,000 lengths"
    assert said in refused(run("rmaps", histogram, "--ext", "2..999"))
    assert said in refused(run("best", "--histogram", histogram, "--ext", "2..999"))
    assert said in refused(run("best", "--paging", "shadow", "--rmaps", "3x1-900", "--ext", "2..2500"))


def test_the_best_of_many_is_found_without_comparing_each_with_each(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Interval] = []

    def counted(old: Term, new: Term) -> Interval:
        asked.append(difference(old, new))
        return asked[-1]

    monkeypatch.setattr("ptelist.compare.leaders.difference", counted)
    assert run("best", "--ext", "2..101").exit_code == 0
    assert 100 <= len(asked) < 50 * 100


def steps(text: str, **options: str) -> Replayed:
    chosen = expand((), [(name.replace("_", "-"), value) for name, value in options.items()])
    return replay(io.BytesIO(text.encode()), "steps", chosen, "")


def test_pages_of_a_run_are_bound_in_all_columns_and_lines() -> None:
    most = "touch vm 0 0*500000\n"
    with pytest.raises(PtelistError, match=r"^steps:2: more than 500,000 pages, or leaves,"):
        steps(f"run vm 0\n{most[:-1]}0\n", leaf="4K")
    with pytest.raises(PtelistError, match=r"^steps:2: more than 500,000 pages"):
        steps(f"touch vm 0 0\n{most}", leaf="4K", ext="2,14", paging="shadow")
    half = "touch vm 0 0*250001\n"
    with pytest.raises(PtelistError, match=r"^steps:3: more than 500,000 pages"):
        steps(f"{half}touch vm 0 0\n{half}", leaf="4K")
    assert steps(most * 9, leaf="2M").lines == 9


def test_columns_that_differ_in_what_makes_no_lists_are_replayed_once() -> None:
    """63 values of PTE_LIST_EXT took 63 times as long, where the TDP MMU has no list."""
    scenarios = [column.scenario for column in expand((), [("ext", "2..64")]).columns]
    assert len(StepReplay(scenarios).machines) == 1
    assert len(steps("touch vm 0 0*200000\n", leaf="4K", ext="2..64").stages[0].moments) == 63


@examples(60)
@given(
    first=st.integers(0, 1 << 23),
    pages=st.integers(1, 1300),
    leaf=st.sampled_from(["4K", "2M"]),
    paging=st.sampled_from(["tdp", "tdp-legacy", "shadow"]),
    page=st.sampled_from(["", " p", " 0x300000"]),
)
def test_a_run_of_pages_is_its_pages_one_after_the_other(
    first: int, pages: int, leaf: str, paging: str, page: str
) -> None:
    """A leaf of 2 MiB maps 512 of them: it is touched once."""
    run = f"touch vm 0 {first}*{pages}{page}\n"
    each = "".join(f"touch vm 0 {first + number * 4096}{page}\n" for number in range(pages))
    one, other = (steps(text, leaf=leaf, paging=paging).stages[-1].moments for text in (run, each))
    assert one == other


def test_a_table_has_fewer_columns_than_what_streams(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """8,190 columns took half a minute and 460 MiB before the first line."""
    assert "more than 2,000 columns in a table: --format csv" in refused(run("compare", "--vms", "1..2001"))
    monkeypatch.setattr("ptelist.compare.result.SHOWN", SHOWN._replace(most=3))
    assert run("compare", "--vms", "1..3").exit_code == 0
    for form in ("csv", "json"):
        assert run("compare", "--vms", "1..4", "--format", form).exit_code == 0
