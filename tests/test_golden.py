"""Whole outputs of each format at several widths, byte for byte.

`pytest --update-golden` writes them anew; the difference is then read, not assumed.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ptelist.compare.comparison import compare
from ptelist.compare.result import result as compared
from ptelist.compare.table import document
from ptelist.output.formats import terminal
from ptelist.scenario.presets import shipped
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

GOLDEN = Path(__file__).parent / "golden"
COMMANDS = {
    "pair": "compare --vcpus 256 --ext 2,14",
    "product": "compare --vcpus 1,8,256 --ext 2,14",
    "range": "compare --ext 2..8 --vcpus 8",
    "nodes": "compare --host laptop,server-256 --vcpus 256",
    "proposals": "compare --proposal none,shrink-tdp,topup-iff-rmaps,shrink-tdp+topup-iff-rmaps --vcpus 256",
    "presets": "compare tdp nested shadow",
    "figures": "compare --kernel 5.14,6.18 --figure pte_list_desc.bytes.total --figure memslots.bytes nested",
    "open": "compare idle-6g-shadow --kernel 5.14,6.18",
    "many": "compare --vcpus 1..40",
    "single": "compare nested --kernel 7.3",
    "show": "show nested --vcpus 8 --kernel 6.1 --host server-256",
    "explain": "explain pte_list_desc.bytes.slab --vcpus 1 --ext 14 --depth all",
    "explain-total": "explain mmu.bytes.total nested --eager-split --caches drawn",
}
TABLES = [name for name in COMMANDS if not name.startswith("explain")]
DEEPEST = 36
"""So far to the right a tree may begin."""

ROOM = 10
"""A line may be longer than the width if a word that is not to be broken leaves no room."""


def check(name: str, text: str, *, update: bool) -> None:
    path = GOLDEN / name
    if update:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [40, 60, 72, 200])
@pytest.mark.parametrize("name", COMMANDS)
def test_mail(run: Callable[..., Result], name: str, width: int, update_golden: bool) -> None:
    result = run(*shlex.split(COMMANDS[name]), columns=width)
    assert result.exit_code == 0
    assert result.stdout.isascii()
    if width == 200:
        assert result.stdout == run(*shlex.split(COMMANDS[name]), columns=72).stdout
        return
    check(f"{name}-mail-{width}.txt", result.stdout, update=update_golden)
    for line in result.stdout.splitlines():
        room = width - DEEPEST if name.startswith("explain") else width
        assert len(line) <= width or len(max(line.split(), key=len)) > room - ROOM


@pytest.mark.parametrize("form", ["markdown", "csv", "json"])
@pytest.mark.parametrize("name", ["pair", "nodes", "presets"])
def test_formats(run: Callable[..., Result], name: str, form: str, update_golden: bool) -> None:
    result = run(*shlex.split(COMMANDS[name]), "--format", form)
    assert result.exit_code == 0
    check(f"{name}.{form}", result.stdout, update=update_golden)


@pytest.mark.parametrize("form", ["markdown", "json"])
def test_explain_formats(run: Callable[..., Result], form: str, update_golden: bool) -> None:
    result = run(*shlex.split(COMMANDS["explain"]), "--format", form)
    assert result.exit_code == 0
    check(f"explain.{form}", result.stdout, update=update_golden)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", ["pair", "nodes", "open"])
def test_terminal(name: str, width: int, update_golden: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal rich draws the same cells, and crops none of them."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    comparison = compare(*_request(COMMANDS[name]))
    found = compared(comparison, lambda width: document(comparison, (), width)).document(width)
    text = terminal.draw(found, width)
    check(f"{name}-terminal-{width}.txt", text, update=update_golden)
    assert all(len(line) <= width for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines())
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    for table in found.tables:
        for row in table.rows:
            assert all(cell.strip() in plain for cell in row)


def _request(command: str) -> tuple:
    words = shlex.split(command)[1:]
    names = [
        word for number, word in enumerate(words) if word[0] != "-" and (not number or words[number - 1][0] != "-")
    ]
    options = [(word[2:], words[number + 1]) for number, word in enumerate(words) if word.startswith("--")]
    return expand(names, options), f"ptelist {command}"


@pytest.mark.parametrize("name", TABLES)
def test_formats_say_the_same_numbers(run: Callable[..., Result], name: str) -> None:
    """Every integer of the mail's tables is an end of some interval in the CSV."""
    words = shlex.split(COMMANDS[name])
    _, _, below = run(*words).stdout.partition("\n\n")  # the sentence above has sums of them: test_headlines.py
    tables, _, _ = below.partition("kernel: ")
    known = set(re.findall(r"\d+", run(*words, "--format", "csv").stdout))
    cells = re.findall(r"\d{1,3}(?:,\d{3})+(?![\d,]|\.\d|\.\.[+-]?[\d,]+\.\d%)", tables)
    assert cells
    assert {cell.replace(",", "") for cell in cells} <= known


def profiles() -> str:
    """Return every field of the kernel profiles that facts are known of: its value, and later ones by version."""
    facts = tomllib.loads((Path(__file__).parent / "data" / "kernels.toml").read_text(encoding="utf-8"))
    names = [each["version"] for each in facts["kernel"]]
    kernels = {name: shipped.load(name, "kernels").overlay.kernel for name in names}
    stable = {
        table.release: {**kernels[name], **shipped.load(table.release, "kernels").overlay.kernel}
        for name in names
        for table in shipped.load(name, "kernels").variants
    }
    columns = dict(sorted((kernels | stable).items(), key=lambda each: _release(each[0])))
    lines = []
    for field in sorted(
        {field for fields in columns.values() for field in fields} - {"version", "tree", "release", "stable"}
    ):
        changes, last = [], None
        for name, fields in columns.items():
            said = fields.get(field)
            shown = "-" if said is None else f"{said.value}{' UNVERIFIED' if said.unverified else ''}"
            if shown != last:
                changes.append(f"{name} {shown}")
            last = shown
        lines.append(f"{field}: {'; '.join(changes)}")
    return "\n".join(lines) + "\n"


def _release(name: str) -> tuple[int, ...]:
    return tuple(map(int, name.split(".")))


def test_every_profile_is_what_it_was(update_golden: bool) -> None:
    """However files inherit from each other: values by version, those of stable releases among them."""
    check("profiles.txt", profiles(), update=update_golden)
