"""Inventories in Parquet: the same rows as in CSV give the same, and what is none is refused in one line."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
from exploring import examples
from hypothesis import given
from hypothesis import strategies as st
from refusals import refused

from ptelist.errors import PtelistError
from ptelist.fleet import parquet as ours
from ptelist.fleet.fleet import Fleet
from ptelist.fleet.inventory import Inventory
from ptelist.fleet.reader import Reader

pa = pytest.importorskip("pyarrow", reason="the extra parquet (pyarrow) is not installed")
pq = pytest.importorskip("pyarrow.parquet", reason="the extra parquet (pyarrow) is not installed")

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from click.testing import Result

HEAD = ("host", "kernel", "vcpus", "memory", "nested", "site")


def written(rows: Sequence[Sequence[object]], types: Sequence[Any], **how: Any) -> bytes:
    out = io.BytesIO()
    columns = [pa.array(cells, kind) for cells, kind in zip(zip(*rows, strict=True), types, strict=True)]
    pq.write_table(pa.table(columns, names=HEAD[: len(types)]), out, **how)
    return out.getvalue()


def as_csv(rows: Sequence[Sequence[object]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(
        [HEAD, *([str(cell).lower() if isinstance(cell, bool) else cell for cell in row] for row in rows)]
    )
    return out.getvalue().encode()


def found(data: bytes, *, keep_going: bool) -> object:
    """Return what is read of an inventory, but for the numbers of lines or rows."""
    try:
        inventory = Inventory(io.BytesIO(data), "x", {}, ("site",))
        fleet = Fleet((inventory.host_fields, inventory.vm_fields), inventory.choices, {}, [])
        census = Reader(inventory, fleet, keep_going=keep_going).census(id)
    except PtelistError as error:
        return re.sub(r"x:\d+|line \d+", "", str(error))
    hosts = {
        name: sorted((group.cells, group.vms) for group in kind.groups)
        for kind, names in census.hosts.items()
        for name in names
    }
    why = [re.sub(r"line \d+", "", each) for _, each in sorted(census.rejects.items())]
    return hosts, census.groups, census.rows, why, census[4:6]


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", " a ", "c,d", 'e"', "f\ng", "", None]),
        st.sampled_from(["6.1", "6.1", "5.10.0-3-amd64", "6.1.0-el9", None]),
        st.sampled_from([1, 2, 3, 70_000, -1, None]),
        st.sampled_from(["4GiB", "4GiB", "8GiB", "much", None]),
        st.sampled_from([True, False, None]),
        st.sampled_from(["x", "y", "9" * 2000, None]),
    ),
    min_size=1,
    max_size=9,
)


@examples(200)
@given(
    ROWS,
    st.sampled_from([pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string()), pa.binary()]),
    st.sampled_from([pa.int8(), pa.int32(), pa.uint64(), pa.float64()]),
    st.integers(1, 5),
    st.booleans(),
    st.booleans(),
)
def test_the_same_rows_give_the_same(  # noqa: PLR0913, PLR0917 -- all that can differ
    rows: list[tuple[Any, ...]], text: Any, number: Any, group: int, packed: bool, keep_going: bool
) -> None:
    """Whatever their types and row groups, a whole number as a float too."""
    most, least = (100, 0 if number == pa.uint64() else -1) if number in {pa.int8(), pa.uint64()} else (10**6, -1)
    rows = [(*row[:2], row[2] and max(least, min(row[2], most)), *row[3:]) for row in rows]
    types = (text, pa.string(), number, text, pa.bool_(), pa.string())
    data = written(rows, types, row_group_size=group, use_dictionary=packed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ours, "AT_ONCE", group + 1)
        assert found(data, keep_going=keep_going) == found(as_csv(rows), keep_going=keep_going)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hosts.parquet"
    rows = [("a", "6.1", 4, "4GiB", False, "x"), ("b", "6.1", 8, "many", True, 'y "1"'), ("c", None, 1, None, None, "")]
    path.write_bytes(written(rows, (pa.string(), pa.string(), pa.int64(), pa.string(), pa.bool_(), pa.string())))
    return path


def test_an_error_has_the_number_of_its_row(run: Callable[..., Result], file: Path) -> None:
    assert f"{file}:2: memory: " in refused(run("fleet", str(file)))


def test_rows_that_are_set_aside_are_csv_that_can_be_mended(run: Callable[..., Result], file: Path) -> None:
    rejects = file.with_name("bad.csv")
    told = json.loads(run("fleet", str(file), "--keep-going", "--rejects", str(rejects), "--format", "json").stdout)
    assert (told["total"]["hosts"], told["set_aside"]) == (2, 1)
    (row,) = csv.DictReader(io.StringIO(rejects.read_text(encoding="utf-8")))
    assert row.pop("reason").startswith("memory: ")
    assert row == {"host": "b", "kernel": "6.1", "vcpus": "8", "memory": "many", "nested": "true", "site": 'y "1"'}
    rejects.write_text(rejects.read_text(encoding="utf-8").replace("many", "4GiB"), encoding="utf-8")
    assert json.loads(run("fleet", str(rejects), "--format", "json").stdout)["total"]["vcpus"] == 8


def test_without_pyarrow_the_extra_is_named(
    run: Callable[..., Result], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert refused(run("fleet", str(file))).endswith("Parquet needs pyarrow: pip install 'ptelist[parquet]'\n")


def test_a_column_without_text_is_refused_only_where_it_is_read(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "nested.parquet"
    pq.write_table(pa.table({"host": ["a", "b"], "vcpus": [1, 2], "tags": [["x"], []], "a.b": [1, 2]}), path)
    assert run("fleet", str(path)).exit_code == 0
    line = refused(run("fleet", str(path), "--by", "tags"))
    assert re.search(r'nested.parquet: column "tags" is list<.*>, expected text, numbers or booleans$', line.rstrip())


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        pytest.param({"host": ["a"]}, "no column vcpus", id="no vcpus"),
        pytest.param({"host": ["x" * 70_000], "vcpus": [1]}, "a text of 70,000 characters, at most 65,536", id="text"),
        pytest.param({"host": [b"\xff"], "vcpus": [1]}, "cannot be read as Parquet: ", id="no text"),
    ],
)
def test_one_line(run: Callable[..., Result], tmp_path: Path, columns: dict[str, Any], says: str) -> None:
    path = tmp_path / "odd.parquet"
    pq.write_table(pa.table(columns), path)
    assert says in refused(run("fleet", str(path)))


def test_a_column_that_is_there_twice_is_refused(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "twice.parquet"
    pq.write_table(pa.table([["a"], ["b"]], names=["host", "host"]), path)
    assert 'column "host" is there twice' in refused(run("fleet", str(path)))


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        ({"MOST_ROWS": 2}, "3 rows, at most 2 can be there"),
        ({"MOST_BYTES": 10}, "a row group has 0 MiB in the columns that are read, at most 0 can be there"),
        ({"MOST_AT_ONCE": 10}, "0 MiB of text in a few rows, at most 0 can be there"),
        ({"MOST_COLUMNS": 5}, "6 columns, at most 5 can be there"),
    ],
)
def test_more_than_an_inventory_has_is_refused(
    run: Callable[..., Result], file: Path, monkeypatch: pytest.MonkeyPatch, limit: dict[str, int], says: str
) -> None:
    for name, most in limit.items():
        monkeypatch.setattr(ours, name, most)
    assert says in refused(run("fleet", str(file)))


def test_a_text_that_a_million_rows_say_is_read_in_no_time(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "small.parquet"
    count = 1_000_000
    host = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), ["x" * 1_000_000])
    pq.write_table(pa.table({"host": host, "vcpus": pa.array([1] * count)}), path, compression="zstd")
    assert path.stat().st_size < 100_000
    assert "a text of 1,000,000 characters" in refused(run("fleet", str(path)))


def test_few_bytes_that_are_many_are_refused_before_they_are_read(run: Callable[..., Result], tmp_path: Path) -> None:
    """No column is larger than can be: all of them are, together."""
    path = tmp_path / "small.parquet"
    table = pa.table({name: ["x" * 30_000_000] for name in ("host", "vcpus", "kernel", "more")})
    pq.write_table(table, path, compression="zstd", use_dictionary=False, write_statistics=False)
    assert path.stat().st_size < 20_000
    before = pa.default_memory_pool().max_memory()
    assert "a row group has 85 MiB in the columns that are read, at most 64 can be" in refused(run("fleet", str(path)))
    assert pa.default_memory_pool().max_memory() == before


def test_of_a_dictionary_only_the_texts_of_rows_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is that of a row group, and there with each few rows of it."""
    out = io.BytesIO()
    names = [f"h{number}" for number in range(1000)]
    pq.write_table(pa.table({"host": names, "vcpus": ["1"] * 1000}), out)
    monkeypatch.setattr(ours, "AT_ONCE", 10)
    monkeypatch.setattr(ours, "MOST_AT_ONCE", 200)
    table = ours.Parquet(out, "x")
    assert [host for host, _, _ in table.records(0, [1])] == names


def test_bytes_of_one_length_are_no_text(run: Callable[..., Result], tmp_path: Path) -> None:
    """A value that all rows have would be made once for each."""
    path = tmp_path / "fixed.parquet"
    pq.write_table(pa.table({"host": pa.array([b"ab"], pa.binary(2)), "vcpus": [1]}), path)
    assert 'column "host" is fixed_size_binary[2], expected text' in refused(run("fleet", str(path)))


def test_memory_that_is_not_there_is_said_in_our_words(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise pa.ArrowMemoryError("malloc of size 268435456 failed")

    table = ours.Parquet(io.BytesIO(file.read_bytes()), "x")
    monkeypatch.setattr(table, "_texts", fails)
    with pytest.raises(PtelistError, match=r"^x: cannot be read as Parquet: it takes more memory than there is$"):
        list(table.records(0, [1]))


def test_a_pipe_is_refused(file: Path) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(PtelistError, match=r"^x: Parquet cannot be read through a pipe"):
        Inventory(Pipe(file.read_bytes()), "x", {}, ())


def test_what_is_damaged_is_one_line(run: Callable[..., Result], file: Path) -> None:
    chance = random.Random(18)
    whole, codes = file.read_bytes(), set()
    for number in range(120):
        data = bytearray(whole)
        if number % 3 == 0:
            del data[chance.randrange(4, len(data)) :]
        elif number % 3 == 1:
            data[4:] = chance.randbytes(chance.randrange(300))
        else:
            for _ in range(chance.choice((1, 4, 20))):
                data[chance.randrange(4, len(data))] = chance.randrange(256)
        file.write_bytes(data)
        result = run("fleet", str(file), "--keep-going", "--rejects", str(file.with_suffix(".bad")))
        codes.add(result.exit_code)
        assert result.exit_code == 0 or refused(result)
    assert codes == {0, 2}


def test_a_column_whose_cells_are_releases_is_named_where_none_is_the_kernels(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    path = tmp_path / "hosts.parquet"
    columns = {"host": ["a", "b"], "image": [None, "6.1.0-28-amd64"], "vcpus": [4, 8], "tags": [["x"], []]}
    pq.write_table(pa.table(columns), path)
    text = refused(run("fleet", str(path)))
    assert "no column kernel, but the cells of image read as releases: --column kernel=image takes it" in text
    assert run("fleet", str(path), "--column", "kernel=image").exit_code == 0
