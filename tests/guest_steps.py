"""What the probes' guest does, as a step file, and what `ptelist replay` prints of it.

A guest's memory is as the probes have it: aliases begin at 1 GiB and map the page `target`, or one of several; code and
a page of data, which a vCPU's first run touches, lie below, and so do the guest's page tables. No rule of a kernel is
in here: what a step takes is what the command says.
"""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.settings.columns import expand
from ptelist.traces.replay.replay import replay

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptelist.traces.replay import vm_steps
    from ptelist.traces.replay.replay import Replayed

PAGE = 4096
TABLE = 512
"""Pages that one page table maps."""
ALIASES = 1 << 30
ALIAS_TABLES = 1 << 20
"""Guest physical: the page tables of the aliases, one after the other."""
CODE_AND_DATA = 0x1000, 0x2000
Options = tuple[tuple[str, str], ...]
GUEST: Options = (("memslots", "ram"), ("memory", "16MiB"), ("leaf", "4K"), ("smm", "off"))
"""The probes' VM, as options."""
SHADOW: Options = (("paging", "shadow"), *GUEST)


class Moment(NamedTuple):
    """What is printed at a mark."""

    held: int
    cached: int
    live: int
    headers: int
    tables: int
    entries: int
    longest: int
    slabs: dict[str, tuple[int, int]]
    lists: dict[int, int]
    rmaps_stat: dict[str, list[int]] | None
    slabs_raw: dict[str, tuple[int, int]] | None = None
    """As /proc/slabinfo counts them, if a step asked for it."""
    charged: dict[str, tuple[int, int]] | None = None
    """What a cgroup is charged, by kind, if a step opened a VM."""

    @property
    def counts(self) -> tuple[int, int, int]:
        """Return held, cached and in_use, as the recorded files have them."""
        return self.held, self.cached, self.live

    def followed(self, name: str) -> tuple[int, int]:
        """Return the slabs of a cache as /proc/slabinfo counts them."""
        assert self.slabs_raw is not None, "no step asked to follow slabs"
        return self.slabs_raw[name]

    def charge(self, kind: str) -> tuple[int, int]:
        """Return what a cgroup is charged."""
        assert self.charged is not None, "no step opened a VM"
        return self.charged[kind]


@cache
def _replayed(text: str, options: Options) -> Replayed:
    """Return what `ptelist replay FILE OPTIONS` prints of a step file, whatever the format; see `as_json`."""
    return replay(io.BytesIO(text.encode()), "steps", expand((), options), "ptelist replay")


def replayed(steps: Iterable[str], kernels: tuple[str, ...], options: Options = SHADOW) -> Replayed:
    """Return all that is printed of steps, a column for each kernel."""
    return _replayed("".join(f"{step}\n" for step in steps), (("kernel", ",".join(kernels)), *options))


def moments(
    steps: Iterable[str], kernel: str, among: tuple[str, ...] = (), options: Options = SHADOW
) -> tuple[Moment, ...]:
    """Return what is printed at each mark; a replay that says it is not exact fails.

    `among`: kernels that are replayed at once, of which each has a column, for that the same is asked of all of them.
    """
    kernels = among or (kernel,)
    found = replayed(steps, kernels, options)
    assert found.inexact_from is None
    column = kernels.index(kernel)
    return tuple(_moment(stage.moments[column]) for stage in found.stages[:-1])


def _moment(found: vm_steps.Moment) -> Moment:
    counts = found.counts
    held = counts.held, counts.cached, counts.in_lists
    tables = counts.headers, counts.tables, counts.entries, counts.longest
    return Moment(*held, *tables, found.slabs, found.lengths, found.rmaps_stat, found.raw, found.charged)


def as_json(mark: dict[str, Any], column: int) -> Moment:
    """Return a mark of `ptelist replay --format json`, which is what `moments` gives."""
    counts = (mark[name][column] for name in Moment._fields[:7])
    slabs, raw, charged = (
        {name: (ends[column]["low"], ends[column]["high"]) for name, ends in mark.get(which, {}).items()}
        for which in ("slabs", "slabs_raw", "charged")
    )
    lists = {int(length): count for length, count in mark["lists"][column].items()}
    return Moment(*counts, slabs, lists, mark["mmu_rmaps_stat"][column], raw or None, charged or None)


# steps


def start(vm: str = "vm", vcpu: int = 0, *, paged: bool = True) -> list[str]:
    """A vCPU's first run: code, and a page of data."""
    return [f"run {vm} {vcpu}{'' if paged else ' unpaged'}", *(f"touch {vm} {vcpu} {at:#x}" for at in CODE_AND_DATA)]


def touch(alias: int, count: int = 1, page: str = "target", table: str = "") -> str:
    """Aliases in a row of one page."""
    run = f"*{count}" if count > 1 else ""
    return f"touch vm 0 {ALIASES + alias * PAGE:#x}{run} {page} {table}".rstrip()


def drop(alias: int) -> str:
    """The guest takes an alias out of its page table."""
    return f"drop vm {ALIASES + alias * PAGE:#x}"


def write_table(alias: int) -> str:
    """The guest writes to the page table of an alias, which is guest memory like any other."""
    return f"touch vm 0 {ALIAS_TABLES + alias // TABLE * PAGE:#x}"


def charged(before: Moment, after: Moment, kind: str) -> tuple[int, int]:
    """Return by how much the charge of a kind grows between two marks, at least and at most."""
    (low, high), (new_low, new_high) = before.charge(kind), after.charge(kind)
    return new_low - high, new_high - low


def marked(steps: Iterable[str]) -> list[str]:
    """Each step with a mark behind it."""
    return [line for step in steps for line in (step, "mark")]


def grown(entries: int) -> list[str]:
    """One page, so many aliases of it, touched in their order."""
    return [*start(), touch(0, entries)]


@cache
def mapped(gfns: int, each: int, *, interleaved: bool) -> str:
    """Many pages, of each so many aliases: one page after the other, or one alias of each in turn; as many lines."""
    if not interleaved:
        return "\n".join(touch(gfn * each, each, f"page{gfn}") for gfn in range(gfns))
    return "\n".join(touch(alias, 1, f"page{alias % gfns}") for alias in range(gfns * each))
