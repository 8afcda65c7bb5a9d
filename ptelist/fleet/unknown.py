"""Kernels of an inventory for which nothing is said to stand: counted by release, with what would resolve them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError
from ptelist.output.command_line import line
from ptelist.output.sentence import plural
from ptelist.scenario.presets import releases
from ptelist.scenario.presets.mapping import BY_NUMBER, TAKEN_FOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ptelist.scenario.presets.mapping import UnknownKernelError

MOST = 8
"""Releases that an error or a short note names, and distributions for which it has an option each."""


class UnknownRelease(NamedTuple):
    """A release for which nothing stands."""

    text: str
    needed: str
    """The value of --map-kernel that would resolve it, "" if none would."""
    hosts: int


def counted(hosts: Mapping[str, tuple[UnknownKernelError, Iterable[str]]]) -> tuple[UnknownRelease, ...]:
    """Return each release with how many hosts have it, that of the most hosts first."""
    found = [UnknownRelease(text, error.needed, len(set(names))) for text, (error, names) in hosts.items()]
    return tuple(sorted(found, key=lambda each: (-each.hosts, each.text)))


def needed(unknown: Iterable[UnknownRelease], most: int | None = None) -> str:
    """Return the options that would resolve all of them, one for all numbers if there are more than so many.

    Those for single versions come first, as the first pattern that matches counts.
    """
    values = dict.fromkeys(each.needed for each in unknown if each.needed)
    numbers = sorted(value for value in values if value.endswith(BY_NUMBER))
    versions = sorted(values.keys() - numbers)
    numbers = [f"*{TAKEN_FOR}{BY_NUMBER}"] if most is not None and len(numbers) > most else numbers
    words = [word for value in (*versions, *numbers) for word in ("--map-kernel", value)]
    return line(words).removeprefix("ptelist").lstrip()


def listed(unknown: tuple[UnknownRelease, ...], most: int | None = None) -> str:
    """Return releases and how many hosts have each."""
    shown = [f"{each.text} ({_whose(each.text)}) {each.hosts:,}" for each in unknown[:most]]
    left = len(unknown) - len(shown)
    return ", ".join([*shown, *([f"and {left} more"] if left else [])])


def _whose(text: str) -> str:
    """Return whose kernel a release is, or which architecture it is of."""
    release = releases.read(text)
    return release.architecture or release.owner


def refused(unknown: tuple[UnknownRelease, ...], hosts: int, label: str) -> PtelistError:
    """Return the one error for all of them; `hosts` is how many there are in all."""
    left = f"{sum(each.hosts for each in unknown):,} of {plural(hosts, 'host')}"
    text = f"the kernels of {left} are not upstream's or Debian's, or of a version without a profile"
    if foreign := sum(each.hosts for each in unknown if not each.needed):
        text = f"{text}, or, of {foreign:,}, not of x86, which nothing can stand for"
    options = needed(unknown, MOST)
    known = f"say what they are to count as, which is noted: {options} (or --keep-going without them)"
    answer = known if options else "--keep-going answers without them"
    return PtelistError(f"{label}: {text}; {answer}. Hosts: {listed(unknown, MOST)}")
