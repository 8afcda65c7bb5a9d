"""The README and the manual's pages show what their commands print, and say what is shown.

`pytest --update-golden` writes the outputs and the tables anew.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from exploring import whole
from manual_tables import OF_ALL_BOOTS, TABLES

from ptelist.cli import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

README = Path(__file__).parent.parent / "README.md"
DOCS = README.parent / "ptelist" / "docs"
PAGES = [README, *sorted(DOCS.glob("*.md"))]
BRIEF = " brief"
"""What a block is called that leaves the assumptions and the command at the end of the output out."""
CUT = "[...]"
BLOCK = re.compile(r"```console( output| brief)?\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"\$ ((?:.*\\\n)*.*\n)")
FILE = re.compile(r"(<!-- file (\S+) -->\n).*?(<!-- /file -->\n)", re.DOTALL)
TABLE = re.compile(r"(<!-- (\S+) -->\n).*?(<!-- /\2 -->\n)", re.DOTALL)
LINK = re.compile(r"\]\(([^)]+)\)")
NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+|\d+\.\d%")
OVER_BUDGET = 1
LONGEST_README = 250


def words(command: str) -> list[str]:
    return shlex.split(command.replace("\\\n", ""), comments=True)


def refreshed(run: Callable[..., Result], block: re.Match[str]) -> str:
    """Return a block anew: one command and its output, or commands alone, which are only run."""
    commands = COMMAND.findall(block[2])
    if block[1]:
        return f"```console{block[1]}\n$ {commands[0]}{printed(run, commands[0], brief=block[1] == BRIEF)}```"
    for command in commands:
        name, *rest = words(command)
        if name == "ptelist" and rest[0] != "check" and not any(word.endswith(".toml") for word in rest):
            assert run(*rest[: rest.index(">")] if ">" in rest else rest).exit_code == 0, command
    return block[0]


def printed(run: Callable[..., Result], command: str, *, brief: bool) -> str:
    """Return what a command prints, through the filters behind it."""
    first, *filters = command.replace("\\\n", "").split(" | ", 1)
    result = run(*words(first)[1:])
    assert result.exit_code in {0, OVER_BUDGET if "ptelist check" in first else 0}, command
    text = result.stdout
    if brief:
        *kept, _, last = text.split("\n\n")
        assert last.startswith("$ "), f"{command}: nothing to cut"
        text = "\n\n".join([*kept, f"{CUT}\n"])
    for line in filters:
        text = subprocess.run(["sh", "-c", line], input=text, capture_output=True, encoding="utf-8", check=True).stdout
    return text


def table(run: Callable[..., Result], marks: re.Match[str]) -> str:
    """Return a table anew, or as it is if it takes a whole run."""
    if marks[2] in OF_ALL_BOOTS and not whole():
        return marks[0]
    return f"{marks[1]}\n{TABLES[marks[2]](run)}\n{marks[3]}"


def shown(marks: re.Match[str]) -> str:
    """Return a file's block anew."""
    path = README.parent / marks[2]
    return f"{marks[1]}\n```{path.suffix[1:]}\n{path.read_text(encoding='utf-8')}```\n\n{marks[3]}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_commands_print_what_a_page_shows(
    run: Callable[..., Result], update_golden: bool, monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    monkeypatch.chdir(README.parent)
    text = path.read_text(encoding="utf-8")
    fresh = BLOCK.sub(lambda block: refreshed(run, block), text)
    fresh = TABLE.sub(lambda marks: table(run, marks), fresh)
    fresh = FILE.sub(shown, fresh)
    if update_golden:
        path.write_text(fresh, encoding="utf-8")
    assert fresh == path.read_text(encoding="utf-8")


def test_python_runs_as_it_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "python.md").read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(code, "python.md", "exec"), {})
    assert "pte_list_desc.slabs = " in capsys.readouterr().out


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_number_of_the_prose_is_typed(path: Path) -> None:
    """Each stands in an output or a table of its page."""
    text = path.read_text(encoding="utf-8")
    prose = TABLE.sub("", FILE.sub("", BLOCK.sub("", text)))
    made = " ".join([*(match[0] for match in BLOCK.finditer(text)), *(match[0] for match in TABLE.finditer(text))])
    for number in NUMBER.findall(prose):
        assert re.search(rf"(?<![\d,]){re.escape(number)}(?![\d,]*\d)", made), number


def test_the_answer_is_given_in_numbers() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(NUMBER.findall(TABLE.sub("", BLOCK.sub("", text)))) >= 6
    assert len(text.splitlines()) <= LONGEST_README


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_names_only_pages_that_there_are(path: Path) -> None:
    text = BLOCK.sub("", path.read_text(encoding="utf-8"))
    for link in LINK.findall(text):
        assert link.startswith("https://") or (path.parent / link).is_file(), link
    for name in re.findall(r"`([a-z]+)`", " ".join(re.findall(r"^See also: .*(?:\n.+)*", text, re.MULTILINE))):
        assert (DOCS / f"{name}.md").is_file(), name


def test_the_readme_leads_to_every_command() -> None:
    assert {f"ptelist/docs/{name}.md" for name in COMMANDS} <= set(LINK.findall(README.read_text(encoding="utf-8")))


def test_the_break_evens_of_the_prose_are_those_that_sweep_finds(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(README.parent)
    text = (DOCS / "sweep.md").read_text(encoding="utf-8")
    prose = " ".join(BLOCK.sub("", text).split())
    commands = [COMMAND.findall(block[2])[0] for block in BLOCK.finditer(text) if block[1] and "--host" in block[2]]
    found = [json.loads(run(*words(command)[1:], "--format", "json").stdout)["break_evens"][0] for command in commands]
    assert [each["baseline"] for each in found] == ["ext=14"] * 3
    assert prose.count("from the first vCPU on") == 3
    assert [(each["less_from"], each["more_last"]) for each in found] == [(1, None)] * 3


def test_an_inventory_split_by_a_shell_gives_the_same_sums(run: Callable[..., Result], tmp_path: Path) -> None:
    """The manual's script, each part on its own, the numbers added up by the other columns."""
    (script,) = re.findall(r"```sh\n(awk .*?)```", (DOCS / "fleet.md").read_text(encoding="utf-8"), re.DOTALL)
    rows = (README.parent / "tests/data/fleet/hosts.csv").read_text(encoding="utf-8")
    (tmp_path / "hosts.csv").write_text(rows, encoding="utf-8")
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    subprocess.run(["sh", "-c", script], cwd=tmp_path, env={"PATH": path}, check=True)
    parts = sorted(tmp_path.glob("*.sums"))
    assert len(parts) == 4
    whole = run("fleet", str(tmp_path / "hosts.csv"), "--ext", "2", "--by", "kernel", "--format", "csv").stdout
    assert sums(*(part.read_text(encoding="utf-8") for part in parts)) == sums(whole)


def sums(*texts: str) -> dict[tuple[str, ...], list[int]]:
    found: dict[tuple[str, ...], list[int]] = {}
    for text in texts:
        for row in csv.DictReader(io.StringIO(text)):
            key = row["kernel"], row["what_if"], row["figure"]
            names = ("hosts", "vms", "vcpus", "low", "high", "change_low", "change_high", "hosts_assumed")
            values = [int(row[name] or 0) for name in names]
            found[key] = [old + new for old, new in zip(found.get(key, [0] * len(values)), values, strict=True)]
    return found
