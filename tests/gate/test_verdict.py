"""The gate's verdict: how many budgets are exceeded, and the first of them with its excess."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from helpers import ledger

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
            (
                "1 of 2 budgets is exceeded, and 1 warns: pte_list_desc.size of one is 128 bytes, not the 130 that it"
                " must be."
            ),
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


TOTAL = "mmu.bytes.total"
TWO = "[scenario.one]\nvcpus = 256\n[scenario.few]\nvcpus = 2\n"


def moved(run: Run, *budgets: str, capacity: int = 41) -> tuple[str, ...]:
    """Write budgets and a baseline of 6.18, and return options of a kernel whose caches hold another number."""
    write(*budgets, scenarios=TWO)
    assert run("check", "--update", "--kernel", "6.18").exit_code == 0
    path = Path.cwd() / "mine.toml"
    path.write_text(f'extends = "6.18"\n[kernel]\ncache_capacity = {capacity}\n', encoding="utf-8")
    return ("--kernel", str(path))


def taken(kernel: str, vcpus: int) -> int:
    term = ledger(kernel=kernel, vcpus=vcpus, memslots="q35")[TOTAL]
    assert term.exact
    return term.low


def test_what_moved_within_its_budgets_is_told(run: Run) -> None:
    """Totals, signed changes, the cause and the command, as of a budget that is exceeded."""
    kernel = moved(run, f'figure = "{TOTAL}"\nmax_growth = "50 %"', f"{SIZE}max = 128")
    result = run("check", *kernel, "--format", "markdown")
    assert result.exit_code == 0, result.output
    text = result.stdout.replace("\\", "")
    before, now = taken("6.18", 256), taken(kernel[1], 256)
    assert text.startswith(f"All 4 budgets hold: {TOTAL} of one is {now - before:,} bytes (")
    assert "more than before.\n" in text.split("\n\n")[0] + "\n"
    assert f"| {before:,} |" in text
    assert f"+{now - before:,} (+" in text
    assert f"+{taken(kernel[1], 2) - taken('6.18', 2):,} (+" in text
    assert "why: kernel.cache_capacity 40 -> 41" in text
    assert f"$ ptelist explain {TOTAL} --kernel {kernel[1]} --vcpus 256" in " ".join(text.replace("\\n", " ").split())
    for name in ("text", "html"):
        assert f"+{now - before:,}" in run("check", *kernel, "--format", name).stdout, name
    found: list[dict[str, Any]] = json.loads(run("check", *kernel, "--format", "json").stdout)["totals"]
    assert [each["scenario"] for each in found] == ["one", "few"]
    assert found[0]["change"] == {"low": now - before, "high": now - before}
    assert found[0]["why"][0].startswith("kernel.cache_capacity 40 -> 41")


def test_less_is_told_with_its_sign(run: Run) -> None:
    kernel = moved(run, f"{SIZE}max = 128", capacity=39)
    less = taken("6.18", 256) - taken(kernel[1], 256)
    text = " ".join(run("check", *kernel).stdout.split())
    assert text.startswith(f"All 2 budgets hold: {TOTAL} of one is {less:,} bytes (")
    assert "less than before." in text
    assert f" -{less:,} (-" in text


def test_that_nothing_moved_is_told_only_where_something_was_before(run: Run) -> None:
    moved(run, f"{SIZE}max = 128")
    assert verdict(run) == "All 2 budgets hold: no figure moved."
    Path("ptelist-baseline.json").unlink()
    assert verdict(run) == "All 2 budgets hold."
    assert json.loads(run("check", "--format", "json").stdout)["totals"] == []


def test_budgets_of_one_figure_are_told_apart(run: Run) -> None:
    twice = (f'figure = "{TOTAL}"\nmax_growth = "1 %"', f'figure = "{TOTAL}"\nmax_growth = 0\nseverity = "warn"')
    moved(run, *twice, f"{SIZE}max = 128", f"{SIZE}exact = 128")
    labels = [line.split("  ")[1] for line in run("check", "--kernel", "6.18").stdout.splitlines() if line[:2] == "  "]
    assert labels[:4] == [TOTAL, f"{TOTAL} (warn)", "pte_list_desc.size max", "pte_list_desc.size exact"]


@pytest.mark.parametrize(("warn", "says"), [(1, "and 1 warns: "), (2, "and 2 warn: ")])
def test_a_warning_is_not_counted_as_exceeded(run: Run, warn: int, says: str) -> None:
    soft = [f"{figure}max = 1\nseverity = 'warn'" for figure in (SIZE, WHOLE)[:warn]]
    write('figure = "pte_list_desc.slabs"\nmax = 0', *soft)
    assert verdict(run).startswith(
        f"1 of {1 + warn} budgets is exceeded, {says}pte_list_desc.slabs of one is 320 slabs"
    )


RAISE = "If intended, raise the limit where it stands."
EITHER = "If intended, raise the limit where it stands, or accept the growth with:"
EACH = "If intended, raise each limit where it stands; growth since the baseline is accepted with:"
UPDATE = "$ ptelist check --update"


@pytest.mark.parametrize(
    ("budgets", "says", "command"),
    [
        ((f"{SIZE}max = 120",), RAISE, ""),
        ((f"{SIZE}exact = 120", f"{WHOLE}max_growth = 0"), RAISE, ""),
        ((f"{SIZE}max_growth = 0",), EITHER, UPDATE),
        ((f'{SIZE}exact = "baseline"',), EITHER, UPDATE),
        ((f"{SIZE}max_growth = 0", f"{WHOLE}max = 1"), EACH, UPDATE),
    ],
)
@pytest.mark.parametrize("form", ["text", "markdown", "html", "github"])
def test_a_new_baseline_is_offered_where_it_changes_the_verdict(  # noqa: PLR0913, PLR0917 -- what a case is
    run: Run, budgets: tuple[str, ...], says: str, command: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub's annotations say nothing of it, its summary is Markdown."""
    write(*budgets)
    assert run("check", "--update").exit_code == 0
    rebase(8)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    result = run("check", "--format", form)
    assert result.exit_code == 1
    told = Path("summary.md").read_text(encoding="utf-8") if form == "github" else result.stdout
    lines = [" ".join(line.split()) for line in told.replace("<", "\n<").replace(">", ">\n").splitlines()]
    text = " ".join(line for line in lines if line)
    assert says in text
    assert ("--update" in text) is bool(command)
    assert command in text
    assert sum(run("check", "--format", each).stdout.count("If intended") for each in ("junit", "ktap")) == 0


def rebase(less: int) -> None:
    """Make the descriptor of the baseline so much smaller."""
    path = Path("ptelist-baseline.json")
    data = json.loads(path.read_text(encoding="utf-8"))
    data["scenarios"]["one"]["figures"]["pte_list_desc.size"] -= less
    path.write_text(json.dumps(data), encoding="utf-8")


def test_a_page_without_baseline_for_a_scenario_says_how_it_is_written(run: Run) -> None:
    write(f"{SIZE}max_growth = 0")
    assert run("check", "--update").exit_code == 0
    write(f"{SIZE}max_growth = 0", scenarios=f'{ONE}[scenario.two]\nkernel = "6.18"\n')
    html = run("check", "--format", "html").stdout
    assert "If intended, write the baseline anew with:" in html


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_a_message_stands_beneath_its_own_figure(run: Run, form: str) -> None:
    """Also where it is that of several figures: then beneath the first of them."""
    two = f'{ONE}[scenario.two]\nkernel = "6.18"\nvcpus = 256\n'
    write(
        f"{SIZE}max = 1\nmessage = 'of the size'",
        f"{WHOLE}max = 1\nmessage = 'of the whole'",
        'figure = "pte_list_desc.slabs"\nmax = 1',
        scenarios=two,
    )
    text = run("check", "--format", form).stdout
    lines = [line.strip("` ") for line in text.splitlines()]
    place = re.compile(r"FAIL (\w+): (\S+)|of the (size|whole)")
    told = [match.group(1, 2) if match[1] else match[0] for line in lines if (match := place.match(line))]
    size, whole, slabs = "pte_list_desc.size", "pte_list_desc.bytes.total", "pte_list_desc.slabs"
    assert told == [
        *(("one", size), "of the size", ("one", whole), "of the whole", ("one", slabs)),
        *(("two", size), ("two", whole), ("two", slabs)),
    ]
