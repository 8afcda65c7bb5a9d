"""Inventories that are none: refused in one line, in no time and little memory, whatever is in them."""

from __future__ import annotations

import io
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from refusals import refused

from ptelist.errors import PtelistError
from ptelist.fleet.inventory import MOST_CHARACTERS
from ptelist.fleet.records import MOST_BYTES, MOST_COLUMNS, Text
from ptelist.output import files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
        pytest.param('{"host":"a","vcpus":' + DIGITS + "}\n", ":1: not valid JSON", id="JSON number"),
        pytest.param('{"host":"a","vcpus":1e999}\n', ":1: vcpus: expected text or a whole number", id="JSON float"),
        pytest.param('{"host":"\\ud800","vcpus":1}\n', ":1: host: expected text on one line", id="no UTF-8"),
        pytest.param("host," + DIGITS + "\n", ":1: no column vcpus", id="a number of a column"),
    ],
)
def test_one_line(run: Callable[..., Result], tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(text, encoding="utf-8")
    assert f"odd.csv{says}" in refused(run("fleet", str(path)))


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
