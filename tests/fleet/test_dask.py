"""Fleets on more than one machine: the manual's recipe on Dask gives what one process does."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from exploring import sampled

import ptelist

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

MANUAL = Path(ptelist.__file__).parent / "docs/fleet.md"
RELEASES = Path(__file__).parents[1] / "data/releases/releases.csv"
HOSTS = 300
MAPS = ("--map-kernel", "[345].[0-9].*=5.10", "--map-kernel", "[345].1[0-9].*=5.10", "--map-kernel", "*=upstream")
TOOLS = {**os.environ, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}


def block(language: str, start: str) -> str:
    """Return the block of the manual's page that begins so."""
    (found,) = re.findall(rf"```{language}\n({re.escape(start)}.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Return hosts of many kernels, the rows of each far apart, in the parts that the manual's script makes of them."""
    known = csv.DictReader(RELEASES.read_text(encoding="utf-8").splitlines())
    releases = [row["release"] for row in known if not row["architecture"]]
    rows = [
        f"h{n},{releases[n % len(releases)]},{(4, 64)[n % 2]},{vcpus},{1 + n % 3}\n"
        for vcpus in (2, 8)
        for n in range(HOSTS)
    ]
    path = tmp_path / "hosts.csv"
    path.write_text("host,kernel,cpus,vcpus,count\n" + "".join(rows), encoding="utf-8")
    script = block("sh", "awk").partition("for part")[0]
    subprocess.run(["sh", "-c", script], cwd=tmp_path, env=TOOLS, check=True)
    assert len(list(tmp_path.glob("part.*"))) == 8
    return path


def summed(folder: Path, *options: str) -> str:
    """Return what the manual's program prints."""
    pytest.importorskip("dask", reason="the extra dask is not installed")
    program = folder / "sums.py"
    program.write_text(block("python", "import csv"), encoding="utf-8")
    command = [sys.executable, str(program), "part.*", *options]
    done = subprocess.run(command, cwd=folder, env=TOOLS, check=True, capture_output=True, encoding="utf-8")
    return done.stdout


@pytest.mark.parametrize("options", sampled([("--ext", "2,4", "--by", "kernel"), ("--kernel", "6.18")], 2))
def test_parts_on_dask_give_the_bytes_of_one_process(
    run: Callable[..., Result], inventory: Path, options: tuple[str, ...]
) -> None:
    whole = run("fleet", str(inventory), *options, *MAPS, "--format", "csv")
    assert whole.exit_code == 0, whole.stderr
    parts = summed(inventory.parent, *options, *MAPS)
    assert sorted(parts.splitlines()) == sorted(whole.stdout.splitlines())
    assert parts.splitlines()[0] == whole.stdout.splitlines()[0]


def test_parts_of_parquet_on_dask_give_the_bytes_of_one_process(run: Callable[..., Result], inventory: Path) -> None:
    reader = pytest.importorskip("pyarrow.csv", reason="the extra parquet (pyarrow) is not installed")
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra parquet (pyarrow) is not installed")
    for part in inventory.parent.glob("part.*"):
        parquet.write_table(reader.read_csv(part), part.with_suffix(".parquet"))
        part.unlink()
    whole = run("fleet", str(inventory), *MAPS, "--format", "csv").stdout
    assert summed(inventory.parent, *MAPS) == whole


def test_lines_become_parquet_as_the_manual_says(run: Callable[..., Result], inventory: Path) -> None:
    reader = pytest.importorskip("pyarrow.csv", reason="the extra parquet (pyarrow) is not installed")
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra parquet (pyarrow) is not installed")
    folder = inventory.parent
    parquet.write_table(reader.read_csv(folder / "part.0.csv"), folder / "hosts.parquet")
    lines = folder / "figures.jsonl"
    made = run("fleet", str(folder / "hosts.parquet"), "--ext", "2", *MAPS, "--format", "jsonl", "-o", str(lines))
    assert made.exit_code == 0, made.stderr
    script = block("sh", "ptelist fleet hosts.parquet").partition("\n")[2]
    subprocess.run(["sh", "-c", script], cwd=folder, env=TOOLS, check=True)
    rows = parquet.read_table(folder / "figures.parquet").to_pylist()
    assert len(rows) == len(lines.read_text(encoding="utf-8").splitlines()) == HOSTS // 8 + 1
    assert {len(row["what_ifs"]) for row in rows} == {2}
