"""Versions of kernels, as presets and releases name them."""

from __future__ import annotations

import re

SERIES = r"v?([0-9]{1,4})\.([0-9]{1,4})(?:[.\-_][A-Za-z0-9.\-~_]*)?(?:\+(?:[0-9]*[A-Za-z][A-Za-z0-9.\-+~_]*)?)?"
"""A series, or a release of one."""
SERIES_ALONE = r"[0-9]{1,4}\.[0-9]{1,4}"
"""A series and nothing else."""


def is_release(name: str) -> bool:
    """Return whether a name is a kernel's release, as a machine or a build says it, and no name of a file."""
    return bool(re.fullmatch(SERIES, name)) and "/" not in name and not name.endswith(".toml")


def version_key(name: str) -> tuple[int, int]:
    """Return a kernel version's sort key."""
    match = re.fullmatch(SERIES, name)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def stable_key(name: str) -> tuple[int, int, int] | None:
    """Return the sort key of a stable release, None for a name that does not say which one it is.

    6.12.118+deb13-amd64 is 6.12.118 and v6.12.0 the first of its series; a distribution's 6.8.0-45-generic
    has patches of some later one, and 6.12 may be any.
    """
    match = re.fullmatch(r"v?([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4})(.*)|-rc[0-9]+.*)", name)
    if match is None or (match[3] and int(match[3]) == 0 and match[4]):
        return None
    return int(match[1]), int(match[2]), int(match[3] or 0)
