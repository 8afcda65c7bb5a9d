"""The gate's verdict: how many budgets are exceeded, and the first of them with its excess."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

ONE = '[scenario.one]\nkernel = "6.18"\nvcpus = 256\n'
SIZE, WHOLE = 'figure = "pte_list_desc.size"\n', 'figure = "pte_list_desc.bytes.total"\n'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


def write(*budgets: str, scenarios: str = ONE) -> None:
    Path("ptelist.toml").write_text("\n[[budget]]\n".join((scenarios, *budgets)), encoding="utf-8")


def verdict(run: Run) -> str:
    text = run("check").stdout.split("\n\n")[0]
    said: str = json.loads(run("check", "--format", "json").stdout)["headline"]
    assert " ".join(text.split()) == said
    return said


@pytest.mark.parametrize(
    ("budgets", "says"),
    [
        ((f"{SIZE}max = 128",), "The budget holds."),
        ((f"{SIZE}max = 128", f"{SIZE}exact = 128"), "All 2 budgets hold."),
        (
            (f"{SIZE}max = 124",),
            (
                "1 of 1 budget is exceeded: pte_list_desc.size of one is 128 bytes, 4 bytes (3.2%) more than the 124"
                " allowed."
            ),
        ),
        (
            (f"{SIZE}max = 200", f"{WHOLE}max = 1376256\nseverity = 'warn'"),
            (
                "1 of 2 budgets is exceeded, with a warning: pte_list_desc.bytes.total of one is 1,392,640 bytes (1.3"
                " MiB), 16,384 bytes (16.0 KiB, 1.2%) more than the 1,376,256 allowed."
            ),
        ),
        (
            (f"{WHOLE}max = 1\nseverity = 'warn'", f"{SIZE}exact = 130"),
            "2 of 2 budgets are exceeded: pte_list_desc.size of one is 128 bytes, not the 130 that it must be.",
        ),
        (
            ('figure = "pte_list_desc.slabs"\nmax = 0',),
            "1 of 1 budget is exceeded: pte_list_desc.slabs of one is 320 slabs, 320 more slabs than the 0 allowed.",
        ),
    ],
)
def test_the_first_excess_is_named(run: Run, budgets: tuple[str, ...], says: str) -> None:
    write(*budgets)
    assert verdict(run) == says


def test_scenarios_that_only_one_side_has_are_named(run: Run) -> None:
    write(f"{SIZE}max = 128")
    assert run("check", "--update").exit_code == 0
    write(f"{SIZE}max = 128", scenarios=ONE.replace("one", "two"))
    assert verdict(run) == "The baseline does not have the same scenarios: two and one."
    write(f"{SIZE}max = 100\nscenario = 'one'", scenarios=f"{ONE}[scenario.three]\nvcpus = 1\n")
    assert verdict(run).startswith("1 of 1 budget is exceeded: pte_list_desc.size of one is 128 bytes, 28 bytes")


def test_growth_is_that_since_the_baseline(run: Run) -> None:
    write(f"{SIZE}max_growth = 4")
    assert run("check", "--update").exit_code == 0
    baseline = json.loads(Path("ptelist-baseline.json").read_text(encoding="utf-8"))
    baseline["scenarios"]["one"]["figures"]["pte_list_desc.size"] = 120
    Path("ptelist-baseline.json").write_text(json.dumps(baseline), encoding="utf-8")
    assert verdict(run) == (
        "1 of 1 budget is exceeded: pte_list_desc.size of one is 128 bytes, 8 bytes (6.7%) more than before,"
        " and may grow by 4."
    )
    write(f'{SIZE}exact = "baseline"')
    assert verdict(run).endswith("pte_list_desc.size of one is 128 bytes, not the 120 that it must be.")


def test_a_width_that_hides_growth_is_no_excess(run: Run) -> None:
    write('figure = "mmu.bytes.total"\nmax_growth = 1000', scenarios=f'{ONE}preset = "nested"\n')
    assert run("check", "--update").exit_code == 0
    baseline = json.loads(Path("ptelist-baseline.json").read_text(encoding="utf-8"))
    baseline["scenarios"]["one"]["figures"]["page_hash.bytes"] = 1
    Path("ptelist-baseline.json").write_text(json.dumps(baseline), encoding="utf-8")
    said = verdict(run)
    assert said.startswith("No budget is exceeded for sure: mmu.bytes.total of one is ")
    assert said.endswith(" wide, which hides growth of more than is allowed.")
    (found,) = json.loads(run("check", "--format", "json").stdout)["findings"]
    width = found["after"]["high"] - found["after"]["low"]
    assert f" is {width:,} wide" in said
    baseline["scenarios"]["one"]["figures"]["mmu.bytes.total"] = [
        found["before"]["low"],
        found["before"]["high"] - 4096,
    ]
    Path("ptelist-baseline.json").write_text(json.dumps(baseline), encoding="utf-8")
    assert verdict(run).startswith("1 of 1 budget is exceeded: mmu.bytes.total of one is between ")
