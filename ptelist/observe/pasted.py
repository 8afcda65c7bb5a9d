"""A copy of slabinfo from a host of which nothing else is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.compare.single import single
from ptelist.observe import cpu_class
from ptelist.output import sentence
from ptelist.output.note import Note
from ptelist.readers.host import slabinfo
from ptelist.settings.columns import KERNELS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from ptelist.compare.comparison import Comparison
    from ptelist.output.command_line import Options

GIVEN = frozenset(("host", "cpus", "possible-cpus", "host.cpus", "host.possible_cpus"))
"""Options that say how many CPUs there are."""
THIS_KERNEL = Note("kernel", "slabinfo does not say which, so it is taken for this machine's: --kernel names another")


def compared(
    text: str, label: str, options: Options, given: Collection[str], line: str
) -> tuple[Comparison, tuple[Note, ...]]:
    """Return the scenario of a copy's host and what is known of its CPUs: those given, else the most that it tells of.

    With the most, what CPUs keep for themselves is not taken for too little.
    """
    comparison = single((), [*options], line)
    scenario = comparison.columns[0].scenario
    found = cpu_class.told(slabinfo.parse(text, label).rows.values(), scenario)
    kernel = () if not KERNELS.isdisjoint(given) else (THIS_KERNEL,)
    if found is None:
        return comparison, kernel
    is_given = not GIVEN.isdisjoint(given)
    if not is_given:
        comparison = single((), [*options, ("cpus", str(found.high))], line)
        if found.low < found.high:
            assumed = f"ASSUMED to have the most of {found.said}: "
            comparison = comparison._replace(assumptions=tuple(_of_host(comparison.assumptions, assumed)))
    return comparison, (*kernel, *cpu_class.notes(found, scenario, given=is_given))


def beside(text: str, label: str) -> Iterator[Note]:
    """Yield what of a copy does not count: lines that are no part of the table, and those that stand there twice."""
    copy = slabinfo.parse(text, label)
    if copy.left_out:
        one = copy.left_out == 1
        said = f"{sentence.plural(copy.left_out, 'line')} beside the table {'was' if one else 'were'} left out"
        yield Note("slabinfo", said)
    if copy.twice:
        one = copy.twice == 1
        said = f"{sentence.plural(copy.twice, 'line')} {'stands' if one else 'stand'} there twice and"
        yield Note("slabinfo", f"{said} {'counts' if one else 'count'} once")


def _of_host(notes: Iterable[Note], assumed: str) -> Iterator[Note]:
    """Yield notes, that of the host with what was assumed of its CPUs."""
    for note in notes:
        if note.topic == "host":
            brief = note.brief and f"{assumed}{note.brief}"
            yield note._replace(text=f"{assumed}{note.text}", brief=brief)
        else:
            yield note
