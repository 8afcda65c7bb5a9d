"""Inventories that are none: refused in one line, in no time and little memory, whatever is in them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from exploring import examples
from hypothesis import given
from hypothesis import strategies as st
from machines import WHOLE, Fake
from refusals import refused

from ptelist.errors import PtelistError
from ptelist.fleet import inventory, reader
from ptelist.fleet.fleet import Fleet
from ptelist.fleet.inventory import MOST_CHARACTERS, Inventory
from ptelist.fleet.reader import Reader
from ptelist.fleet.records import MOST_BYTES, MOST_COLUMNS, Text
from ptelist.output import files
from ptelist.readers.host import paths
from ptelist.readers.host.snapshot import take

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

DIGITS = "9" * 5000
"""More of them than Python reads."""


class Endless(io.RawIOBase):
    """A file of zeros, as /dev/zero is."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        buffer[:] = bytes(len(buffer))
        return len(buffer)


def test_a_line_without_end_is_not_read_to_it() -> None:
    tracemalloc.start()
    with pytest.raises(PtelistError, match=r"^x:1: a line of more than 1 MiB is no row of an inventory$"):
        Text(io.BufferedReader(Endless()), "x")
    assert tracemalloc.get_traced_memory()[1] < 8 * MOST_BYTES
    tracemalloc.stop()


@pytest.mark.parametrize("flags", [[], ["--keep-going"]])
def test_dev_zero(run: Callable[..., Result], flags: list[str]) -> None:
    assert "/dev/zero:1: a line of more than 1 MiB" in refused(run("fleet", "/dev/zero", *flags))


def test_a_pipe_without_end_fills_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_COPIED", 1 << 24)
    monkeypatch.setattr(files, "stdin", lambda: io.BufferedReader(Endless()))
    with pytest.raises(PtelistError, match="through a pipe"), files.opened("-", "CSV", again=True):
        pytest.fail("it was read")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(
            ",".join(f"{n:x}" for n in range(150_000)), ":1: 150,000 columns, at most 10,000", id="many columns"
        ),
        pytest.param("host,vcpus,a,a\n", ':1: column "a" is there twice', id="twice"),
        pytest.param('host,vcpus\na,"1..' + "+.." * 1500 + '\n"\n', ":2: a cell of 4,504 characters", id="range"),
        pytest.param('host,vcpus\na,"1..' + "+.." * 300 + '\n"\n', ":2: vcpus: expected a whole number", id="range+"),
        pytest.param("host,vcpus,rmaps\na,4," + "+".join(["1x2"] * 25_000), ":2: a cell of 99,999", id="classes"),
        pytest.param(f"host,vcpus\na,{'9' * 999}\n", ":2: vcpus: expected a whole number", id="number"),
        pytest.param('{"host":"a","vcpus":' + DIGITS + "}\n", ":1: not valid JSON: a number is too", id="JSON number"),
        pytest.param('{"host":"a","host":"b","vcpus":4}\n', ':1: key "host" is there twice\n', id="JSON key"),
        pytest.param(
            '{"host":"a","vcpus":4}\n{"host":"a","vms":[{"vcpus":4,"vcpus":2}]}\n',
            ':2: key "vcpus" is there twice\n',
            id="JSON key of a VM",
        ),
        pytest.param(
            '{"host":"a","vcpus":1}\n{"host" 1}\n', ":2: not valid JSON at character 9: Expecting ':'", id="JSON"
        ),
        pytest.param(
            "{\n", ":1: not valid JSON at character 2: it ends too early, expected one whole object a", id="{"
        ),
        pytest.param('[{"host":"a"}]\n', ":1: a JSON array, expected one object a line, as jq -c '.[]' ", id="array"),
        pytest.param('[\n{"host":"a"}\n]\n', ":1: a JSON array, expected one object a line, as jq", id="array+"),
        pytest.param('{"host":"a","vcpus":1e999}\n', ":1: vcpus: expected text or a whole number", id="JSON float"),
        pytest.param('{"host":"\\ud800","vcpus":1}\n', ":1: host: expected text on one line", id="no UTF-8"),
        pytest.param("host," + DIGITS + "\n", ":1: no column vcpus", id="a number of a column"),
        pytest.param('host,vcpus\na,"1"x\n', ":2: not valid CSV: ',' expected after '\"'\n", id="quoted in part"),
        pytest.param("host,vcpus\na,1\rb\n", ":2: not valid CSV: a carriage return within a line\n", id="no newline"),
        pytest.param("host,vcpus\na,1\n\nb,1,1\n", ":4: 3 cells, expected 2 as in the header\n", id="cells"),
    ],
)
def test_one_line(run: Callable[..., Result], tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(text, encoding="utf-8")
    assert f"odd.csv{says}" in refused(run("fleet", str(path)))


@pytest.mark.parametrize("flags", [[], ["--keep-going"]])
def test_rows_without_end_are_no_host(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: list[str]
) -> None:
    for module in (inventory, reader):
        monkeypatch.setattr(module, "MOST_OF_A_HOST", 3)
    path = tmp_path / "rows.csv"
    path.write_text("host,count,vcpus\n" + "b,1,1\n" + "a,1,1\n" * 3, encoding="utf-8")
    assert run("fleet", str(path)).exit_code == 0
    path.write_text("host,count,vcpus\n" + "b,1,1\n" + "a,1,1\n" * 4, encoding="utf-8")
    assert "rows.csv:6: host a has more than 1,000,000 rows\n" in refused(run("fleet", str(path), *flags))


def test_groups_of_many_digits_are_sorted(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "groups.csv"
    most = "9" * MOST_CHARACTERS
    path.write_text(
        "host,vcpus,site\n" + "".join(f"h{n},1,{n}\n" for n in (10, 9, most, f"0{8}", 100)), encoding="utf-8"
    )
    rows = run("fleet", str(path), "--by", "site", "--format", "csv").stdout.splitlines()[1:]
    groups = list(dict.fromkeys(row.split(",")[0] for row in rows))
    assert [group for group in groups if group.isdecimal()] == ["08", "9", "10", "100", most]


def test_keys_that_nobody_reads_are_not_all_kept(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keys = ",".join(f'"{n}":1' for n in range(2 * MOST_COLUMNS))
    path.write_text(f'{{"host":"a","vcpus":1,{keys}}}\n' * 2 + '{"host":"b","vcpus":1,"last":1}\n', encoding="utf-8")
    assert "last" not in run("fleet", str(path), "--format", "json").stdout


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"host,vcpus\na,1\nb,\xff\nc,1\n", ":3: not UTF-8 text, expected CSV or JSON lines\n"),
        (b"host,vcpus\na,x\nb,\xff\n", ":2: vcpus: expected a whole number"),
        (b"host,vcpus\na,1\n" + b"b" * MOST_BYTES + b",1\nc,\xff\n", ":3: a line of more than 1 MiB is no row"),
        (b"h\xf6st,vcpus\n", ":1: not UTF-8 text"),
    ],
)
def test_the_line_that_is_no_text_is_named(run: Callable[..., Result], tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(data)
    assert f"odd.csv{says}" in refused(run("fleet", str(path)))


ODD_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", " a ", "a\tb", "", '"a"', '"a\nb"', '"c,d"', "e\r"]),
        st.sampled_from(["6.1", "6.1", "6.1", "6.1", "5.10.0-3-amd64", "6.1.0-el9", ""]),
        st.sampled_from(["1", "1", "1", "2", "70000", "", '"2"', '"1"x', "1,1"]),
        st.sampled_from(["1", "1", "1", "", "0", '"0"', "-1", "0\0", "9" * 2000]),
        st.sampled_from(["\n", "\n", "\n", "\r\n", "\n\n", "\n\r\n", "\n \n", ""]),
    ),
    max_size=9,
)


@examples(300)
@given(
    ODD_ROWS,
    st.integers(1, 40),
    st.sampled_from(
        [
            *[("host", "kernel", "vcpus", "count")] * 4,  # which are split only, unless a cell is quoted
            ("kernel", "host", "vcpus", "count"),
            ("host", "kernel", "vcpus", "note"),
        ]
    ),
    st.sampled_from([(), (), (), ("kernel",), ("host", "kernel")]),
    st.booleans(),
)
def test_rows_are_the_same_at_once_and_one_by_one(
    rows: list[tuple[str, ...]],
    block: int,
    head: tuple[str, ...],
    by: tuple[str, ...],
    keep_going: bool,
) -> None:
    """In blocks of whatever size; what is wrong with which row is what csv finds of all of them one by one.

    It reads them where the name of a column is quoted, and a file that nobody can read twice.
    """
    body = "".join(",".join(row[:4]) + row[4] for row in rows).encode()
    data, quoted = (",".join(names).encode() + b"\n" + body for names in (head, [f'"{name}"' for name in head]))

    def found(file: io.BytesIO) -> object:
        inventory = Inventory(file, "x", {}, by)
        fleet = Fleet((inventory.host_fields, inventory.vm_fields), inventory.choices, {}, [])
        try:
            census = Reader(inventory, fleet, keep_going=keep_going).census(id)
        except PtelistError as error:
            return str(error)
        hosts = {
            name: sorted((group.cells, group.vms) for group in kind.groups)
            for kind, names in census.hosts.items()
            for name in names
        }
        return hosts, census.groups, census[2:6]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ptelist.fleet.records.BLOCK", block)
        at_once = found(io.BytesIO(data))
    assert at_once == found(Once(quoted))


class Once(io.BytesIO):
    """A file that cannot be read twice, as a pipe."""

    def seekable(self) -> bool:
        return False


def test_rejected_rows_of_a_stream_lie_in_no_folder_of_devices(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by the fuzzer: `fleet /dev/stdin --keep-going` left /dev/stdin.rejected."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "hosts.csv"
    path.write_text("host,vcpus\na,1\nb,many\n", encoding="utf-8")
    with path.open("rb") as file:
        assert run("fleet", f"/dev/fd/{file.fileno()}", "--keep-going").exit_code == 0
    rejected = (tmp_path / "inventory.rejected").read_text(encoding="utf-8")
    assert rejected.splitlines()[1].startswith("b,many,")


def test_rejected_rows_of_a_folder_lie_beside_it(run: Callable[..., Result], tmp_path: Path) -> None:
    """Found by the fuzzer: of `folder/` they were in it, as `folder/.rejected`."""
    folder = tmp_path / "hosts"
    folder.mkdir()
    (folder / "a.txt").write_text(take(Fake(WHOLE)).render(), encoding="utf-8")
    (folder / "b.txt").write_text(take(Fake(WHOLE | {paths.PRESENT: "0-99999\n"})).render(), encoding="utf-8")
    assert run("fleet", f"{folder}/", "--keep-going").exit_code == 0
    assert (tmp_path / "hosts.rejected").is_file()
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("name", [".", "./", "../hosts/.", "none/.."])
def test_rejected_rows_of_a_folder_without_a_name(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Found by the fuzzer: those of `.` were in `..rejected`, which no `ls` shows."""
    folder = tmp_path / "hosts"
    (folder / "none").mkdir(parents=True)
    monkeypatch.chdir(folder)
    (folder / "b.txt").write_text(take(Fake(WHOLE | {paths.PRESENT: "0-99999\n"})).render(), encoding="utf-8")
    assert run("fleet", name, "--keep-going").exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["b.txt", "inventory.rejected", "none"]


def test_hosts_with_commas_in_lines_by_host(run: Callable[..., Result], tmp_path: Path) -> None:
    """Found by the fuzzer: a line was printed, and the next one refused."""
    path = tmp_path / "hosts.csv"
    path.write_text('host,vcpus\na,1\n"b,c",1\n', encoding="utf-8")
    done = run("fleet", str(path), "--by", "host", "--format", "jsonl")
    assert done.exit_code == 0, done.stderr
    assert [json.loads(line)["host"] for line in done.stdout.splitlines()] == ["a", "b,c"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_stderr_makes_no_failure_of_what_is_there(tmp_path: Path, unbuffered: str) -> None:
    """Found by the fuzzer: that rows were set aside could not be said; Python flushes it once more at exit."""
    env = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    (tmp_path / "hosts.csv").write_text("host,vcpus\na,1\nb,many\n", encoding="utf-8")
    words = [sys.executable, "-m", "ptelist", "fleet", "hosts.csv", "--keep-going", "--format", "csv"]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=full, check=False, env=env)
    assert done.returncode == 0
    assert (tmp_path / "hosts.csv.rejected").is_file()


def test_too_many_what_ifs(run: Callable[..., Result], tmp_path: Path) -> None:
    """Found by the fuzzer: 10,000 of them took a minute on 41 hosts."""
    path = tmp_path / "hosts.csv"
    path.write_text("host,vcpus\na,1\n", encoding="utf-8")
    assert "--vcpus make 1,001 columns; at most 1,000" in refused(run("fleet", str(path), "--vcpus=1..1001"))
    assert run("fleet", str(path), "--vcpus=1..1000", "--format", "json").exit_code == 0


def test_a_preset_of_several_vms_is_refused(run: Callable[..., Result], tmp_path: Path) -> None:
    """Found by the fuzzer: it was an internal error."""
    inventory, preset = tmp_path / "hosts.csv", tmp_path / "two.toml"
    inventory.write_text("host,vcpus\na,1\n", encoding="utf-8")
    preset.write_text('extends = "tdp"\n[[vm]]\nname = "a"\n[[vm]]\nname = "b"\n', encoding="utf-8")
    said = refused(run("fleet", str(inventory), "--vm", str(preset)))
    assert "2 [[vm]] tables in a preset: a row is one kind of VM, expected one" in said
