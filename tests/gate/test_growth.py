"""Growth of a figure that is open: derived where the baseline's inputs tell the figures, else said to be hidden."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import btf_writer
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

NESTED = '[scenario.one]\npreset = "nested"\nvcpus = 8\n'
BUDGET = "[[budget]]\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


def gate(budgets: str, scenarios: str = NESTED) -> None:
    Path("ptelist.toml").write_text(f"{scenarios}{budgets}", encoding="utf-8")


def growth(limit: str) -> str:
    return f'{BUDGET}figure = "mmu.bytes.total"\nmax_growth = {limit}\n'


def findings(result: Result) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(result.stdout)["findings"]
    return found


def build(**options: Any) -> str:
    """Write the types of a kernel as one file; with `wide`, pte_list_desc grew."""
    name = "-".join(("build", *map(str, options.values())))
    Path(name).write_bytes(btf_writer.kernel(**options).blob())
    return name


def test_growth_of_an_open_figure_is_derived(run: Run) -> None:
    """A header of 64 bytes more, on figures that are open by megabytes."""
    gate(growth("0"))
    assert run("check", "--update", "--kernel", "6.18").exit_code == 0
    Path("wider-areas.toml").write_text('extends = "6.18"\n[kernel]\nvmap_area_bytes = 136\n', encoding="utf-8")
    (found,) = findings(run("check", "--kernel", "wider-areas.toml", "--format", "json"))
    assert found["after"]["high"] - found["after"]["low"] > 1_000_000
    assert found["status"] == "fail"
    assert 0 < found["delta"] < 10_000
    assert found["delta"] == found["after"]["high"] - found["before"]["high"]


def test_growth_is_derived_from_a_baseline_of_before_a_field(run: Run) -> None:
    """A field that came since is taken to be as now, if the figures of then say so too."""
    gate(growth("0"))
    run("check", "--update", "--kernel", "6.18")
    path = Path("ptelist-baseline.json")
    baseline = json.loads(path.read_text(encoding="utf-8"))
    inputs = baseline["scenarios"]["one"]["inputs"]
    for field in ("kernel.srcu_fanout", "kernel.pte_list_desc_fixed_bytes"):
        known = inputs.pop(field)
        path.write_text(json.dumps(baseline), encoding="utf-8")
        (found,) = findings(run("check", "--kernel", "6.18", "--format", "json"))
        assert (found["status"], found["delta"]) == ("pass", 0)
        inputs[field] = known
    inputs.pop("kernel.pte_list_desc_fixed_bytes")
    path.write_text(json.dumps(baseline), encoding="utf-8")
    Path("other.toml").write_text('extends = "6.18"\n[kernel]\npte_list_desc_fixed_bytes = 24\n', encoding="utf-8")
    (found,) = findings(run("check", "--kernel", "other.toml", "--format", "json"))
    assert (found["status"], found["delta"] > 0) == ("fail", True)  # then it was 16, not 24 as now


def test_a_percentage_is_of_the_low_end(run: Run) -> None:
    """What grows by 10 % of what it takes at least is over a limit of 9 %, however much it may take."""
    gate(growth("0"))
    run("check", "--update", "--kernel", "6.18")
    Path("wider-areas.toml").write_text('extends = "6.18"\n[kernel]\nvmap_area_bytes = 136\n', encoding="utf-8")
    (found,) = findings(run("check", "--kernel", "wider-areas.toml", "--format", "json"))
    part = 100 * found["delta"] / found["before"]["low"]
    for more, status in ((-0.01, "fail"), (0.01, "pass")):
        gate(growth(f'"{part + more:.6f} %"'))
        assert findings(run("check", "--kernel", "wider-areas.toml", "--format", "json"))[0]["status"] == status


def test_growth_of_slabs_is_that_of_some_number_of_objects(run: Run) -> None:
    """Slabs of 4 KiB with room for 32 become ones of 8 KiB with room for 60, each with a vector of 8 bytes an object.

    How many objects there are is open, but it is one number; the limit lies above what any number of them grows by.
    """
    gate(growth('"0.5 %"'), f'{NESTED}rmaps = "1000x15"\neager-split = true\n')
    run("check", "--update", "--kernel", "6.18")
    grown = Path(__file__).parents[1] / "data/btf/6.18-grown"
    (found,) = findings(run("check", "--kernel", "6.18", "--kernel-from", str(grown), "--format", "json"))
    figures = json.loads(Path("ptelist-baseline.json").read_text(encoding="utf-8"))["scenarios"]["one"]["figures"]
    fewest, most = figures["pte_list_desc.objects"]
    changes = [-(-n // 60) * (8192 + 512) - -(-n // 32) * (4096 + 256) for n in range(fewest, most + 1)]
    assert most - fewest > 500
    assert found["delta"] == max(changes)
    assert found["status"] == "pass"


def test_a_width_that_hides_growth_is_a_warning_where_it_cannot_be_derived(run: Run) -> None:
    """A baseline of another model: its inputs give other figures than it has."""
    gate(growth("1000"))
    run("check", "--update", "--kernel", "6.18")
    path = Path("ptelist-baseline.json")
    baseline = json.loads(path.read_text(encoding="utf-8"))
    baseline["scenarios"]["one"]["figures"]["page_hash.bytes"] = 1
    path.write_text(json.dumps(baseline), encoding="utf-8")
    done = run("check", "--kernel", "6.18")
    assert done.exit_code == 0
    assert "WARN one: mmu.bytes.total = " in done.stdout
    assert "wide, so that growth beyond max_growth = 1000" in " ".join(done.stdout.split())
    gate(growth("100000000"))
    assert "WARN" not in run("check", "--kernel", "6.18").stdout


def test_an_unchanged_open_figure_hides_nothing(run: Run) -> None:
    gate(growth("0"))
    run("check", "--update", "--kernel", "6.18")
    (found,) = findings(run("check", "--kernel", "6.18", "--format", "json"))
    assert (found["status"], found["delta"]) == ("pass", 0)


def test_two_builds_need_no_baseline(run: Run) -> None:
    old, new = build(), build(wide=True)
    gate(f'{BUDGET}figure = "pte_list_desc.size"\nmax_growth = 0\n', "[scenario.one]\nvcpus = 8\n")
    kernel = ("--kernel", "6.18")
    same = run("check", "--against-from", old, "--kernel-from", old, *kernel)
    assert same.exit_code == 0, same.output
    done = run("check", "--against-from", old, "--kernel-from", new, *kernel)
    assert done.exit_code == 1, done.output
    assert "FAIL one: pte_list_desc.size 128 -> 136 bytes, +8" in done.stdout
    assert f"baseline: {old}" in done.stdout
    assert not list(Path().glob("*baseline*"))
    back = run("check", "--against-from", new, "--kernel-from", old, *kernel)
    assert back.exit_code == 0


def test_two_builds_need_no_file_of_budgets(run: Run) -> None:
    """Those of --init serve."""
    old, new = build(), build(wide=True)
    done = run("check", "--against-from", old, "--kernel-from", new, "--kernel", "6.18")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert any(line.startswith("why: ") for line in lines[:5])
    assert done.stdout.count("why: ") == 1


@pytest.mark.parametrize(
    "words", ["", "--kernel-from x --update", "--kernel-from x --init", "--kernel-from x --baseline b"]
)
def test_what_does_not_go_with_another_build_is_refused(run: Run, words: str) -> None:
    done = run("check", "--against-from", "old", *words.split())
    assert done.exit_code == 2
    assert "--against-from holds --kernel-from NEW against another build" in done.stderr


def test_the_report_says_what_a_change_comes_of(run: Run) -> None:
    """The same tree as explain gives, of the figure that tells most."""
    old, new = build(), build(wide=True)
    gate(f'{BUDGET}figure = "pte_list_desc.bytes.total"\nmax_growth = 0\n', "[scenario.one]\nvcpus = 256\n")
    text = run("check", "--against-from", old, "--kernel-from", new, "--kernel", "6.18").stdout
    tree = text.partition(f"one, against {old}:\n")[2].partition("\n\n")[0].splitlines()
    assert tree[0] == "pte_list_desc.bytes.total: +95,744 bytes (1,392,640 -> 1,488,384)"
    assert any("slabs: -149 slabs (320 -> 171)" in line for line in tree)
    assert any("was: the baseline" in line for line in tree)
