"""How the kernels of a fleet are configured, and on how many hosts: it follows from a host's kernel."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ptelist.compare.clause import joined
from ptelist.compare.clauses import CONFIG, configuration
from ptelist.output.note import Note
from ptelist.output.sentence import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ptelist.fleet.census import Census
    from ptelist.fleet.fleet import Fleet
    from ptelist.fleet.standing import Kernels

MOST = 6
"""Configurations that are told unless all is asked for."""


def counted(notes: Iterable[Note], census: Census, fleet: Fleet, kernels: Kernels) -> Iterator[Note]:
    """Yield notes; where they tell of several configurations, one says how many hosts have each, the most first."""
    told = [*notes]
    found = [note for note in told if note.topic == CONFIG.name]
    for note in told:
        if len(found) > 1 and note is found[0]:
            yield _of_hosts(census, fleet, kernels)
        elif len(found) < 2 or note not in found:  # noqa: PLR2004 -- one is told as it is
            yield note


def _of_hosts(census: Census, fleet: Fleet, kernels: Kernels) -> Note:
    by_kernel: dict[str, str] = {}
    hosts: Counter[str] = Counter()
    for kind, names in census.hosts.items():
        if kind.groups:  # of a host without VMs nothing is assumed
            kernel = kernels.name(kind)
            if kernel not in by_kernel:
                by_kernel[kernel] = joined(configuration(fleet.bare(kind.about)))
            hosts[by_kernel[kernel]] += len(names)
    each = sorted(hosts.items(), key=lambda item: (-item[1], item[0]))
    said = [f"{plural(count, 'host')} {'has' if count == 1 else 'have'} {text}" for text, count in each]
    left = len(said) - MOST
    brief = f"{'; '.join(said[:MOST])}; and {left} more" if left > 1 else None
    return Note(CONFIG.name, "; ".join(said), brief=brief)
