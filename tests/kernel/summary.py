"""The recorded data in a table: what was observed on each kernel, and how much of it ptelist predicts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from kernel import recording
from kernel.fetch import SERIES
from ptelist.compare.single import single
from ptelist.observe.observation import observe
from ptelist.readers.host import snapshot

if TYPE_CHECKING:
    from pathlib import Path

HEAD = (
    "kernel", "boots", "observations", "exact", "agreeing", "differing", "bounded below only",
    "slab caches", "caches agreeing", "caches differing",
)  # fmt: skip


class Count(NamedTuple):
    """One kernel's row."""

    release: str
    boots: int
    observations: int
    """Numbers measured by experiments."""
    exact: int
    """Those that are predicted as one number."""
    agreeing: int
    """Those that lie within what is predicted, with an upper end."""
    differing: int
    below_only: int
    """Those of which nothing more is said than how few there may be: they agree with any large number."""
    caches: int
    """Of all machines, those saved with VMs alive left out."""
    caches_agreeing: int
    caches_differing: int


@cache
def counts() -> tuple[Count, ...]:
    """Return a row for each kernel with recorded data, old ones first."""
    paths: dict[str, list[Path]] = {series: [] for series in SERIES}
    for path in recording.recorded():
        paths[path.parent.name].append(path)
    return tuple(_count(found) for found in paths.values() if found)


def _count(paths: list[Path]) -> Count:
    runs = [recording.parse(path.read_text(encoding="utf-8")) for path in paths]
    machine = runs[0].machine
    (version,) = set(machine.packages.values())
    pairs = [pair for path in paths for _, found in recording.compared(path) for pair in found]
    wrong = sum(not pair.agrees for pair in pairs)
    below = sum(pair.agrees and pair.bounded_below_only for pair in pairs)
    certain = sum(isinstance(pair.predicted, int) for pair in pairs)
    verdicts = [verdict for path in paths for verdict in _caches(path.with_suffix(".observation"))]
    right = verdicts.count(True)
    name = f"{machine.release} ({version})"
    counts = len(pairs), certain, len(pairs) - wrong - below, wrong, below
    return Count(name, len(runs), *counts, len(verdicts), right, len(verdicts) - right)


def _caches(path: Path) -> list[bool]:
    """Return for each slab cache of a saved machine whether all of its layout is as predicted."""
    comparison = single((), [("kernel", str(path)), ("host", str(path))], "")
    found = observe(
        snapshot.parse(path.read_text(encoding="utf-8"), path.name), path.name, comparison, counts=False, every=True
    )
    return [all(check.agrees for check in cache.checks) for cache in found.others]


def table() -> str:
    """Return the rows and their sum as a Markdown table."""
    rows = counts()
    total = [sum(column) for column in list(zip(*rows, strict=True))[1:]]
    cells = [HEAD, ("---", *["---:"] * (len(HEAD) - 1))]
    cells += [(f"`{row.release}`", *map("{:,}".format, row[1:])) for row in rows]
    cells.append(("all", *map("{:,}".format, total)))
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)
