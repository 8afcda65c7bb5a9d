"""The command below a result gives the same result again, pasted into a shell, whatever was typed."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st
from odd_texts import HOSTILE

from ptelist.cli import main
from ptelist.output import plain
from ptelist.output.command_line import command_line, line, words

if TYPE_CHECKING:
    from pathlib import Path


TYPED = st.text(st.characters(exclude_characters="\0", max_codepoint=0xD7FF) | st.sampled_from("'\"\\$` \n-%!#\udcff"))
"""What a shell may hand over: anything but NUL, and bytes that are no UTF-8 as Python spells them."""
SHELLS = ("sh", "bash")
ASKED = """ptelist() { printf '%s\\0' "$@"; }; """


def heard(command: str, shell: str = "sh") -> list[str]:
    """Return the words that a shell makes of a command."""
    done = subprocess.run([shell, "-c", ASKED + command], capture_output=True, check=True)
    return [os.fsdecode(word) for word in done.stdout.split(b"\0")[:-1]]


@given(st.lists(TYPED.filter(bool), min_size=1, max_size=6), st.integers(20, 100))
@example(["a\n", "\n\n", "a\udcff b\n"], 20)
@example([*HOSTILE[:4], "'", '"', "a'b\"c\u0301"], 72)
def test_a_shell_takes_the_words_apart_again(said: list[str], width: int) -> None:
    command = line(said)
    assert command.isascii()
    assert command.isprintable()
    assert heard(command) == said
    folded = plain.command(command, width)
    assert heard(folded.removeprefix("$ ")) == said
    if all(word.isascii() and word.isprintable() for word in said):
        assert shlex.split(command) == ["ptelist", *said]


@pytest.mark.parametrize("shell", SHELLS)
def test_hostile_words(shell: str) -> None:
    said = [text for text in HOSTILE if "\0" not in text and "\ud800" not in text]
    assert heard(line(said), shell) == said


def test_a_value_that_looks_like_an_option() -> None:
    assert words([("explain", "--nested"), ("slub-debug", "-")]) == ["--explain=--nested", "--slub-debug", "-"]
    assert command_line("fleet", ("x.csv",), [("by", "a b")]) == "ptelist fleet x.csv --by 'a b'"


def printed(form: str, command: str, *said: str) -> str:
    result = CliRunner().invoke(main, [command, "--format", form, *said])
    assert result.exit_code == 0, result.output
    return result.stdout


def again(*said: str) -> None:
    """Run a command in text and data, and what a shell makes of the command that each prints."""
    first = printed("json", *said)
    command = json.loads(first)["command"]
    assert printed("json", *heard(command)) == first
    assert heard(printed("mail", *said).rpartition("\n$ ")[2]) == heard(command)
    assert re.findall(r"^\$ (.*)$", printed("markdown", *said), re.MULTILINE) == [command]


NAMES = (
    "it's.toml",
    'a"b.toml',
    "two\nlines.toml",
    "end\n",
    "$(x).toml",
    "no utf-8 \udcff.toml",
    "-x.toml",
    "--nested.toml",
)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_file_of_an_odd_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    with open(name, "w", encoding="ascii") as file:  # noqa: PTH123 -- as it is typed
        file.write("[vm]\nvcpus = 3\n")
    again("compare", "--", name if name.startswith("-") else f"./{name}")
    with open(name, "w", encoding="ascii") as file:  # noqa: PTH123 -- as above
        file.write("host,kernel,cpus,vcpus,-s\na,6.18,8,4,1\n")
    again("fleet", "--by", "-s", "--", name)
    again("fleet", "--explain", "a", "--", name)


ODD_BUT_MEANT = (
    ("--memory", "4 GiB"),
    ("--memory", " 4GiB "),
    ("--vcpus", "2,  4"),
    ("--vcpus", "1..4\n"),
    ("--nested", "on,off"),
    ("--nested=off",),
    ("--no-nested",),
    ("--set", "kernel.slub_fractions=[16, 8, 4]"),
    ("--set", "kernel.tree='it is \"mine\"'"),
    ("--set", 'kernel.tree="a\\u001b\\"b<c"'),
    ("--slub-debug", "-"),
    ("--kernel", "6.18 "),
)


@pytest.mark.parametrize("said", ODD_BUT_MEANT, ids=repr)
def test_an_odd_value_that_is_taken_is_told_so_that_it_is_taken_again(said: tuple[str, ...]) -> None:
    again("compare", *said)
