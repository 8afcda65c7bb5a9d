"""Where a result goes: whole or not at all, and nothing if the command fails."""

from __future__ import annotations

import codecs
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from machines import WHOLE, Fake
from refusals import refused

from ptelist.errors import PtelistError
from ptelist.output import delivery
from ptelist.readers.host.snapshot import take

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

PTELIST = f"{sys.executable} -m ptelist"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    return tmp_path


def names() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command], capture_output=True, encoding="utf-8", check=False)


def test_nothing_is_printed_if_a_device_takes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Found by the fuzzer: a report on stdout, and exit code 2 for the other one."""
    with pytest.raises(PtelistError, match="/dev/full: cannot be written"):
        delivery.write(("new", None), ("new", "/dev/full"))
    assert capsys.readouterr().out == ""


def test_all_are_written_or_none(capsys: pytest.CaptureFixture[str]) -> None:
    Path("old").write_text("before", encoding="utf-8")
    with pytest.raises(PtelistError, match="nowhere/x: cannot be written: No such file"):
        delivery.write(("new", "old"), ("new", "beside"), ("new", None), ("new", "nowhere/x"))
    assert names() == ["old"]
    assert (Path("old").read_text(encoding="utf-8"), capsys.readouterr().out) == ("before", "")
    delivery.write(("new", "old"), ("second", "beside"))
    assert [Path(name).read_text(encoding="utf-8") for name in ("old", "beside")] == ["new", "second"]


def test_a_name_as_long_as_a_name_can_be(run: Run) -> None:
    """The temporary file's is no longer."""
    name = "a" * 255
    assert run("compare", "-o", name).exit_code == 0
    assert names() == [name]


def test_what_observe_saves_and_what_fleet_sets_aside_are_written_if_the_command_works(run: Run) -> None:
    Path("saved.txt").write_text(take(Fake(WHOLE)).render(), encoding="utf-8")
    assert "--vcpus" in refused(run("observe", "./saved.txt", "--save", "copy", "--vcpus", "0"))
    Path("hosts.csv").write_text("host,kernel,cpus,vcpus\na,6.18,8,4\nb,6.18,8,0\n", encoding="utf-8")
    bad = ("fleet", "hosts.csv", "--keep-going", "--rejects", "bad.csv")
    refused(run(*bad, "--explain", "nobody"))
    refused(run(*bad, "-o", "nowhere/x"))
    refused(run(*bad, "--explain", "a", "--format", "csv"))
    assert names() == ["hosts.csv", "saved.txt"]
    full = shell(f"{PTELIST} {' '.join(bad)} >/dev/full; {PTELIST} observe ./saved.txt --save copy >/dev/full")
    assert full.stderr == "ptelist: stdout: No space left on device\n" * 2
    assert names() == ["hosts.csv", "saved.txt"]
    assert run(*bad).exit_code == 0
    assert run("observe", "./saved.txt", "--save", "copy").exit_code == 0
    assert Path("copy").read_text(encoding="utf-8") == Path("saved.txt").read_text(encoding="utf-8")
    assert Path("bad.csv").read_text(encoding="utf-8").startswith("host,kernel,cpus,vcpus")


def test_of_several_reports_all_are_written_or_none(run: Run) -> None:
    Path("ptelist.toml").write_text(
        '[scenario.one]\n[[budget]]\nfigure = "pte_list_desc.size"\nmax = 128\n', encoding="utf-8"
    )
    refused(run("check", "--report", "junit=a.xml", "--report", "json=nowhere/b.json"))
    assert names() == ["ptelist.toml"]


def test_a_format_that_has_nothing_of_a_result_says_so(run: Run) -> None:
    Path("hosts.csv").write_text("host,kernel,cpus,vcpus\na,6.18,8,4\n", encoding="utf-8")
    said = refused(run("fleet", "hosts.csv", "--explain", "a", "--format", "csv"))
    assert said == "ptelist: --format csv: this has no rows; json has all of it\n"
    assert run("fleet", "hosts.csv", "--explain", "a", "--format", "json").exit_code == 0


def test_where_stdout_goes_is_written_to_not_replaced() -> None:
    Path("log").write_text("before\n", encoding="utf-8")
    for output in ("/dev/stdout", "log", "-"):
        assert shell(f"{PTELIST} show --format json -o {output} >> log").returncode == 0
    text = Path("log").read_text(encoding="utf-8")
    assert text.startswith("before\n{")
    assert text.count('"schema"') == 3


def printed(how: str, words: str) -> subprocess.CompletedProcess[bytes]:
    """Run with what a user says of stdout's encoding."""
    env = os.environ | {"PYTHONIOENCODING": how}
    return subprocess.run([*PTELIST.split(), *words.split()], capture_output=True, check=False, env=env)


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8-sig", codecs.BOM_UTF8), ("utf-16", codecs.BOM_UTF16)])
@pytest.mark.parametrize("words", ["compare --vcpus 1..60 --format csv", "compare --vcpus 1,2"])
def test_a_stream_has_one_byte_order_mark(encoding: str, mark: bytes, words: str) -> None:
    """CSV is written a part at a time: each part had one of its own."""
    plain, marked = printed("utf-8", words), printed(encoding, words)
    assert (plain.returncode, marked.returncode) == (0, 0)
    assert marked.stdout == plain.stdout.decode().encode(encoding)
    assert marked.stdout.count(mark) == 1


def test_the_parts_of_a_text_are_one_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoding that is in a state when it ends is brought out of it."""
    text = "host,\u6771\n"
    for encoding in ("utf-16", "iso2022_jp"):
        stream = io.TextIOWrapper(io.BytesIO(), encoding)
        monkeypatch.setattr(sys, "stdout", stream)
        delivery.write((iter(("a\n", text, "\u6771")), None))
        assert stream.buffer.getvalue() == f"a\n{text}\u6771".encode(encoding)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (None, "-", "stdout"),
        ("new", "new", "new"),
        ("new", "./new", "./new"),
        ("link", "known", "known"),
    ],
)
def test_two_texts_in_one_place_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one: str | None, other: str, said: str
) -> None:
    """One of them would be lost, or both be a mess; nothing is written."""
    monkeypatch.chdir(tmp_path)
    Path("known").write_text("before", encoding="utf-8")
    Path("link").symlink_to("known")
    with pytest.raises(PtelistError, match=rf"^{said}: two outputs in one place, name a"):
        delivery.write(("a", one), ("b", other))
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {
        "known": "before",
        "link": "before",
    }
    delivery.write(("a", os.devnull), ("b", os.devnull))


@pytest.mark.parametrize(
    ("errors", "shown"),
    [
        ("replace", b"?"),
        ("backslashreplace", rb"\u6771"),
        ("xmlcharrefreplace", b"&#26481;"),
        ("ignore", b""),
        ("strict", None),
        ("surrogateescape", None),
        ("nonsense", None),
    ],
)
def test_what_an_encoding_cannot_say_is_written_as_the_user_wants_it(errors: str, shown: bytes | None) -> None:
    Path("hosts.csv").write_text("host,kernel,cpus,vcpus,site\na,6.18,8,4,<\u6771>\n", encoding="utf-8")
    done = printed(f"ascii:{errors}", "fleet hosts.csv --by site --processes 1 --format csv")
    if shown is None:
        said = rb"ptelist: stdout: its encoding, ascii, cannot say '\u6771': -o FILE or PYTHONIOENCODING=utf-8 can"
        assert (done.returncode, done.stdout, done.stderr) == (2, b"", said + b"\n")
    else:
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"<" + shown + b">" in done.stdout


def test_a_pipe_behind_a_name_is_written_to() -> None:
    done = shell(f"{PTELIST} show --format json -o >(cat > copy; echo done >&2); wait; sleep 0.2")
    assert (done.returncode, done.stdout) == (0, "")
    assert Path("copy").read_text(encoding="utf-8").startswith("{")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_a_file_that_is_replaced_keeps_its_mode(run: Run, mode: int) -> None:
    target = Path("report.txt")
    target.write_text("old", encoding="utf-8")
    target.chmod(mode)
    assert run("compare", "-o", "report.txt").exit_code == 0
    assert target.stat().st_mode & 0o7777 == mode


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_new_file_has_the_mode_that_the_umask_leaves(run: Run, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        assert run("compare", "-o", "report.txt").exit_code == 0
    finally:
        os.umask(before)
    assert Path("report.txt").stat().st_mode & 0o7777 == mode
