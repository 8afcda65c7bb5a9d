"""What the probes' guest does, as a step file, and what `ptelist replay` prints of it.

A guest's memory is as the probes have it: aliases begin at 1 GiB and map the page `target`, or one of several; code and
a page of data, which a vCPU's first run touches, lie below, and so do the guest's page tables. No rule of a kernel is
in here: what a step takes is what the command says.
"""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.columns import expand
from ptelist.replay import replay
from ptelist.views.replay import data

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = 4096
TABLE = 512
"""Pages that one page table maps."""
ALIASES = 1 << 30
ALIAS_TABLES = 1 << 20
"""Guest physical: the page tables of the aliases, one after the other."""
CODE_AND_DATA = 0x1000, 0x2000
Options = tuple[tuple[str, str], ...]
GUEST: Options = (("memory", "16MiB"), ("leaf", "4K"), ("smm", "off"))
"""The probes' VM, as options."""
SHADOW: Options = (("paging", "shadow"), *GUEST)


class Moment(NamedTuple):
    """What is printed at a mark."""

    held: int
    cached: int
    live: int
    headers: int
    headers_cached: int
    tables: int
    entries: int
    longest: int
    slabs: dict[str, tuple[int, int]]
    lists: dict[int, int]
    rmaps_stat: dict[str, list[int]] | None

    @property
    def counts(self) -> tuple[int, int, int]:
        """Return held, cached and in_use, as the recorded files have them."""
        return self.held, self.cached, self.live


@cache
def printed(text: str, options: Options) -> dict[str, Any]:
    """Return what `ptelist replay FILE OPTIONS --format json` prints of a step file beside the figures."""
    found = replay(io.BytesIO(text.encode()), "steps", expand((), options), "ptelist replay")
    return data(found)


def replayed(steps: Iterable[str], kernels: tuple[str, ...], options: Options = SHADOW) -> dict[str, Any]:
    """Return all that is printed of steps, a column for each kernel."""
    return printed("".join(f"{step}\n" for step in steps), (("kernel", ",".join(kernels)), *options))


@cache
def _moments(text: str, kernels: tuple[str, ...], options: Options) -> dict[str, tuple[Moment, ...]]:
    document = printed(text, (("kernel", ",".join(kernels)), *options))
    assert document["exact"], document["inexact_from"]
    marks = document["marks"]
    return {kernel: tuple(_moment(mark, column) for mark in marks) for column, kernel in enumerate(kernels)}


def _moment(mark: dict[str, Any], column: int) -> Moment:
    counts = (mark[name][column] for name in Moment._fields[:8])
    slabs = {name: (ends[column]["low"], ends[column]["high"]) for name, ends in mark["slabs"].items()}
    return Moment(*counts, slabs, mark["lists"][column], mark["mmu_rmaps_stat"][column])


def moments(
    steps: Iterable[str], kernel: str, among: tuple[str, ...] = (), options: Options = SHADOW
) -> tuple[Moment, ...]:
    """Return what is printed at each mark; a replay that says it is not exact fails.

    `among`: kernels that are replayed at once, of which each has a column, for that the same is asked of all of them.
    """
    return _moments("".join(f"{step}\n" for step in steps), among or (kernel,), options)[kernel]


# steps


def start(vm: str = "vm", vcpu: int = 0, *, paged: bool = True) -> list[str]:
    """A vCPU's first run: code, and a page of data."""
    return [f"run {vm} {vcpu}{'' if paged else ' unpaged'}", *(f"touch {vm} {vcpu} {at:#x}" for at in CODE_AND_DATA)]


def touch(alias: int, count: int = 1, page: str = "target", table: str = "") -> str:
    """Aliases in a row of one page."""
    return f"touch vm 0 {ALIASES + alias * PAGE:#x}*{count} {page} {table}".rstrip()


def drop(alias: int) -> str:
    """The guest takes an alias out of its page table."""
    return f"drop vm {ALIASES + alias * PAGE:#x}"


def write_table(alias: int) -> str:
    """The guest writes to the page table of an alias, which is guest memory like any other."""
    return f"touch vm 0 {ALIAS_TABLES + alias // TABLE * PAGE:#x}"


def marked(steps: Iterable[str]) -> list[str]:
    """Each step with a mark behind it."""
    return [line for step in steps for line in (step, "mark")]


def grown(entries: int) -> list[str]:
    """One page, so many aliases of it, touched in their order."""
    return [*start(), touch(0, entries)]


def mapped(gfns: int, each: int, *, interleaved: bool) -> list[str]:
    """Many pages, of each so many aliases: one page after the other, or one alias of each in turn."""
    if not interleaved:
        return [touch(gfn * each, each, f"page{gfn}") for gfn in range(gfns)]
    return [touch(alias, 1, f"page{alias % gfns}") for alias in range(gfns * each)]
