"""The README's commands print what it shows, and its answer says what they print.

`pytest --update-golden` writes the outputs anew.
"""

from __future__ import annotations

import csv
import io
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import accuracy
from kernel import summary

from ptelist.cli import COMMANDS
from ptelist.settings.axes import AXES

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
TABLES = {"kernels": summary.table, "accuracy": accuracy.table}
"""Tables that are written anew, between marks of their names."""


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


def shown(marks: re.Match[str]) -> str:
    """Return a file's block anew."""
    path = README.parent / marks[2]
    return f"{marks[1]}\n```{path.suffix[1:]}\n{path.read_text()}```\n\n{marks[3]}"


def test_commands_print_what_the_readme_shows(
    run: Callable[..., Result], update_golden: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(README.parent)
    fresh = BLOCK.sub(lambda block: refreshed(run, block), README.read_text())
    for name, table in TABLES.items():
        marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->\n)", re.DOTALL)
        fresh = marks.sub(lambda found, table=table: f"{found[1]}\n{table()}\n{found[2]}", fresh)
    fresh = FILE.sub(shown, fresh)
    assert fresh.count("```console output") >= 5
    if update_golden:
        README.write_text(fresh)
    assert fresh == README.read_text()


def test_the_answers_numbers_are_printed_below_it() -> None:
    """No figure of the prose is typed: each stands in an output of its section."""
    first, *rest = README.read_text().split("\n## ")
    (what_if,) = (section for section in rest if section.startswith("What if"))
    for section, least in ((first, 6), (what_if, 4)):
        prose = FILE.sub("", BLOCK.sub("", section))
        printed = " ".join(match[2] for match in BLOCK.finditer(section))
        found = NUMBER.findall(prose)
        assert len(found) >= least
        for number in found:
            assert number in printed, number


def test_the_answers_of_what_if_are_break_evens_found_below_it() -> None:
    (section,) = (text for text in README.read_text().split("\n### ") if text.startswith("From how many vCPUs on"))
    prose = " ".join(BLOCK.sub("", section).split())
    blocks = [" ".join(match[2].split()) for match in BLOCK.finditer(section)]
    assert len(blocks) == 3
    assert "On a small host, from the first vCPU on" in prose
    assert "takes less than ext=14 from vcpus=1 on; saves its first page at 2" in blocks[0]
    assert "two save a first whole page" in prose
    assert "may take more" not in blocks[0]
    for words, block in ((r"two nodes, from (\d+) vCPUs on", blocks[1]), (r"sure from (\d+) vCPUs on", blocks[2])):
        (number,) = re.findall(words, prose)
        assert f"may take no less than ext=14 up to vcpus={int(number) - 1}, takes less for sure beyond" in block


def test_an_inventory_split_by_a_shell_gives_the_same_sums(run: Callable[..., Result], tmp_path: Path) -> None:
    """The README's script, each part on its own, the numbers added up by the other columns."""
    (script,) = re.findall(r"```sh\n(awk .*?)```", README.read_text(), re.DOTALL)
    rows = (README.parent / "tests/data/fleet/hosts.csv").read_text()
    (tmp_path / "hosts.csv").write_text(rows)
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    subprocess.run(["sh", "-c", script], cwd=tmp_path, env={"PATH": path}, check=True)
    parts = sorted(tmp_path.glob("*.sums"))
    assert len(parts) == 4
    whole = run("fleet", str(tmp_path / "hosts.csv"), "--ext", "2", "--by", "kernel", "--format", "csv").stdout
    assert sums(*(part.read_text() for part in parts)) == sums(whole)


def sums(*texts: str) -> dict[tuple[str, ...], list[int]]:
    found: dict[tuple[str, ...], list[int]] = {}
    for text in texts:
        for row in csv.DictReader(io.StringIO(text)):
            key = row["kernel"], row["what_if"], row["figure"]
            names = ("hosts", "vms", "vcpus", "low", "high", "change_low", "change_high")
            values = [int(row[name] or 0) for name in names]
            found[key] = [old + new for old, new in zip(found.get(key, [0] * len(values)), values, strict=True)]
    return found


def test_every_command_and_preset_kind_is_in_the_readme() -> None:
    text = README.read_text()
    for name in COMMANDS:
        assert f"ptelist {name}" in text
    for name in ("kernel", "host", "vm", "proposal", "set"):
        assert f"--{name}" in text
        assert name in AXES or name == "set"
