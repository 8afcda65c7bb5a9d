"""The gate: what passes and what does not, to the byte; what it says of it; faults that end in one line."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import btf_writer
import junitparser
import pytest
from click.testing import CliRunner
from helpers import ledger, one_line
from hypothesis import given
from hypothesis import strategies as st
from machines import Fake, changed
from refusals import refused
from tap.parser import Parser

from ptelist.cli import main
from ptelist.engine.interval import Interval
from ptelist.gate import baseline as baselines
from ptelist.gate import budgets, causes
from ptelist.readers.host import paths
from ptelist.readers.host.snapshot import take

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

SIZE = 128
"""Bytes of a descriptor with PTE_LIST_EXT 14 (facts/kvm-facts.md)."""

ONE = '[scenario.one]\nkernel = "6.18"\nvcpus = 8\n'
UNDER_TEST = "[scenario.one]\nvcpus = 256\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in a folder of the test's own, without GitHub's variables."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


def write(budget: str = 'figure = "pte_list_desc.size"\nmax_growth = 0', scenarios: str = ONE) -> None:
    Path("ptelist.toml").write_text(f"{scenarios}\n[[budget]]\n{budget}\n", encoding="utf-8")


def findings(result: Result) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(result.stdout)["findings"]
    return found


def statuses(run: Run, *args: str) -> tuple[int, list[str]]:
    result = run("check", *args, "--format", "json")
    return result.exit_code, [each["status"] for each in findings(result)]


def fails(run: Run, text: str, *args: str) -> None:
    """Expect one line with `text` on stderr, and exit code 2."""
    result = run("check", *args)
    assert result.exit_code == 2, result.output
    assert text in result.stderr
    assert result.stderr.count("\n") == 1


def blob(**options: Any) -> str:
    """Write the types of a kernel as one file."""
    name = "-".join(("build", *map(str, options.values())))
    Path(name).write_bytes(btf_writer.kernel(**options).blob())
    return name


@pytest.mark.parametrize(("most", "code"), [(SIZE, 0), (SIZE - 1, 1), (SIZE + 1, 0)])
@pytest.mark.parametrize("form", ['"{} B"', "{}"])
def test_max_is_kept_to_the_byte(run: Run, most: int, code: int, form: str) -> None:
    write(f'figure = "pte_list_desc.size"\nmax = {form.format(most)}')
    assert statuses(run) == (code, ["fail" if code else "pass"])


@pytest.mark.parametrize("number", [SIZE - 1, SIZE, SIZE + 1])
def test_exact_is_exact(run: Run, number: int) -> None:
    write(f'figure = "pte_list_desc.size"\nexact = {number}')
    assert statuses(run) == ((0, ["pass"]) if number == SIZE else (1, ["fail"]))


def rebase(figure: str, change: int) -> None:
    """Make the baseline's figure so much larger."""
    path = Path("ptelist-baseline.json")
    data = json.loads(path.read_text(encoding="utf-8"))
    data["scenarios"]["one"]["figures"][figure] += change
    path.write_text(json.dumps(data), encoding="utf-8")


@pytest.mark.parametrize(("growth", "allowed"), [("0", 0), ('"8 B"', 8), ("8", 8), ('"6.25 %"', 7), ('"6.7%"', 8)])
def test_growth_is_bounded_to_the_byte(run: Run, growth: str, allowed: int) -> None:
    """From 120 bytes on, or from so much less that it is just over: percentages are of the baseline, rounded down."""
    write(f'figure = "pte_list_desc.size"\nmax_growth = {growth}')
    for change in (-allowed, -allowed - 1):
        assert run("check", "--update").exit_code == 0
        rebase("pte_list_desc.size", change)
        base = SIZE + change
        bound = Fraction(growth.strip('"% ')) * base // 100 if "%" in growth else allowed
        expected = (0, ["pass"]) if base + bound >= SIZE else (1, ["fail"])
        assert statuses(run) == expected


def test_shrinking_passes_growth_and_not_exact(run: Run) -> None:
    write('figure = "pte_list_desc.size"\nmax_growth = 0\nexact = "baseline"')
    assert run("check", "--update").exit_code == 0
    assert statuses(run) == (0, ["pass", "pass"])
    rebase("pte_list_desc.size", 8)
    code, _ = statuses(run)
    found = {each["kind"]: each["status"] for each in findings(run("check", "--format", "json"))}
    assert (code, found) == (1, {"max_growth": "pass", "exact": "fail"})


def test_an_interval_passes_only_if_its_high_end_does(run: Run) -> None:
    term = ledger(kernel="6.18", vcpus=8, history="any", memslots="q35")["kvm_mmu_page_header.objects"]
    assert term.low < term.high
    scenario = f'{ONE}history = "any"\n'
    for most, code in ((term.low, 1), (term.high - 1, 1), (term.high, 0)):
        write(f'figure = "kvm_mmu_page_header.objects"\nmax = {most}', scenario)
        assert run("check").exit_code == code
    write(f'figure = "kvm_mmu_page_header.objects"\nexact = {term.high}', scenario)
    assert run("check").exit_code == 1, "an open figure is not exactly anything"


def test_a_warning_is_no_failure(run: Run) -> None:
    write('figure = "pte_list_desc.size"\nmax = 127\nseverity = "warn"')
    assert statuses(run) == (0, ["warn"])


def test_unchanged_types_pass_and_a_grown_member_is_named(run: Run) -> None:
    write('figure = ["pte_list_desc.size", "pte_list_desc.bytes.slab"]\nmax_growth = 0', UNDER_TEST)
    same, grown = blob(), blob(wide=True)
    assert run("check", "--update", "--kernel", "6.18", "--kernel-from", same).exit_code == 0
    assert statuses(run, "--kernel", "6.18", "--kernel-from", same) == (0, ["pass", "pass"])
    result = run("check", "--kernel", "6.18", "--kernel-from", grown, "--format", "json")
    assert result.exit_code == 1
    size, slab = findings(result)
    assert (size["before"], size["after"], size["delta"]) == ({"low": 128, "high": 128}, {"low": 136, "high": 136}, 8)
    assert size["why"] == ["struct pte_list_desc: spte_count grew 4 bytes -> 8 bytes, sizeof 128 -> 136 bytes"]
    moved = {each["figure"]: (each["before"]["low"], each["after"]["low"]) for each in slab["moved"]}
    # A page has room for 30 of 136 bytes, SLUB wants 4 * (fls(64) + 1) = 32 on this host, so two pages (facts/slub.md).
    assert moved["pte_list_desc.size"] == (128, 136)
    assert moved["pte_list_desc.slab_order"] == (0, 1)
    assert moved["pte_list_desc.objects_per_slab"] == (4096 // 128, 8192 // 136)
    assert moved["pte_list_desc.slabs"] == (10240 // 32, -(-10240 // 60))
    assert moved["pte_list_desc.bytes.slab"] == (320 * 4096, 171 * 8192)
    assert next(iter(moved)) == "pte_list_desc.size"
    assert list(moved)[-1] == "pte_list_desc.bytes.slab"


def test_the_command_reproduces_the_figure(run: Run) -> None:
    write('figure = "mmu.bytes.total"\nmax = 1', f'{UNDER_TEST}memory = "8 GiB"\nset = ["kernel.page_topup_min=6"]\n')
    result = run("check", "--kernel", "6.12", "--format", "json")
    (found,) = findings(result)
    program, *words = found["reproduce"].replace("'8 GiB'", "8GiB").split()
    assert program == "ptelist"
    again = json.loads(run(*words, "--format", "json").stdout)["figure"]
    assert {end: again[end] for end in ("low", "high")} == found["after"]


def test_without_a_file_a_build_is_held_against_its_profile(run: Run) -> None:
    same, grown = blob(), blob(wide=True)
    assert run("check", "--kernel", "6.18", "--kernel-from", same).exit_code == 0
    result = run("check", "--kernel", "6.18", "--kernel-from", grown)
    assert result.exit_code == 1
    said = " ".join(result.stdout.split())
    assert said.count("why: kernel.pte_list_desc_fixed_bytes 16 -> 24") == 1
    assert "pte_list_desc.size 128 -> 136" in said
    assert "the profile of 6.18 as shipped" in " ".join(result.stdout.split())
    fails(run, "ptelist.toml: does not exist")


@pytest.mark.parametrize("kernel", ["5.10", "6.1", "6.18", "7.3"])
def test_the_file_to_begin_with_passes_once_there_is_a_baseline(run: Run, kernel: str) -> None:
    assert run("check", "--init", "--kernel", kernel).exit_code == 0
    fails(run, "ptelist-baseline.json: does not exist")
    assert run("check", "--update").exit_code == 0
    code, found = statuses(run)
    assert (code, set(found)) == (0, {"pass"})
    text = Path("ptelist.toml").read_text(encoding="utf-8")
    assert f'"{ledger(kernel=kernel)["pte_list_desc.size"].low} B"' in text
    fails(run, "ptelist.toml: exists already", "--init")
    assert Path("ptelist.toml").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("files", "left_out", "left"),
    [
        (
            {"TDP_MMU": "N\n"},
            "scenario.nested is without eager-split: the TDP MMU is off in this kernel",
            "[scenario.nested]",
        ),
        ({}, "", "eager-split = true"),
    ],
)
def test_the_file_to_begin_with_has_what_a_host_can_have(
    run: Run, files: dict[str, str | None], left_out: str, left: str
) -> None:
    saved = "-".join(("host", *files))
    Path(saved).write_text(take(Fake(changed(**files))).render(), encoding="utf-8")
    written = run("check", "--init", "--kernel", f"./{saved}")
    assert written.exit_code == 0, written.stderr
    assert [line for line in written.stderr.splitlines() if "without" in line] == (
        [f"ptelist.toml: {left_out}"] if left_out else []
    )
    text = Path("ptelist.toml").read_text(encoding="utf-8")
    assert left in text
    assert ("eager-split" in text) == (not left_out)
    assert run("check", "--update").exit_code == 0
    assert run("check").exit_code == 0


def test_the_file_to_begin_with_has_no_l2_where_tdp_is_off(run: Run) -> None:
    files = changed() | {paths.TDP[0]: "0\n"}
    Path("without-tdp").write_text(take(Fake(files)).render(), encoding="utf-8")
    written = run("check", "--init", "--kernel", "./without-tdp")
    assert (written.exit_code, "without scenario.nested: TDP is off" in written.stderr) == (0, True), written.stderr
    assert "[scenario.nested]" not in Path("ptelist.toml").read_text(encoding="utf-8")
    assert run("check", "--update").exit_code == 0


def test_the_file_to_begin_with_says_that_a_kernel_has_no_split_caches(run: Run) -> None:
    said = run("check", "--init", "--kernel", "5.10").stderr
    assert "scenario.nested is without eager-split: kernel 5.10 has no split caches" in said


def test_a_changed_profile_is_named_by_its_field(run: Run) -> None:
    """What a change of the model looks like: figures moved, and either an input did too or none."""
    write('figure = "pte_list_desc.objects"\nmax_growth = 0', UNDER_TEST)
    Path("mine.toml").write_text('extends = "6.18"\n[kernel]\ncache_capacity = 41\n', encoding="utf-8")
    assert run("check", "--update", "--kernel", "6.18").exit_code == 0
    (found,) = findings(run("check", "--kernel", "mine.toml", "--format", "json"))
    assert found["status"] == "fail"
    assert found["why"] == ["kernel.cache_capacity 40 -> 41 (mine.toml:3)"]
    rebase("pte_list_desc.objects", -1)
    (found,) = findings(run("check", "--kernel", "6.18", "--format", "json"))
    assert "no input changed, ptelist's model did" in found["why"][0]


def test_new_and_removed_are_errors_with_a_report(run: Run) -> None:
    write('figure = "pte_list_desc.size"\nmax_growth = 0', "[scenario.old]\nvcpus = 8\n")
    assert run("check", "--update").exit_code == 0
    write()
    result = run("check", "--format", "json")
    assert result.exit_code == 2
    assert [each["status"] for each in findings(result)] == ["new", "removed"]
    assert "one: not in the baseline" in result.stderr
    assert "old: in the baseline only" in result.stderr
    assert result.stderr.count("\n") == 1
    assert "one: new, " in run("check", "--update").stdout
    assert run("check").exit_code == 0


def test_a_stale_entry_is_an_error(run: Run) -> None:
    write()
    assert run("check", "--update").exit_code == 0
    write(scenarios=ONE.replace("8", "9", 2).replace("6.19", "6.18"))
    fails(run, "one: stale: vms.0.vcpus was 8, is 9")


def test_the_baseline_is_stable_sorted_and_lf(run: Run) -> None:
    write(scenarios=f"{ONE}\n[scenario.b]\nvcpus = 2\n")
    assert run("check", "--update").exit_code == 0
    first = Path("ptelist-baseline.json").read_bytes()
    assert run("check", "--update").exit_code == 0
    assert Path("ptelist-baseline.json").read_bytes() == first
    assert b"\r" not in first
    assert first.endswith(b"}\n")
    data = json.loads(first)
    assert list(data["scenarios"]) == sorted(data["scenarios"])
    assert list(data["scenarios"]["one"]["figures"]) == sorted(ledger(kernel="6.18", vcpus=8))
    assert any("vCPU" in each for each in data["scenarios"]["one"]["assumptions"])
    assert baselines.render(baselines.read("ptelist-baseline.json")) == first.decode()


def test_beside_what_is_no_file_of_a_folder_is_no_place_for_a_baseline(run: Run) -> None:
    """Found by the fuzzer: `check /dev/stdin --update` left /dev/stdin-baseline.json there."""
    Path("stream").symlink_to("/dev/null")
    assert "say with --baseline where the figures go" in refused(run("check", "./stream", "--update"))
    assert "stream:" in refused(run("check", "./stream")), "it is read"


def test_beside_dev_stdin_is_no_place_for_a_baseline_whatever_file_is_behind_it(run: Run) -> None:
    """`check /dev/stdin --update < ptelist.toml`, which is a regular file, left /dev/stdin-baseline.json as well."""
    write()
    with Path("ptelist.toml").open("rb") as file:
        said = refused(run("check", f"/dev/fd/{file.fileno()}", "--update"))
    assert "say with --baseline where the figures go" in said


def test_dry_runs_write_nothing(run: Run) -> None:
    assert "[scenario.large]" in run("check", "--init", "--dry-run").stdout
    assert not list(Path().iterdir())
    write()
    assert "not written" in run("check", "--update", "--dry-run").stdout
    assert [path.name for path in Path().iterdir()] == ["ptelist.toml"]
    assert run("check", "--update").exit_code == 0
    result = run("check", "--dry-run", "--format", "ktap", "-o", "out.tap")
    assert (result.exit_code, result.stderr) == (0, "out.tap: not written, ktap\n")
    assert not Path("out.tap").exists()
    state = json.loads(Path("ptelist-baseline.json").read_text(encoding="utf-8"))
    state["scenarios"]["gone"] = next(iter(state["scenarios"].values()))
    Path("ptelist-baseline.json").write_text(json.dumps(state), encoding="utf-8")
    assert "in the baseline only" in refused(run("check", "--dry-run", "--format", "ktap", "-o", "out.tap"))


THREE = """\
[scenario.one]
vcpus = 8

[scenario.two]
vcpus = 2

[[budget]]
figure = "pte_list_desc.size"
max = 127
message = "50%: a <b> & \\"c\\", d: e"

[[budget]]
figure = "pte_list_desc.size"
max = 126
severity = "warn"

[[budget]]
figure = "pte_list_desc.slab_order"
scenario = "two"
max = 9
"""


def test_ktap_is_read_back(run: Run) -> None:
    Path("ptelist.toml").write_text(THREE, encoding="utf-8")
    result = run("check", "--format", "ktap")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[:2] == ["KTAP version 1", "1..2"]
    top = [line for line in lines[1:] if not line.startswith(" ")]
    assert [(line.ok, line.number, line.description) for line in parsed(top)] == [(False, 1, "one"), (False, 2, "two")]
    inner = [line.removeprefix("  ") for line in lines if line.startswith("  ")]
    second = inner.index("# Subtest: two") - 1
    for block, names in ((inner[:second], 2), (inner[second:], 3)):
        assert block[0] == "KTAP version 1"
        assert block[2] == f"1..{names}"
        found = parsed(block[1:])
        assert [line.ok for line in found] == [False, True, True][:names]
        assert found[0].description == "pte_list_desc.size max"
        assert "severity warn" in str(found[1].directive) or "severity warn" in str(found[1])
        assert not any(line.skip or line.todo for line in found)


def parsed(lines: list[str]) -> list[Any]:
    """Return the test lines that tap.py finds; every line must be one that it knows."""
    found = list(Parser().parse_text("\n".join(lines)))
    assert not [line for line in found if line.category == "unknown"]
    assert [line.expected_tests for line in found if line.category == "plan"] == [
        sum(line.category == "test" for line in found)
    ]
    return [line for line in found if line.category == "test"]


@pytest.mark.parametrize("form", ["text", "json", "markdown", "ktap", "junit", "github"])
def test_every_report_says_what_was_assumed_and_how_to_get_it_again(run: Run, form: str) -> None:
    Path("ptelist.toml").write_text(THREE, encoding="utf-8")
    said = " ".join(run("check", "--kernel", "6.12", "--format", form).stdout.replace("\\", "").split())
    for text in (
        "memcg on, VMM in a cgroup",
        "filled at each vCPU's first KVM_RUN",
        "filled completely, as one CPU would",
        "6.12",
    ):
        assert text in said
    assert "ptelist check --kernel 6.12" in said
    assert "ptelist explain pte_list_desc.size --kernel 6.12 --vcpus 8" in said


@pytest.mark.parametrize("kernel", ["9.9", "6.1,6.12"])
def test_a_kernel_of_the_file_is_named_by_its_line(run: Run, kernel: str) -> None:
    write(scenarios=f'\nkernel = "{kernel}"\n{UNDER_TEST}')
    fails(run, "ptelist.toml:2: kernel: ")


def test_kernels_that_differ_are_told_apart_by_scenario(run: Run) -> None:
    kernels = ("5.10", "6.1", "6.6", "6.12", "6.18")
    tables = "".join(f'[scenario."{name}"]\nkernel = "{name}"\nvcpus = 8\n' for name in kernels)
    write('figure = "pte_list_desc.size"\nmax = 128', tables)
    assert "kernel: " not in run("check").stdout


def test_junit_is_read_back(run: Run) -> None:
    Path("ptelist.toml").write_text(THREE, encoding="utf-8")
    assert run("check", "--format", "junit", "-o", "out.xml").exit_code == 1
    document = junitparser.JUnitXml.fromfile("out.xml")
    assert [(suite.name, suite.tests, suite.failures, suite.errors) for suite in document] == [
        ("one", 2, 1, 0),
        ("two", 3, 1, 0),
    ]
    (failed, warned), (_, _, passed) = (list(suite) for suite in document)
    (failure,) = failed.result
    assert isinstance(failure, junitparser.Failure)
    assert "128" in failure.message
    assert '50%: a <b> & "c", d: e' in failure.text
    assert "$ ptelist explain pte_list_desc.size --vcpus 8" in failure.text
    assert warned.is_passed
    assert "warning: " in warned.system_out
    assert passed.is_passed
    assert (failed.classname, failed.name) == ("one", "pte_list_desc.size max")
    assert len({(case.classname, case.name) for suite in document for case in suite}) == 5


def github_unescaped(text: str) -> str:
    """As the runner does (actions/runner, ActionCommand): % last."""
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, char)
    return text


def test_a_report_that_cannot_be_written_leaves_no_summary(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by the fuzzer."""
    Path("ptelist.toml").write_text(THREE, encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    result = run("check", "--format", "github", "-o", "nowhere/report")
    assert result.exit_code == 2
    assert not Path("summary.md").exists()


def test_a_summary_that_cannot_be_written_leaves_no_report(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("ptelist.toml").write_text(THREE, encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "nowhere/summary.md")
    result = run("check", "--format", "github", "--report", "junit=j.xml")
    assert (result.exit_code, result.stdout) == (2, "")
    said = "ptelist: GITHUB_STEP_SUMMARY: nowhere/summary.md: cannot be written: No such file or directory\n"
    assert result.stderr == said
    assert not Path("j.xml").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", ["--init --kernel 6.18", "--dry-run --kernel 6.18 -o x", "--update --kernel 6.18"])
def test_a_full_stderr_is_no_failure_of_a_gate(words: str) -> None:
    if "--init" not in words:
        Path("ptelist.toml").write_text(f"{UNDER_TEST}{BUDGET}max = 200\n", encoding="utf-8")
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run([sys.executable, "-m", "ptelist", "check", *words.split()], stderr=full, check=False)
    assert done.returncode == 0


def test_github_annotations_and_summary(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("ptelist.toml").write_text(THREE, encoding="utf-8")
    Path("summary.md").write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    result = run("check", "--format", "github")
    commands = [re.fullmatch(r"::(error|warning|notice) (.*?)::(.*)", line) for line in result.stdout.splitlines()]
    assert [each[1] for each in commands if each] == ["error", "warning", "error", "warning", "notice"]
    assert all(commands)
    first = commands[0]
    assert first
    fields = dict(item.split("=", 1) for item in first[2].split(","))
    assert fields == {"file": "ptelist.toml", "line": "9", "title": "ptelist check%3A one%3A fail"}
    assert '50%: a <b> & "c", d: e\n' in github_unescaped(first[3])
    summary = Path("summary.md").read_text(encoding="utf-8")
    assert summary.startswith("before\n")
    assert "FAIL one: pte_list_desc.size 128 bytes (max = 127)" in summary
    assert run("check", "--format", "github", "--dry-run").stdout == result.stdout
    assert Path("summary.md").read_text(encoding="utf-8") == summary


def test_markdown_and_text_say_the_same(run: Run) -> None:
    Path("ptelist.toml").write_text(THREE, encoding="utf-8")
    text = run("check", columns=72).stdout
    assert max(map(len, text.splitlines())) <= 72
    assert "$ ptelist check" in text
    assert "2 fail, 2 warn, 1 pass" in text
    markdown = run("check", "--format", "markdown").stdout
    assert "| **" not in markdown
    assert "2 fail, 2 warn, 1 pass" in markdown


def test_several_reports_at_once(run: Run) -> None:
    write('figure = "pte_list_desc.size"\nmax = 128')
    words = ["--format", "ktap", "-o", "a.tap", "--format=junit", "--output=a.xml", "--format", "json"]
    result = run("check", *words)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["schema"] == "ptelist/1"
    assert Path("a.tap").read_text(encoding="utf-8") == run("check", "--format", "ktap").stdout
    assert Path("a.xml").read_text(encoding="utf-8") == run("check", "--format", "junit").stdout
    assert run("check", "-o", "a.txt").exit_code == 0
    assert "result: 1 pass" in Path("a.txt").read_text(encoding="utf-8")
    beside = run("check", "--report", "ktap=b.tap", "--report", "junit=b.xml")
    assert "result: 1 pass" in beside.stdout
    assert [Path(f"b.{end}").read_text(encoding="utf-8") for end in ("tap", "xml")] == [
        Path(f"a.{end}").read_text(encoding="utf-8") for end in ("tap", "xml")
    ]


@pytest.mark.parametrize(
    "words",
    [
        "--format ktap --format junit",
        "--format ktap -o x -o y",
        "--format ktap -o x --format junit -o ./x",
        "--report ktap=x --report junit=./x",
        "--report ktap=x -o x",
        "--report xml=x",
        "--report ktap",
        "--report ktap=",
        "--update --report ktap=x",
        "--init --update",
        "--init --format json",
        "--update -o x",
        "--format xml",
        "--vcpus 3",
    ],
)
def test_bad_usage_is_one_line(run: Run, words: str) -> None:
    write()
    fails(run, "", *words.split())
    assert [path.name for path in Path().iterdir()] == ["ptelist.toml"]


BUDGET = '[[budget]]\nfigure = "pte_list_desc.size"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "ptelist.toml: no scenario"),
        ("x = 1", "ptelist.toml:1: unknown key x"),
        ("baseline = 3", "ptelist.toml:1: baseline: expected text"),
        ("scenario = 3", "ptelist.toml:1: no scenario"),
        ("[scenario.one]\nvcpus = 8", "ptelist.toml: no budget"),
        ("[scenario.one]\nvcpu = 8\n", "ptelist.toml:2: scenario.one.vcpu: unknown option; did you mean vcpus"),
        ("[scenario.one]\nkernel-from = 'x'\n", "ptelist.toml:2: scenario.one.kernel-from: the build under test"),
        ("[scenario.one]\nvcpus = 1.5\n", "ptelist.toml:2: scenario.one.vcpus: expected a number"),
        (f"[scenario.one]\nvcpus = 0\n{BUDGET}max = 1", "ptelist.toml:2: scenario.one.vcpus: should be greater"),
        (f'[scenario.one]\nvcpus = "1,8"\n{BUDGET}max = 1', "ptelist.toml:1: scenario.one: makes 2 columns"),
        (
            f'[scenario.one]\npreset = "tpd"\n{BUDGET}max = 1',
            'ptelist.toml:1: scenario.one: no preset "tpd"; did you mean tdp',
        ),
        (f'{ONE}{BUDGET}max = "128 KB"', 'ptelist.toml:6: budget.max: "KB" is ambiguous'),
        (f'{ONE}{BUDGET}max = "1.3 B"', "not a whole number of bytes"),
        (f"{ONE}{BUDGET}max = 1.5", "ptelist.toml:6: budget.max: expected a whole number or a size"),
        (f"{ONE}{BUDGET}max = true", "budget.max: expected a whole number or a size"),
        (f"{ONE}{BUDGET}max = -1", "budget.max: should be 0 or more"),
        (f'{ONE}{BUDGET}max_growth = "-1 %"', "budget.max_growth: expected a percentage"),
        (f'{ONE}{BUDGET}max = "5 %"', "budget.max: expected a size"),
        (f"{ONE}{BUDGET}", "ptelist.toml:4: budget: no limit"),
        (f"{ONE}{BUDGET}max = 1\nmin = 1", "ptelist.toml:7: budget.min: unknown field; known: exact, figure, max,"),
        (f"{ONE}[[budget]]\nmax = 1", "ptelist.toml:4: budget.figure: is missing"),
        (f'{ONE}{BUDGET}max = 1\nseverity = "bad"', "budget.severity: should be 'fail' or 'warn'"),
        (f'{ONE}{BUDGET}max = 1\nmessage = "a\\nb"', "ptelist.toml:7: budget.message: "),
        (
            f'{ONE}{BUDGET}max = 1\nscenario = "on"',
            "ptelist.toml:7: budget.scenario: none is called on; did you mean one",
        ),
        (
            f"{ONE}{BUDGET}max = 1\n{BUDGET}max = 2",
            "ptelist.toml:9: max of pte_list_desc.size in one is given twice (ptelist.toml:6)",
        ),
        (f"{ONE}{BUDGET}max = 1\nexact = 2", "contradicts the other limit: exactly 2 is more than at most 1"),
        (f'{ONE}{BUDGET}max = 1\n{BUDGET}max = 1\nseverity = "warn"', "contradicts the other severity"),
        (
            f'{ONE}[[budget]]\nfigure = "pte_list_desc.siz"\nmax = 1',
            'ptelist.toml:6: budget.figure: no figure "pte_list_desc.siz"; did you mean pte_list_desc.size',
        ),
        (
            f'{ONE}[[budget]]\nfigure = "pte_list_desc.objects"\nmax = "1 KiB"',
            "ptelist.toml:6: budget.max: pte_list_desc.objects is in objects",
        ),
        (f'{ONE}{BUDGET}exact = "baseline"', "ptelist-baseline.json: does not exist, exact at ptelist.toml:6"),
        ("\n[scenario]\nx = \n", "ptelist.toml:3: not valid TOML"),
    ],
)
def test_bad_files_are_named_by_line_and_field(run: Run, text: str, message: str) -> None:
    Path("ptelist.toml").write_text(text, encoding="utf-8")
    fails(run, message)
    assert [path.name for path in Path().iterdir()] == ["ptelist.toml"]


def damaged(scenarios: str, layouts: str = "{}") -> str:
    """Return a baseline of these scenarios and layouts."""
    return f'{{"schema": "ptelist-baseline/1", "version": "1", "scenarios": {scenarios}, "layouts": {layouts}}}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"schema": "ptelist-baseline/2"}', "schema: ptelist-baseline/2, this ptelist reads ptelist-baseline/1"),
        ('{"schema": "ptelist/1"}', 'schema: expected "ptelist-baseline/1"'),
        ("[]", "schema: expected"),
        ("{\n<<<<<<< ours\n", "ptelist-baseline.json:2: not valid JSON"),
        ('{"schema": "ptelist-baseline/1"}', "damaged: version: is missing"),
        ('{"schema": "ptelist-baseline/1", "version": "1", "layouts": {}}', "damaged: scenarios: is missing"),
        (damaged('{"one": 3}'), "damaged: scenarios.one: should be"),
        (damaged('{"one": {"inputs": {}, "figures": {}}}'), "damaged: scenarios.one.assumptions: is missing"),
        *(
            (
                damaged(f'{{"one": {{"inputs": {{}}, "figures": {{"a": {value}}}}}}}'),
                "damaged: scenarios.one.figures.a: expected a whole number, or [low, high], got ",
            )
            for value in (
                '"b"',
                "true",
                "[false, true]",
                "-1",
                "[2, 1]",
                "[1]",
                "[1, 2, 3]",
                '[1, "2", 3]',
                "1.5",
                "null",
                "{}",
            )
        ),
        (
            damaged("{}", '{"kvm_mmu_page": {"role": ["8"]}}'),
            "damaged: layouts.kvm_mmu_page: role: expected offset",
        ),
        *(
            (damaged("{}", f'{{"kvm_mmu_page": {members}}}'), f"damaged: layouts.kvm_mmu_page: {wrong}")
            for members, wrong in (
                ('{"sizeof": [8, 8]}', "sizeof: expected the size in bytes, got [8, 8]"),
                ('{"sizeof": [8], "role": [64]}', "role: expected offset and width in bits, got [64]"),
                ('{"sizeof": [8], "role": [0, 8, 8]}', "role: expected offset and width in bits, got [0, 8, 8]"),
                ('{"sizeof": [8], "role": [0, -8]}', "role: expected offset and width in bits, got [0, -8]"),
                ('{"role": [0, 64]}', "sizeof: is missing"),
            )
        ),
        ("[" * 100_000, "not valid JSON"),
        ("1" * 10_000, "not valid JSON"),
    ],
)
@pytest.mark.parametrize("flags", [[], ["--update"]])
def test_baselines_that_cannot_be_read_are_kept(run: Run, text: str, message: str, flags: list[str]) -> None:
    """Also by --update: another version's file, or anything else, is nobody's to overwrite."""
    write()
    Path("ptelist-baseline.json").write_text(text, encoding="utf-8")
    fails(run, message, *flags)
    assert Path("ptelist-baseline.json").read_text(encoding="utf-8") == text


def test_an_interrupted_write_leaves_the_old_baseline_whole(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write()
    assert run("check", "--update").exit_code == 0
    old = Path("ptelist-baseline.json").read_bytes()
    write(scenarios=f"{ONE}\n[scenario.two]\nvcpus = 2\n")

    def interrupted(*_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    assert run("check", "--update").exit_code == 130
    assert Path("ptelist-baseline.json").read_bytes() == old
    assert sorted(path.name for path in Path().iterdir()) == ["ptelist-baseline.json", "ptelist.toml"]


def update(vcpus: int) -> None:
    with pytest.raises(SystemExit):
        main(["check", f"{vcpus}.toml", "--update", "--baseline", "b.json"])


def test_two_updates_at_once_leave_one_whole_baseline(run: Run) -> None:
    for vcpus in (1, 2):
        Path(f"{vcpus}.toml").write_text(f"[scenario.one]\nvcpus = {vcpus}\n{BUDGET}max_growth = 0\n", encoding="utf-8")
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(update, [1, 2] * 4)
    codes = sorted(run("check", f"{vcpus}.toml", "--baseline", "b.json").exit_code for vcpus in (1, 2))
    assert codes == [0, 2], "one of the two, whole"
    assert sorted(path.name for path in Path().iterdir()) == ["1.toml", "2.toml", "b.json"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder_is_named(run: Run, here: Path) -> None:
    write()
    here.chmod(0o500)
    fails(run, "ptelist-baseline.json: cannot be written: Permission denied", "--update")


def test_budgets_of_stdin_name_the_baseline_that_is_written(here: Path) -> None:
    text = f'{ONE}\n[[budget]]\nfigure = "pte_list_desc.size"\nmax = {SIZE}\n'
    result = CliRunner().invoke(main, ["check", "-", "--update"], input=text)
    assert (result.exit_code, result.stderr.count("--baseline")) == (2, 1)
    assert not list(here.iterdir())
    told = CliRunner().invoke(main, ["check", "-", "--update", "--baseline", "b.json"], input=text)
    assert (told.exit_code, [path.name for path in here.iterdir()]) == (0, ["b.json"])


def test_a_folder_that_cannot_be_written_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write()

    def refused(*_: object, **_more: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "mkstemp", refused)
    fails(run, "ptelist-baseline.json: cannot be written: Read-only file system", "--update")


def test_files_beside_the_budgets_are_meant_from_there(run: Run) -> None:
    Path("ci").mkdir()
    Path("ci/mine.toml").write_text('extends = "6.18"\n[kernel]\ncache_capacity = 50\n', encoding="utf-8")
    Path("ci/gate.toml").write_text(
        f'baseline = "b.json"\n[scenario.one]\nkernel = "mine.toml"\nvcpus = 1\n{BUDGET}max_growth = 0\n',
        encoding="utf-8",
    )
    assert run("check", "ci/gate.toml", "--update").exit_code == 0
    assert Path("ci/b.json").exists()
    assert run("check", "ci/gate.toml").exit_code == 0


def test_a_scenario_keeps_the_kernel_that_it_names(run: Run) -> None:
    write('figure = "pte_list_desc.ext"\nmax = 14', f"{ONE}\n[scenario.two]\nvcpus = 2\n")
    found = findings(run("check", "--kernel", "5.10", "--format", "json"))
    assert [each["after"]["low"] for each in found] == [14, 3]
    write()
    fails(run, "every scenario names its own kernel", "--kernel", "5.10")
    write(scenarios=UNDER_TEST)
    fails(run, "one kernel at a time", "--kernel", "5.10,6.1")


@given(
    st.dictionaries(
        st.from_regex(r"\A[a-z]{1,5}\Z"), st.tuples(st.integers(0, 1 << 60), st.integers(0, 9)), min_size=1
    ),
    st.sampled_from(["a", "b.c"]),
)
def test_baselines_read_back(tmp_path_factory: pytest.TempPathFactory, figures: dict[str, Any], name: str) -> None:
    entry = baselines.Entry(
        inputs={"kernel.x": 1, "vms.0.name": "a", "kernel.y": None},
        figures={figure: Interval(low, low + width) for figure, (low, width) in figures.items()},
        assumptions=("kernel: x",),
    )
    layouts = {"s": {"sizeof": (8,), "m": (0, 64)}}
    found = baselines.Baseline(version="1.2.3", scenarios={name: entry}, layouts=layouts)
    path = tmp_path_factory.mktemp("b") / "f"
    path.write_text(baselines.render(found), encoding="utf-8")
    assert baselines.read(str(path)) == found._replace(label=str(path))


@given(st.text(max_size=200))
def test_any_file_ends_in_a_gate_or_one_line(text: str) -> None:
    with one_line():
        budgets.parse(text, "f")


def test_only_what_a_figure_rests_on_is_named(run: Run) -> None:
    write(
        'figure = ["pte_list_desc.objects", "kvm_mmu_page_header.size", "mmu.bytes.total"]\nmax_growth = 0', UNDER_TEST
    )
    Path("both.toml").write_text(
        'extends = "6.18"\n[kernel]\ncache_capacity = 41\nkvm_mmu_page_bytes = 192\n', encoding="utf-8"
    )
    assert run("check", "--update", "--kernel", "6.18").exit_code == 0
    objects, size, whole = findings(run("check", "--kernel", "both.toml", "--format", "json"))
    capacity, page = (
        "kernel.cache_capacity 40 -> 41 (both.toml:3)",
        "kernel.kvm_mmu_page_bytes 184 -> 192 (both.toml:4)",
    )
    assert (objects["why"], size["why"]) == ([capacity], [page])
    assert sorted(whole["why"]) == [capacity, page]
    assert objects["most"] == objects["before"]["high"] == objects["after"]["low"] - 256


def test_inputs_of_one_source_and_one_value_are_told_apart(run: Run) -> None:
    """A build says of many fields that they are from the same place; a figure rests on some of them only."""
    write('figure = ["pte_list_desc.objects", "kvm_mmu_page_header.objects"]\nmax_growth = 0', UNDER_TEST)
    Path("place.toml").write_text(
        'extends = "6.18"\nsource = "one place"\n[kernel]\ncache_capacity = 48\nkvm_mmu_page_bytes = 48\n',
        encoding="utf-8",
    )
    assert run("check", "--update", "--kernel", "6.18").exit_code == 0
    for found in findings(run("check", "--kernel", "place.toml", "--format", "json")):
        assert found["why"] == ["kernel.cache_capacity 40 -> 48 (one place)"]


def test_an_input_that_is_no_number_is_named(run: Run) -> None:
    """Where lists live is text: with the walk policy, entries that were removed leave descriptors behind."""
    write(
        'figure = "pte_list_desc.objects"\nmax_growth = 0',
        f'{UNDER_TEST}vm = "shadow"\nhistory = "any"\nrmaps = "1000x50"\n',
    )
    Path("walk.toml").write_text('extends = "6.18"\n[kernel]\nlist_policy = "walk"\n', encoding="utf-8")
    Path("split.toml").write_text(
        'extends = "6.18"\n[kernel]\nlist_policy = "walk"\nsplit_caches = false\n', encoding="utf-8"
    )
    assert run("check", "--update", "--kernel", "6.18").exit_code == 0
    (found,) = findings(run("check", "--kernel", "walk.toml", "--format", "json"))
    assert found["why"] == ["kernel.list_policy head -> walk (walk.toml:3)"]
    (found,) = findings(run("check", "--kernel", "split.toml", "--format", "json"))
    assert found["why"] == ["kernel.list_policy head -> walk (split.toml:3)"], "nothing is in split caches here"


def test_what_moves_a_figure_most_is_told_first(run: Run) -> None:
    """Also a switch, of which no number of the figure is made: without the TDP MMU memslots have rmap heads."""
    write('figure = "mmu.bytes.total"\nmax_growth = 0', f'{UNDER_TEST}memory = "64GiB"\n')
    fields = "pte_list_ext = 3\ncache_capacity = 41\ntdp_mmu_default = false\nkvm_mmu_page_bytes = 192\n"
    Path("own.toml").write_text(f'extends = "6.18"\n[kernel]\n{fields}', encoding="utf-8")
    assert run("check", "--update", "--kernel", "6.18").exit_code == 0
    (found,) = findings(run("check", "--kernel", "own.toml", "--format", "json"))
    alone = {}
    for line in fields.splitlines():
        field, _, value = line.partition(" = ")
        words = ("compare", "--vcpus", "256", "--memory", "64GiB", "--kernel", "6.18", "--figure", "mmu.bytes.total")
        of_field = json.loads(run(*words, "--set", f"kernel.{field}={value}", "--format", "json").stdout)
        known = json.loads(run(*words, "--format", "json").stdout)
        ends = [each["configs"][0]["figures"]["mmu.bytes.total"] for each in (of_field, known)]
        alone[field] = abs(ends[0]["high"] - ends[1]["high"])
    order = sorted((field for field in alone if alone[field]), key=lambda field: -alone[field])
    assert [each.split()[0] for each in found["why"]] == [f"kernel.{field}" for field in order]
    assert order[0] == "tdp_mmu_default"


DESC = {"sizeof": (128,), "count": (64, 32), "flag": (96, 1), "same": (0, 64)}


def test_a_figure_that_did_not_move_has_no_cause(run: Run) -> None:
    write('figure = "pte_list_desc.size"\nmax = 127')
    assert run("check", "--update").exit_code == 0
    (found,) = findings(run("check", "--format", "json"))
    assert (found["status"], found["delta"], found["why"], found["moved"]) == ("fail", 0, [], [])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, []),
        ({"same": (64, 64)}, []),
        ({"count": (64, 64)}, ["count grew 4 bytes -> 8 bytes"]),
        ({"count": (64, 16)}, ["count shrank 4 bytes -> 2 bytes"]),
        ({"flag": (96, 3)}, ["flag grew 1 bits -> 3 bits"]),
        ({"more": (128, 8)}, ["more was added (1 bytes)"]),
        ({"count": None}, ["count is gone (4 bytes)"]),
        ({"sizeof": (136,)}, ["sizeof 128 -> 136 bytes"]),
    ],
)
def test_a_struct_is_told_by_its_members(change: dict[str, Any], told: list[str]) -> None:
    after = {name: place for name, place in (DESC | change).items() if place}
    assert list(causes._members(DESC, after)) == told


def test_limits_that_can_both_be_meant_are_taken(run: Run) -> None:
    """A warning before the failure, in either order; an exact value that is the most; percent beside bytes."""
    warn, fail = 'max = 128\nseverity = "warn"', "max = 129"
    for first, second in ((warn, fail), (fail, warn)):
        write(f"{BUDGET}{first}\n{BUDGET}{second}\n{BUDGET}exact = 128".removeprefix("[[budget]]\n"))
        assert statuses(run) == (0, ["pass"] * 3)
    write('figure = "pte_list_desc.size"\nmax_growth = 9\n\n' + f'{BUDGET}max_growth = "1 %"\nseverity = "warn"')
    assert run("check", "--update").exit_code == 0
    write('figure = "pte_list_desc.size"\nmax_growth = "1 %"\n\n' + f'{BUDGET}max_growth = 9\nseverity = "warn"')
    assert statuses(run) == (0, ["pass", "pass"])
    write('figure = "pte_list_desc.size"\nmax = "128 B"\n\n' + f'{BUDGET}max = 128\nseverity = "warn"')
    fails(run, "contradicts the other severity: warning at 128 and failing at 128 B")
    for growth in (9, 8):
        write(f'figure = "pte_list_desc.size"\nmax_growth = 9\n{BUDGET}max_growth = {growth}\nseverity = "warn"')
        if growth == 8:
            assert statuses(run) == (0, ["pass", "pass"])
        else:
            fails(run, "contradicts the other severity: warning at 9 and failing at 9")


def test_a_maximum_needs_its_entry_once_there_is_a_baseline(run: Run) -> None:
    write('figure = "pte_list_desc.size"\nmax = 128', "[scenario.other]\nvcpus = 8\n")
    assert run("check", "--update").exit_code == 0
    write('figure = "pte_list_desc.size"\nmax = 128')
    code, found = statuses(run)
    assert (code, found) == (2, ["new", "removed"])


def test_an_update_says_what_it_changes(run: Run) -> None:
    write(scenarios=f"{ONE}\n[scenario.two]\nvcpus = 2\n")
    assert run("check", "--update").stdout == "".join(
        f"ptelist-baseline.json: {name}: new, {len(ledger())} figures\n" for name in ("one", "two")
    )
    rebase("pte_list_desc.size", 1)
    rebase("mmu.bytes.total", 1)
    write()
    said = f"ptelist-baseline.json: one: 2 of {len(ledger())} figures changed"
    gone = "ptelist-baseline.json: two: removed"
    assert run("check", "--update", "--dry-run").stdout == f"{said} (not written)\n{gone} (not written)\n"
    assert run("check", "--update").stdout == f"{said}\n{gone}\n"


def test_an_input_that_only_one_side_has_makes_an_entry_stale(run: Run) -> None:
    write()
    assert run("check", "--update").exit_code == 0
    path = Path("ptelist-baseline.json")
    data = json.loads(path.read_text(encoding="utf-8"))
    del data["scenarios"]["one"]["inputs"]["vms.0.vcpus"]
    path.write_text(json.dumps(data), encoding="utf-8")
    fails(run, "one: stale: vms.0.vcpus was none, is 8")


def test_each_value_of_a_baseline_is_on_a_line_of_its_own(run: Run) -> None:
    write()
    assert run("check", "--update").exit_code == 0
    lines = Path("ptelist-baseline.json").read_text(encoding="utf-8").splitlines()
    assert '        "pte_list_desc.size": 128,' in lines
    assert '        "vms.0.vcpus": 8' in "\n".join(lines)
    assert '        "kernel.cache_capacity": 40,' in lines


def test_the_projects_own_gate_passes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    code, found = statuses(run, ".ci/ptelist.toml")
    assert (code, set(found)) == (0, {"pass"})
