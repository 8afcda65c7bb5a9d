"""What check may have to do is bound: scenarios and limits are counted before they are made."""

from __future__ import annotations

import weakref
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

import pytest
from refusals import refused

from ptelist.gate import budgets, causes, command
from ptelist.gate.limits import Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

BUDGET = "[[budget]]\nfigure = 'mmu.bytes.total'\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def gate(text: str) -> None:
    Path("ptelist.toml").write_text(text, encoding="utf-8")


def tables(count: int, options: str = "") -> list[str]:
    """Return so many scenarios; {number} in their options is each one's own."""
    return [f"[scenario.s{number}]\n{options.format(number=number + 2)}\n" for number in range(count)]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Rule]:
    """Return the limits that are made, as they are."""
    rules: list[Rule] = []

    def make(*fields: Any) -> Rule:
        rules.append(Rule(*fields))
        return rules[-1]

    monkeypatch.setattr(budgets, "Rule", make)
    return rules


@pytest.mark.parametrize(
    ("figures", "scenarios", "says"),
    [
        ("'mmu.bytes.total', " * 4000, "'s0', " * 4000, "2: budget.figure: mmu.bytes.total is given twice"),
        ("'mmu.bytes.total'", "'s0', " * 4000, "3: budget.scenario: s0 is given twice"),
    ],
)
def test_a_name_twice_in_a_budget(run: Run, made: list[Rule], figures: str, scenarios: str, says: str) -> None:
    """32 KB with 4,000 of each took 3 GiB before it was said."""
    gate(f"[[budget]]\nfigure = [{figures}]\nscenario = [{scenarios}]\nmax = 1\n[scenario.s0]\n")
    assert refused(run("check")) == f"ptelist: ptelist.toml:{says}\n"
    assert not made


def test_limits_are_counted_before_they_are_made(run: Run, made: list[Rule]) -> None:
    """Of two kinds for 100 figures in 100 scenarios there may be one budget, not two."""
    figures = [[f"{name}{number}" for number in range(100)] for name in "ab"]
    both = "".join(f"[[budget]]\nfigure = {each}\nmax = 2\nexact = 1\n" for each in figures)
    gate("".join(tables(100)) + both)
    assert refused(run("check")) == (
        "ptelist: ptelist.toml:205: more than 20,000 limits, one for each figure and scenario: "
        "name fewer figures, or fewer scenarios for each\n"
    )
    assert len(made) == 20_000


def test_limits_that_contradict_each_other_are_found_at_once(run: Run, made: list[Rule]) -> None:
    gate(tables(1)[0] + f"{BUDGET}max = 1\n" * 100)
    assert "is given twice" in refused(run("check"))
    assert len(made) == 2


def test_scenarios_are_counted_before_they_are_made(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """10,000 took 1 GB."""
    gate(f"{''.join(tables(301))}{BUDGET}max = 1\n")
    monkeypatch.setattr(budgets, "_scenario", lambda *_: pytest.fail("one is made"))
    assert refused(run("check")) == (
        "ptelist: ptelist.toml: more than 300 scenarios: name fewer, or write several files\n"
    )


def test_as_many_scenarios_as_there_may_be(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "SCENARIOS", budgets.SCENARIOS._replace(most=2))
    gate(f"{''.join(tables(2))}{BUDGET}max = 1\n")
    assert run("check").exit_code == 1


@pytest.mark.parametrize(
    ("options", "work", "most"),
    [
        ("vms = 2", "gate.tested.GROUPS", 1),
        ("dimms = 3\ndimm-size = '1GiB'\nmemory = '4GiB'", "settings.work.DIMMS", 5),
        ("peak-vms = {number}\nfilling = 'aged'", "settings.work.SIMULATED", 100),
    ],
)
def test_what_scenarios_have_is_counted_together(
    run: Run, monkeypatch: pytest.MonkeyPatch, options: str, work: str, most: int
) -> None:
    """As that of all columns; one alone is not too much."""
    known = resolve_name(f"ptelist.{work}")
    monkeypatch.setattr(f"ptelist.{work}", known._replace(most=most))
    for count in (1, 2):
        gate(f"{''.join(tables(count, options))}{BUDGET}max = 1\n")
        result = run("check")
        if count == 1:
            assert result.exit_code == 1
    assert f"more than {most} {known.what}" in refused(result)


def test_what_tells_why_figures_moved_is_kept_for_one_scenario_at_a_time(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 scenarios that moved took 900 MB."""
    known: list[weakref.ref[causes.Causes]] = []
    alive = []

    class Counted(causes.Causes):
        def __init__(self, *words: Any) -> None:
            super().__init__(*words)
            known.append(weakref.ref(self))
            alive.append(sum(each() is not None for each in known))

    monkeypatch.setattr(causes, "Causes", Counted)
    gate(f"{''.join(tables(4, 'vcpus = {number}'))}{BUDGET}max_growth = 0\n")
    assert run("check", "--update").exit_code == 0
    assert run("check", "--kernel", "5.10").exit_code == 1
    assert alive == [1, 2, 2, 2]  # the one before it too, until the new one takes its place


def test_no_baseline_is_written_that_would_not_be_read(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "MOST_BYTES", 1 << 12)
    gate(f"{tables(1)[0]}{BUDGET}max_growth = 0\n")
    assert "ptelist-baseline.json: would be larger than" in refused(run("check", "--update"))
    assert not Path("ptelist-baseline.json").exists()
