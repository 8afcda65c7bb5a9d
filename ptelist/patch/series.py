"""A patch series: its patches in their order, whether mails or commits."""

from __future__ import annotations

from typing import NamedTuple


class Patch(NamedTuple):
    """One patch."""

    label: str
    """Which one it is: 3/4 of a series that is mailed, or the beginning of a commit's hash."""
    title: str
    """Its subject, as it is quoted."""
    messages: frozenset[str]
    """The message-ids that it is known by."""
    diff: str = ""
    """What it changes, for git apply; "" of a commit."""
    commit: str = ""
    """Its hash; "" of a mail."""


class Series(NamedTuple):
    """Patches that follow each other, at least one."""

    patches: tuple[Patch, ...]
    base: str = ""
    """The commit that they say they are made for."""


MOST_PATCHES = 200
"""Each is a build."""
