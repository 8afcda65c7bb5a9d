"""Budgets and baselines that are none: refused in one line, whatever is in them, and nothing is written elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from refusals import refused

from ptelist.gate import baseline

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

GATE = "[scenario.one]\nvcpus = 8\n[[budget]]\nfigure = 'mmu.bytes.total'\n"
DIGITS = "9" * 5000


@pytest.fixture
def inner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run two folders below one that is not the project's."""
    folder = tmp_path / "outer/project"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    "name",
    [
        *("../b.json", "x/../../b.json", "/{tmp}/b.json", "link/b.json", "away.json", "a\\u0000b", "loop"),
        *("", "-", ".", "x", "x/", "new/"),
    ],
)
def test_a_baseline_is_in_the_folder_of_the_file(run: Run, inner: Path, tmp_path: Path, name: str) -> None:
    (inner / "x").mkdir()
    (inner / "link").symlink_to("..")
    (inner / "away.json").symlink_to(tmp_path / "b.json")
    (inner / "loop").symlink_to("../loop")
    path = inner / "ptelist.toml"
    path.write_text(f'baseline = "{name.format(tmp=tmp_path)}"\n{GATE}max_growth = 0\n', encoding="utf-8")
    wanted = (
        "ptelist.toml:1: baseline: expected a regular file in this one's folder or below; "
        "any other is for --baseline alone"
    )
    for flags in ((), ("--update",), ("../project/ptelist.toml", "--update")):
        assert wanted in refused(run("check", *flags))
    assert not list(tmp_path.rglob("b.json"))
    path.write_text(f"{GATE}max_growth = 0\n", encoding="utf-8")
    assert run("check", "--baseline", "../b.json", "--update").exit_code == 0
    assert (inner.parent / "b.json").exists()


def ended(*words: str, stdin: int = subprocess.DEVNULL) -> str:
    """Run where it may wait for what never comes, and return the one line that it ends with."""
    command = [sys.executable, "-m", "ptelist", "check", *words]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        command, stderr=subprocess.PIPE, encoding="utf-8", check=False, timeout=30, env=env, stdin=stdin
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    return done.stderr


@pytest.mark.parametrize("flags", [(), ("--update",)])
@pytest.mark.usefixtures("inner")
def test_a_baseline_that_is_found_is_a_file_of_the_folder(run: Run, flags: tuple[str, ...]) -> None:
    """A FIFO was waited for, and by its default name --update wrote where no name in the file may lead."""
    Path("ptelist.toml").write_text(f"{GATE}max_growth = 0\n", encoding="utf-8")
    wanted = (
        "ptelist: ptelist-baseline.json: expected a regular file in its own folder or below; "
        "any other is for --baseline alone\n"
    )
    os.mkfifo("ptelist-baseline.json")
    assert ended(*flags) == wanted
    Path("ptelist-baseline.json").unlink()
    Path("ptelist-baseline.json").symlink_to("/dev/stdin")
    read, write = os.pipe()
    try:
        assert ended(*flags, stdin=read) == wanted
    finally:
        os.close(read)
        os.close(write)
    Path("ptelist-baseline.json").unlink()
    Path("ptelist-baseline.json").symlink_to("../out.json")
    assert refused(run("check", *flags)) == wanted
    assert "project/ptelist-baseline.json: expected" in refused(run("check", "../project/ptelist.toml", *flags))
    assert not Path("../out.json").exists()
    assert run("check", "--update", "--baseline", "ptelist-baseline.json").exit_code == 0
    assert Path("../out.json").exists()


@pytest.mark.usefixtures("inner")
def test_budgets_that_are_found_are_a_file() -> None:
    os.mkfifo("ptelist.toml")
    wanted = "ptelist: ptelist.toml: expected a regular file; any other is read only where FILE names it\n"
    assert ended() == ended("--update") == wanted


@pytest.mark.parametrize("flags", [(), ("--update",)])
@pytest.mark.usefixtures("inner")
def test_a_baseline_that_budgets_name_is_no_fifo(flags: tuple[str, ...]) -> None:
    os.mkfifo("fifo")
    Path("ptelist.toml").write_text(f'baseline = "fifo"\n{GATE}max_growth = 0\n', encoding="utf-8")
    assert "ptelist.toml:1: baseline: expected a regular file" in ended(*flags)


def test_a_baseline_may_be_below(run: Run, inner: Path) -> None:
    (inner / "x").mkdir()
    (inner / "ptelist.toml").write_text(f'baseline = "x/../x/b.json"\n{GATE}max_growth = 0\n', encoding="utf-8")
    assert run("check", "--update").exit_code == 0
    assert (inner / "x/b.json").exists()


@pytest.mark.parametrize(
    "budget",
    [
        f"max = {DIGITS}",
        f"max = 0x{'f' * 5000}",
        f'max = "{DIGITS}"',
        f'max = "0.{DIGITS} GiB"',
        f'exact = "{DIGITS} B"',
    ],
    ids=lambda text: text[:10],
)
def test_numbers_of_many_digits(run: Run, inner: Path, budget: str) -> None:
    (inner / "ptelist.toml").write_text(f"{GATE}{budget}\n", encoding="utf-8")
    assert "ptelist.toml" in refused(run("check"))


def test_a_baseline_has_a_bound(run: Run, inner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """20 million lists took 1.5 GB, and what was cut off was no JSON."""
    assert baseline.MOST_BYTES * 40 < 500 << 20
    monkeypatch.setattr(baseline, "MOST_BYTES", 1 << 20)
    (inner / "ptelist.toml").write_text(f"{GATE}max_growth = 0\n", encoding="utf-8")
    (inner / "ptelist-baseline.json").write_text(f"[{'[],' * (1 << 19)}[]]", encoding="utf-8")
    assert "ptelist-baseline.json: larger than 1 MiB, no baseline: restore it" in refused(run("check"))


@pytest.mark.parametrize(("old", "new"), [("8", "9" * 4000), ('"version"', '"\\ud800": 1, "version"')])
def test_what_is_no_number_or_no_text_in_a_baseline(run: Run, inner: Path, old: str, new: str) -> None:
    """Numbers that Python reads, but of which it does not write a product."""
    (inner / "ptelist.toml").write_text(f"{GATE}max_growth = 0\n", encoding="utf-8")
    assert run("check", "--update").exit_code == 0
    path = inner / "ptelist-baseline.json"
    shutil.copy(path, "copy")
    path.write_text(
        path.read_text(encoding="utf-8").replace(f": {old}" if old == "8" else old, f": {new}" if old == "8" else new),
        encoding="utf-8",
    )
    assert path.read_text(encoding="utf-8") != Path("copy").read_text(encoding="utf-8")
    if old == "8":
        assert "ptelist-baseline.json: not valid JSON: restore it" in refused(run("check"))
    else:
        assert run("check").exit_code == 0
