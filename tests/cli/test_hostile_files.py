"""Files that hold control characters, given to all commands that show what they say: none is printed, anywhere."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import btf_writer
import pytest
from machines import WHOLE, Fake

from ptelist.output.toml_values import toml
from ptelist.readers.host.snapshot import take

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.testing import Result

    Run = Callable[..., Result]

HOSTILE = "a\x1b]0;taken\x07\x1b[31m\x9b\u202e\u2028 \x7f b"
NAME = "x\x1b[31m\x07\n\udcff\u202e"
"""Of a file, as a shell may hand it over."""

MESSAGE = "\x9b31m \u202e \u2028"
"""As hostile as a file of budgets takes it."""

SHOWN = ("mail", "terminal", "markdown", "csv", "json")


def unsafe(result: Result) -> set[str]:
    """Return what a command printed that a terminal would do more with than show; rich's colours aside."""
    shown = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout) + result.stderr
    return {each for each in shown if unicodedata.category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {"\n"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


def shown(run: Run, formats: tuple[str, ...], *words: str) -> Iterator[Result]:
    """Run a command in all formats; it must work, or what it prints would not be looked at."""
    for form in formats:
        result = run(words[0], *words[1:2], "--format", form, *words[2:])
        assert result.exit_code in {0, 1}, result.output
        assert result.stdout
        yield result


def assert_safe(run: Run, *words: str, formats: tuple[str, ...] = SHOWN) -> None:
    for result in shown(run, formats, *words):
        assert unsafe(result) == set(), result.output


@pytest.mark.parametrize("name", ["./hostile.toml", f"./{NAME}.toml"], ids=ascii)
def test_a_preset(run: Run, name: str) -> None:
    sourced = {"value": 3, "source": HOSTILE}
    Path(name).write_text(f"title = {toml(HOSTILE)}\n[vm]\nvcpus = {toml(sourced)}\n", encoding="utf-8")
    for command in ("compare", "show", "where", "history"):
        assert_safe(run, command, name, "--assumptions")
    assert_safe(run, "sweep", name, "--ext", "2,14", formats=(*SHOWN, "svg"))
    assert_safe(run, "sensitivity", name, "--figure", "pte_list_desc.size", formats=(*SHOWN, "svg"))
    assert_safe(
        run, "explain", "mmu.bytes.total", name, "--depth", "all", formats=("mail", "terminal", "markdown", "json")
    )
    assert_safe(run, "explain", "mmu.bytes.total", name, "6.18", formats=("mail", "terminal", "markdown", "json"))
    for words in (("show", name), ("path", name), ("validate", name)):
        result = run("presets", *words)
        assert result.exit_code == 0
        assert unsafe(result) == set()


WRONG = (
    f"{toml(HOSTILE)} = 3\n",
    f"[vm]\n{toml(HOSTILE)} = 3\n",
    f"[vm]\nvcpus = {toml(HOSTILE)}\n",
    f"[vm]\nvcpus = {{ value = 3, {toml(HOSTILE)} = 4 }}\n",
    f"[kernel]\ntree = {toml(HOSTILE)}\n",
    f"extends = {toml(HOSTILE)}\n",
    f"[{toml(HOSTILE)}]\n",
    HOSTILE,
)


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_is_wrong_with_a_preset(run: Run, number: int) -> None:
    name = f"./{number}{NAME}.toml"  # a file is read once
    Path(name).write_text(WRONG[number], encoding="utf-8")
    assert unsafe(run("presets", "show", name)) == set()
    for words in (("compare",), ("presets", "validate"), ("check",), ("observe",), ("rmaps",)):
        result = run(*words, name)
        assert (result.exit_code, result.stderr.count("\n"), result.stdout) == (2, 1, "")
        assert unsafe(result) == set()
        assert "internal error" not in result.stderr
        assert "pattern" not in result.stderr


@pytest.mark.parametrize(
    "words", [("--vcpus", HOSTILE), (HOSTILE,), ("--figure", HOSTILE), ("--set", HOSTILE), (NAME,)], ids=ascii
)
def test_what_is_wrong_with_what_is_typed(run: Run, words: tuple[str, ...]) -> None:
    result = run("compare", *words)
    assert (result.exit_code, result.stderr.count("\n"), unsafe(result)) == (2, 1, set())
    assert unsafe(run(HOSTILE)) == set()


def test_an_inventory(run: Run) -> None:
    head = HOSTILE.replace(" b", "")
    Path(f"{NAME}.csv").write_text(
        f"host,kernel,cpus,vcpus,{head}\nh,6.18,8,4,x\n{head},6.18,8,4,x\n", encoding="utf-8"
    )
    for words in (("--by", head), ("--by", "kernel"), ("--explain", "h")):
        assert unsafe(run("fleet", f"{NAME}.csv", *words)) == set()
        formats = tuple(form for form in SHOWN if form != "csv" or words[0] != "--explain")
        assert_safe(run, "fleet", f"{NAME}.csv", "--processes", "1", *words, "--keep-going", formats=formats)
    Path("lines.jsonl").write_text(
        json.dumps({"host": NAME, "kernel": "6.18", "cpus": 8, "vcpus": 4, NAME: NAME}) + "\n", encoding="utf-8"
    )
    result = run("fleet", "lines.jsonl", "--processes", "1")
    assert unsafe(result) == set()


def test_a_trace(run: Run) -> None:
    Path(NAME).write_text(f"add a{HOSTILE.replace(' ', '')} 1\nmark {HOSTILE}\nadd a 2\n", encoding="utf-8")
    assert_safe(run, "replay", f"./{NAME}")
    Path("steps").write_text(f"run 0 0\ntouch 0 0 4096\nmark {HOSTILE}\n", encoding="utf-8")
    assert_safe(run, "replay", "./steps")


def test_a_build(run: Run) -> None:
    types = btf_writer.kernel()
    data = types.blob().replace(b"more", b"m\x1b\x07e").replace(b"spte_count", b"spt\x1b[31\x9bnt")
    Path(NAME).write_bytes(data)
    assert data != types.blob()
    assert_safe(run, "inspect", f"./{NAME}", "--kernel", "6.18")
    Path("other").write_bytes(types.blob())
    assert_safe(run, "inspect", "--diff", f"./{NAME}", "other", "--kernel", "6.18")


def test_an_observation(run: Run) -> None:
    text = take(Fake(WHOLE)).render()
    Path(NAME).write_text(text.replace("kvm_mmu_page_header", f"kvm{HOSTILE}", 1), encoding="utf-8")
    result = run("observe", f"./{NAME}")
    assert unsafe(result) == set()


def test_a_gate(run: Run) -> None:
    Path("ptelist.toml").write_text(
        "[scenario.one]\nvcpus = 8\n[[budget]]\nfigure = 'pte_list_desc.size'\nmax_growth = 0\n"
        f"message = {toml(MESSAGE)}\n",
        encoding="utf-8",
    )
    assert run("check", "--update").exit_code == 0
    baseline = Path("ptelist-baseline.json")
    whole = json.loads(baseline.read_text(encoding="utf-8"))
    whole["scenarios"][MESSAGE] = whole["scenarios"]["one"]
    whole["version"] = MESSAGE
    baseline.write_text(json.dumps(whole), encoding="utf-8")
    for form in ("text", "json", "markdown", "ktap", "junit", "github"):
        result = run("check", "--format", form)
        assert result.stdout, result.stderr
        assert unsafe(result) == set()
    Path(NAME).write_text(baseline.read_text(encoding="utf-8"), encoding="utf-8")
    assert unsafe(run("check", "--baseline", NAME)) == set()
    result = run("check", "--baseline", NAME, "--update")
    assert unsafe(result) == set()
    assert Path(NAME).exists()
