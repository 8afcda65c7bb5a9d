"""What a command reads: a pipe gives what it has to all who ask, and no report takes the place of an input."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from refusals import refused

from ptelist.readers.builds import builds, profile, vm_structs
from ptelist.scenario import inputs
from ptelist.scenario.presets import text_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

TESTS = Path(__file__).parents[1]
OBSERVATION = TESTS / "kernel/recorded/6.1/merged.observation"
HISTOGRAM = TESTS / "data/rmaps/3bcd0662d66f"
TRACE = TESTS / "data/traces/6.1.trace"
GATE = TESTS / "data/check/ptelist.toml"


def fifo(path: Path, source: str | Path) -> None:
    """Make a FIFO that has a text for who reads it first, and nothing for who asks again."""
    text = source if isinstance(source, str) else source.read_text(encoding="utf-8")
    os.mkfifo(path)

    def serve() -> None:
        for said in (text, "", "", ""):
            path.write_text(said, encoding="utf-8")

    Thread(target=serve, daemon=True).start()


@pytest.mark.parametrize(
    ("command", "source"),
    [
        ("compare FILE", "[vm]\nvcpus = 300\n"),
        ("compare --config FILE --figure mmu.bytes.total", "CONFIG_MEMCG=y\n"),
        ("presets validate FILE", "[vm]\nvcpuz = 1\n"),
        ("observe FILE", OBSERVATION),
        ("compare --kernel FILE --host FILE", OBSERVATION),
        ("rmaps FILE --kernel 6.1", HISTOGRAM),
        ("check FILE --baseline none.json", GATE),
    ],
    ids=str,
)
def test_a_pipe_says_what_the_file_says(
    run: Callable[..., Result], tmp_path: Path, command: str, source: str | Path
) -> None:
    """Each was read twice, the second time empty."""
    plain, pipe = tmp_path / "plain", tmp_path / "piped"
    plain.write_text(source if isinstance(source, str) else source.read_text(encoding="utf-8"), encoding="utf-8")
    fifo(pipe, source)
    wanted, got = (run(*command.replace("FILE", str(path)).split()) for path in (plain, pipe))
    assert (got.exit_code, got.output.replace("piped", "plain")) == (wanted.exit_code, wanted.output)


def test_an_observation_needs_no_slash(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(OBSERVATION, "host.txt")
    assert run("observe", "host.txt").stdout.replace("host.txt", "./host.txt") == run("observe", "./host.txt").stdout


@pytest.mark.parametrize(
    "command",
    [
        "compare ./one -o one",
        "compare --vm ./two --format json -o link",
        "sweep --vm ./three --vcpus 1,2 -o hard",
        "fleet inventory.csv --keep-going -o inventory.csv",
        "fleet inventory.csv --keep-going --rejects ./inventory.csv",
        "replay trace --kernel 6.1 -o trace",
        "rmaps histogram --kernel 6.1 -o histogram",
        "observe host.txt -o host.txt",
        "check gate.toml --baseline none.json -o gate.toml",
        "check gate.toml --baseline base.json -o base.json",
        "inspect btf -o btf",
        "compare --map-kernel ./maps.toml -o maps.toml",
    ],
)
def test_no_report_replaces_what_was_read(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two", "three"):
        Path(name).write_text("[vm]\nvcpus = 3\n", encoding="utf-8")
    Path("maps.toml").write_text('ubuntu = "upstream"\n', encoding="utf-8")
    Path("link").symlink_to("two")
    Path("hard").hardlink_to("three")
    Path("inventory.csv").write_text("host,vcpus\na,4\nb,none\n", encoding="utf-8")
    Path("gate.toml").write_text("[scenario.one]\n[[budget]]\nfigure = 'mmu.bytes.total'\nmax = 1\n", encoding="utf-8")
    for name, source in (("trace", TRACE), ("histogram", HISTOGRAM), ("host.txt", OBSERVATION)):
        shutil.copy(source, name)
    shutil.copy(TESTS / "data/btf/6.18", "btf")
    assert run("check", "gate.toml", "--update", "--baseline", "base.json").exit_code == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert "is read by this command, name another file to write to" in refused(run(*command.split()))
    assert {name: Path(name).read_bytes() for name in before} == before


def test_what_a_command_before_read_may_be_written(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text("[vm]\nvcpus = 3\n", encoding="utf-8")
    assert run("compare", str(path)).exit_code == 0
    assert run("compare", "-o", str(path)).exit_code == 0


def test_a_link_to_itself(run: Callable[..., Result], tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    (tmp_path / "x.csv").write_text("host,vcpus\na,4\nb,none\n", encoding="utf-8")
    for command in ("compare -o", "fleet x.csv --keep-going --rejects", "observe --save", "check --report"):
        name = f"junit={loop}" if command == "check --report" else str(loop)
        words = [str(tmp_path / word) if word == "x.csv" else word for word in command.split()]
        assert refused(run(*words, name))
    for command in ("compare", "fleet", "replay", "rmaps", "inspect", "observe", "check"):
        assert refused(run(command, str(loop)))
    assert loop.is_symlink()


@pytest.mark.parametrize(
    "command",
    [
        "compare -",
        "compare --config -",
        "compare --kernel-from -",
        "fleet - --keep-going",
        "replay -",
        "rmaps - --kernel 6.1",
        "inspect -",
        "check -",
        "observe --slabinfo -",
        "presets show -",
    ],
)
def test_stdin_may_be_closed(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr(inputs, "sys", SimpleNamespace(stdin=None))
    monkeypatch.setattr(text_file, "_stdin", text_file._stdin.__wrapped__)
    for known in (builds.once, vm_structs.whole, profile.overlay):
        known.cache_clear()  # a test before may have read another stdin
    assert "-: cannot be read: Bad file descriptor" in refused(run(*command.split()))
