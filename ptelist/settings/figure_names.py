"""Figures as they are typed; nothing is loaded before a shell asks."""

from __future__ import annotations


def offered(begun: str) -> list[str]:
    """Return the groups of figures, and the figures, that a name may be which is begun."""
    from ptelist.settings.catalog.meanings import MEANINGS  # noqa: PLC0415 -- for completion only

    groups = dict.fromkeys(name.partition(".")[0] for name in MEANINGS)
    return [name for name in (*groups, *MEANINGS) if name.startswith(begun)]
