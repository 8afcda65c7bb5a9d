"""Which profile stands for the kernel of a distribution: only one that was said to."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError, Where
from ptelist.scenario.overlay import Origin
from ptelist.scenario.presets import releases, shipped
from ptelist.scenario.presets.parse import toml
from ptelist.scenario.presets.text_file import read_text
from ptelist.scenario.presets.versions import is_release, version_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TAKEN_FOR = "="
"""Between a release and the profile that stands for it, in a kernel's name."""

BY_NUMBER = "upstream"
"""Instead of a profile's name: that of the upstream release in the number."""

OPTION = Where(option="--map-kernel")
MOST_PATTERN = 200


class UnknownKernelError(PtelistError):
    """A release that no profile is said to stand for."""

    def __init__(self, release: releases.Release, text: str, needed: str = "") -> None:
        """Take the release, what is wrong, and the value of --map-kernel that would resolve it, "" if none would."""
        super().__init__(f"{text}: --map-kernel '{needed}' takes it for that" if needed else text)
        self.release, self.needed = release, needed


def parts(name: str) -> tuple[str, str] | None:
    """Return the release and the profile in RELEASE=PROFILE, None for any other name.

    Raises UnknownKernelError for a release of another architecture, for which none can stand.
    """
    release, equals, profile = name.partition(TAKEN_FOR)
    if not equals or not is_release(release):
        return None
    refuse_other_architecture(release)
    return release, releases.read(release).version if profile == BY_NUMBER else profile


def stands_for(name: str) -> str:
    """Return the profile in RELEASE=PROFILE, else a kernel's name as it is; raises as `refuse_unknown` does."""
    if said := parts(name):
        return said[1]
    if is_release(name):
        refuse_unknown(name)
    return name


def refuse_other_architecture(name: str) -> None:
    """Raise UnknownKernelError for a release that says it is not of x86, of whose KVM all profiles are."""
    release = releases.read(name)
    if release.architecture:
        raise UnknownKernelError(release, f"{name} is of {release.architecture}, whose KVM has no shadow MMU as on x86")


def refuse_unknown(name: str) -> None:
    """Raise UnknownKernelError for a distribution's release but Debian's, and for one whose series has no profile.

    As `refuse_other_architecture` as well.
    """
    refuse_other_architecture(name)
    release = releases.read(name)
    series = release.series
    if series not in (known := shipped.names("kernels")):
        nearest = min(known, key=lambda each: _distance(each, series))
        pattern = f"{series}.*" if name.startswith(f"{series}.") else name
        text = shipped.no_kernel(series) if release.is_direct else f"{name} ({release.owner}): no profile for {series}"
        raise UnknownKernelError(release, text, f"{pattern}{TAKEN_FOR}{nearest}")
    if not release.is_direct:
        pattern = _pattern(release) if release.distribution == releases.OTHER else release.distribution
        text = f"{name} is not upstream's {release.version} ({release.owner})"
        raise UnknownKernelError(release, text, f"{pattern}{TAKEN_FOR}{BY_NUMBER}")


def _pattern(release: releases.Release) -> str:
    """Return what matches releases with the same unknown mark: the word at its end, else this release alone."""
    word = re.search(r"(?<![A-Za-z0-9])[A-Za-z]{3,}$", release.mark)
    return f"*{word[0]}" if word else release.text


def _distance(version: str, wanted: str) -> tuple[int, int]:
    """Return how far a version is from another; of two as far, the newer one counts as nearer."""
    (major, minor), (other, small) = version_key(version), version_key(wanted)
    return abs((major - other) * 20 + minor - small), -major * 100 - minor


class KernelMap:
    """Patterns, and the profile that each says stands for the releases that it matches; the first one counts."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Take PATTERN=PROFILE, or TOML files of such a table; raises PtelistError for what is neither."""
        self._pairs = [pair for text in texts for pair in _pairs(text)]

    def name(self, release: str) -> str:
        """Return a release as a kernel's name, RELEASE=PROFILE where that is said, else as it is.

        Raises UnknownKernelError for one that would need to be.
        """
        known = self.taken_for(release)
        if known == release:
            refuse_unknown(release)
        return known

    def taken_for(self, name: str) -> str:
        """Return RELEASE=PROFILE for a release that a pattern matches, any other name as it is."""
        if not self._pairs or not is_release(name):
            return name
        release = releases.read(name)
        if release.architecture:
            return name
        texts = [each.lower() for each in (name, release.mark, release.distribution) if each]
        for pattern, profile in self._pairs:
            if any(fnmatchcase(text, pattern) for text in texts):
                by_number = profile == BY_NUMBER
                if by_number and release.is_direct:
                    return name
                if by_number and release.series not in shipped.names("kernels"):
                    continue
                return f"{name}{TAKEN_FOR}{release.version if by_number else profile}"
        return name


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield patterns, in small letters, and profiles."""
    pattern, equals, profile = text.partition(TAKEN_FOR)
    if equals:
        yield _pair(pattern, profile, OPTION)
        return
    said = read_text(text, text, "PATTERN=PROFILE, or a TOML file of such lines")
    origin = Origin(text, said)
    folder = text.rpartition("/")[0]
    for key, value in toml(said, text).items():
        where = origin.at(key)
        if not isinstance(value, str):
            raise PtelistError(f'{key[:40]}: expected a profile as text, as in "el9*" = "5.14"', where)
        beside = folder and value.endswith(shipped.SUFFIX) and not value.startswith("/")
        yield _pair(key, f"{folder}/{value}" if beside else value, where)


def _pair(pattern: str, profile: str, where: Where) -> tuple[str, str]:
    pattern, profile = pattern.strip().lower(), profile.strip()
    if not pattern or not profile or len(pattern) > MOST_PATTERN:
        raise PtelistError("expected PATTERN=PROFILE, as in 'el9*=5.14' or ubuntu=upstream", where)
    if profile != BY_NUMBER:
        try:
            _, kind = shipped.find(profile, "kernels")
        except PtelistError as error:
            raise PtelistError(f"{pattern}: {error}", where) from None
        if kind == shipped.FILE and profile != "-" and not os.path.exists(profile):  # noqa: PTH110 -- pathlib takes long to load
            raise PtelistError(f"{pattern}: no file {profile}", where)
        if kind != shipped.FILE and not releases.read(profile).is_direct:
            raise PtelistError(f"{pattern}: {profile[:40]} is a release of {releases.read(profile).owner}", where)
    return pattern, profile
