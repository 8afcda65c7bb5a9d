"""The kernels of a fleet that count as others: whose they are, what stands for them, on how many hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output.note import Note
from ptelist.output.sentence import plural
from ptelist.scenario.presets import mapping, releases
from ptelist.scenario.presets.mapping import KernelMap

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

ASSUMED = "kernels"
"""The topic."""

MOST = 6
"""Distributions and profiles that are told unless all is asked for."""


def taken_for(hosts: Mapping[str, int], maps: KernelMap) -> Iterator[Note]:
    """Yield a note on each distribution and profile with how many hosts are assumed to have it, the most first."""
    found: dict[tuple[str, str], list[int]] = {}
    for text, count in hosts.items():
        if said := mapping.parts(maps.taken_for(text)):
            owner = releases.read(said[0]).owner
            found.setdefault((owner, _series(said[1])), []).append(count)
    total = sum(map(sum, found.values()))
    if not found:
        return
    each = sorted(found.items(), key=lambda item: (-sum(item[1]), item[0]))
    told = [
        f"{owner} as {profile} {sum(counts):,} ({plural(len(counts), 'release')})" for (owner, profile), counts in each
    ]
    share = f"{total:,} of {plural(sum(hosts.values()), 'host')} ASSUMED to be as --map-kernel says: "
    left = len(told) - MOST
    brief = f"{share}{', '.join(told[:MOST])}, and {left} more" if left > 1 else None
    yield Note(ASSUMED, share + ", ".join(told), brief=brief)


def of_no_host(texts: Iterable[str], kernels: Collection[str]) -> Iterator[Note]:
    """Yield a note on what of --map-kernel stands for none of these kernels, which a misspelt pattern does."""
    idle = [text for text in texts if all(KernelMap((text,)).taken_for(kernel) == kernel for kernel in kernels)]
    if idle:
        yield Note("map-kernel", f"stands for the kernel of no host: {', '.join(idle)}")


def _series(profile: str) -> str:
    """Return the series of a release, or another profile as it is called."""
    try:
        return releases.read(profile).series
    except ValueError:
        return profile
