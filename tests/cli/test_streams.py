"""stdout and stderr that take nothing: exit code 2, or 141 for a pipe, and one line, for all commands and formats."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import forks
import pytest
from exploring import sampled
from forks import Case, Done
from machines import WHOLE, Fake

from ptelist.cli import COMMANDS, main
from ptelist.readers.host.snapshot import take

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parents[1] / "data"
WORKING = {
    "compare": "--ext 2,14",
    "sweep": "--vcpus 1..4*2",
    "sensitivity": "--vcpus 2 --figure pte_list_desc.size",
    "best": "nested --rmaps 10x3 --ext 2..4",
    "where": "",
    "history": "--kernel 6.12,6.18",
    "show": "",
    "explain": "pte_list_desc.slabs",
    "observe": "./saved.txt",
    "inspect": f"{DATA}/btf/6.18 --kernel 6.18",
    "rmaps": "./histogram --kernel 6.18",
    "replay": "./operations",
    "check": "./budgets.toml",
    "patch": f"--before {DATA}/btf/6.18 --after {DATA}/btf/6.18-grown --kernel 6.18",
    "fleet": "./hosts.csv --by site --processes 1",
    "figures": "'*.slabs'",
    "help": "formats",
    "presets list": "",
    "presets show": "6.18",
    "presets path": "",
    "presets validate": "./mine.toml",
    "collect-script": "",
    "completion": "bash",
}
"""A command line of each command that ends in exit code 0."""
SCREENS = frozenset(("explore",))
"""Commands that print nothing: they have a screen (tests/explore)."""


def formats(command: click.Command) -> Iterator[str]:
    for param in command.params:
        if param.name in {"format_", "formats"}:
            assert isinstance(param.type, click.Choice)
            yield from param.type.choices


def lines() -> Iterator[tuple[str, ...]]:
    """Yield a command line for each command and format, and what click itself writes."""
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command
        below = command.commands if isinstance(command, click.Group) else {"": command}
        yield name, "--help"
        for each, declared in below.items() if name not in SCREENS else ():
            words = (*f"{name} {each}".split(), *WORKING[f"{name} {each}".strip()].replace("'", "").split())
            yield words
            yield from ((*words, "--format", form) for form in formats(declared))
    yield ("--version",)
    yield ("--help",)


LINES = tuple(lines())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with the files that the command lines name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    Path("saved.txt").write_text(take(Fake(WHOLE)).render(), encoding="utf-8")
    Path("histogram").write_bytes((DATA / "rmaps" / "3bcd0662d66f").read_bytes())
    Path("operations").write_text("add a 1\nmark m\xfcnchen\nadd a 2\n", encoding="utf-8")
    Path("mine.toml").write_text('title = "m\xfcnchen"\n[vm]\nvcpus = 2\n', encoding="utf-8")
    Path("hosts.csv").write_text("host,kernel,cpus,vcpus,site\na,6.18,8,4,m\xfcnchen\n", encoding="utf-8")
    Path("budgets.toml").write_text(
        '[scenario.one]\nvcpus = 1\n[[budget]]\nfigure = "pte_list_desc.size"\nmax = 128\nmessage = "m\xfcnchen"\n',
        encoding="utf-8",
    )
    return tmp_path


def done(cases: list[Case]) -> list[tuple[Case, Done]]:
    """Run all of them in one process of its own, which forks."""
    told = subprocess.run(
        [sys.executable, forks.__file__], input=json.dumps(cases), capture_output=True, encoding="utf-8", check=True
    )
    return [(case, Done(*each)) for case, each in zip(cases, json.loads(told.stdout), strict=True)]


def one_line(said: str) -> bool:
    return said.startswith("ptelist: ") and said.count("\n") == 1 and said.endswith("\n") and "internal" not in said


@pytest.mark.usefixtures("here")
def test_a_stdout_that_takes_nothing() -> None:
    """In one process, or loading everything would take longer than the test."""
    short = [words for words in LINES if "--format" not in words]
    kinds = ("full", "closed", "pipe")
    full = [
        *(Case(list(words), kind) for words in short for kind in kinds),
        *sampled([Case(list(words), kinds[number % 3]) for number, words in enumerate(LINES) if words not in short], 2),
        *sampled([Case(list(words), kind, buffered=False) for words in short for kind in ("full", "pipe")], 3),
    ]
    narrow = [words for words in LINES if words[0] == "fleet" or words in short]
    ascii_only = [Case(list(words), "file", encoding="ascii") for words in narrow]
    ascii_only += sampled([Case(list(words), "file", encoding="ascii") for words in LINES if words not in narrow], 3)
    told = done(full + ascii_only)
    bad = []
    refused = set()
    for case, each in told:
        expected = 141 if case.stdout == "pipe" else 0 if case.stdout == "file" and each.written else 2
        if each.code != expected or (one_line(each.said) if expected == 2 else not each.said) is False:
            bad.append((case, each))
        if case.stdout == "file" and not each.written:
            refused.add(" ".join(case.words))
    assert bad == []
    fleet = f"fleet {WORKING['fleet']}"
    assert refused == {f"{fleet} --format {form}" for form in ("csv", "markdown")}, "what people read has escapes"


WRONG = [("compare", "--ext", "1"), ("frobnicate",), ("check", "nothere.toml"), ("compare", "--format"), ()]


@pytest.mark.usefixtures("here")
def test_a_stderr_that_takes_nothing_changes_no_exit_code() -> None:
    """Nor does a stdout that takes nothing either, whatever is wrong."""
    kinds = ("full", "closed")
    cases = [Case(list(words), "file", stderr=stderr) for words in WRONG for stderr in kinds]
    either = (*WRONG, ("compare",), ("--help",), ("help",))
    cases += [Case(list(words), out, stderr=err) for words in either for out in kinds for err in kinds]
    assert [(case, each) for case, each in done(cases) if each.code != 2] == []
    cases = [Case(["compare"], "file", stderr=stderr) for stderr in kinds]
    assert [each.code for _, each in done(cases)] == [0, 0]
