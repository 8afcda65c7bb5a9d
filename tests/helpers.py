"""What the tests share: scenarios by option texts, figures through the command line, recorded data.

Nothing here knows an expected value.
"""

from __future__ import annotations

import csv
import json
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from ptelist.cli import main
from ptelist.engine.account import account
from ptelist.engine.charge import charged as charges
from ptelist.errors import PtelistError
from ptelist.settings.columns import expand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ptelist.engine.ledger import Ledger
    from ptelist.scenario.models import Kernel, Scenario

DATA = Path(__file__).parent / "ground_truth"

Row = dict[str, str]
Option = str | int | bool
Figures = dict[str, int | tuple[int, int]]
"""A figure is a number where it is exact, else (low, high)."""


@contextmanager
def one_line() -> Iterator[None]:
    """Let what is inside succeed, or fail with one clear line; any other failure is the test's."""
    try:
        yield
    except PtelistError as error:
        if "\n" in str(error):
            raise AssertionError("an error of several lines") from error


@cache
def scenario(*presets: str, **options: Option) -> Scenario:
    """Return the one scenario that option texts make: `scenario(kernel="6.1", vcpus=8, nested=True)`.

    Unless said otherwise its memslots are those of RAM alone, as in the emulated VMs that were observed.
    """
    said = {"memslots": "ram", **options}
    texts = [(name.strip("_").replace("_", "-"), _text(value)) for name, value in said.items()]
    (column,) = expand(presets, texts).columns
    return column.scenario


def _text(value: Option) -> str:
    return str(value) if not isinstance(value, bool) else "on" if value else "off"


def kernel(version: str) -> Kernel:
    """Return a shipped kernel profile."""
    return scenario(kernel=version).kernel


@cache
def ledger(*presets: str, **options: Option) -> Ledger:
    """Return the engine's figures of `scenario(...)`."""
    return account(scenario(*presets, **options))


def charged(*presets: str, **options: Option) -> Ledger:
    """Return the same with what a cgroup is charged, as `ptelist show` prints it."""
    found = scenario(*presets, **options)
    figures = account(found)
    for term in charges(found, figures):
        figures.add(term)
    return figures


def document(*args: str) -> dict[str, Any]:
    """Return what `ptelist compare ARGS --format json` prints."""
    result = CliRunner().invoke(main, ["compare", *args, "--format", "json"])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def figures(line: str) -> list[Figures]:
    """Return the figures of each column of `ptelist compare LINE`, in order."""
    return [
        {name: _number(found["low"], found["high"]) for name, found in config["figures"].items()}
        for config in document(*line.split())["configs"]
    ]


def _number(low: int, high: int) -> int | tuple[int, int]:
    return low if low == high else (low, high)


@cache
def table(path: str, delimiter: str = ",") -> tuple[Row, ...]:
    """Return the rows of a recorded file, lines that begin with # left out."""
    text = (DATA / path).read_text(encoding="utf-8").splitlines()
    return tuple(csv.DictReader(_uncommented(text), delimiter=delimiter))


@cache
def comments(path: str) -> str:
    """Return the lines of a recorded file that begin with #."""
    return "\n".join(line for line in (DATA / path).read_text(encoding="utf-8").splitlines() if line.startswith("#"))


def _uncommented(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if not line.startswith("#")]
