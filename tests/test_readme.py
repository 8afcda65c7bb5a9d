"""The README's commands print what it shows, and its answer says what they print.

`pytest --update-golden` writes the outputs anew.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from kernel import summary

from ptelist.axes import AXES
from ptelist.cli import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from click.testing import Result

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"```console( output)?\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"\$ ((?:.*\\\n)*.*\n)")
NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+|\d+\.\d%")


FILE = re.compile(r"(<!-- file (\S+) -->\n).*?(<!-- /file -->\n)", re.DOTALL)
OVER_BUDGET = 1
TABLE = re.compile(r"(<!-- kernels -->\n).*?(<!-- /kernels -->\n)", re.DOTALL)


def words(command: str) -> list[str]:
    return shlex.split(command.replace("\\\n", ""), comments=True)


def refreshed(run: Callable[..., Result], block: re.Match[str]) -> str:
    """Return a block anew: one command and its output, or commands alone, which are only run."""
    commands = COMMAND.findall(block[2])
    if block[1]:
        result = run(*words(commands[0])[1:])
        assert result.exit_code in {0, OVER_BUDGET if "ptelist check" in commands[0] else 0}, commands[0]
        return f"```console output\n$ {commands[0]}{result.stdout}```"
    for command in commands:
        name, *rest = words(command)
        if name == "ptelist" and rest[0] != "check" and not any(word.endswith(".toml") for word in rest):
            assert run(*rest[: rest.index(">")] if ">" in rest else rest).exit_code == 0, command
    return block[0]


def test_commands_print_what_the_readme_shows(
    run: Callable[..., Result], update_golden: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(README.parent)
    fresh = BLOCK.sub(lambda block: refreshed(run, block), README.read_text())
    fresh = TABLE.sub(lambda marks: f"{marks[1]}\n{summary.table()}\n{marks[2]}", fresh)
    fresh = FILE.sub(
        lambda marks: f"{marks[1]}\n```toml\n{(README.parent / marks[2]).read_text()}```\n\n{marks[3]}", fresh
    )
    assert fresh.count("```console output") >= 5
    if update_golden:
        README.write_text(fresh)
    assert fresh == README.read_text()


def test_the_answers_numbers_are_printed_below_it() -> None:
    """No figure of the prose is typed: each stands in an output of its section."""
    section = README.read_text().partition("\n## ")[0]
    prose = BLOCK.sub("", section)
    printed = " ".join(match[2] for match in BLOCK.finditer(section))
    found = NUMBER.findall(prose)
    assert len(found) >= 6
    for number in found:
        assert number in printed, number


def test_every_command_and_preset_kind_is_in_the_readme() -> None:
    text = README.read_text()
    for name in COMMANDS:
        assert f"ptelist {name}" in text
    for name in ("kernel", "host", "vm", "proposal", "set"):
        assert f"--{name}" in text
        assert name in AXES or name == "set"
