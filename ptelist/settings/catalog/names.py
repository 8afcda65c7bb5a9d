"""Figures by name, by group or by pattern: `mmu.bytes.total`, `memslots`, `*.slabs`."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError, suggestion
from ptelist.settings.catalog.meanings import MEANINGS, OF_BUILDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

MOST_NAMED = 4
"""So many figures are named that may be meant."""
LIST = "ptelist figures lists them all"


def select(wanted: Iterable[str], known: Collection[str]) -> list[str]:
    """Return the figures that are wanted, each once; raises PtelistError for what names none.

    `wanted` are names, groups (`memslots` is `memslots.bytes` and all below) and patterns (`*.slabs`).
    """
    return list(dict.fromkeys(figure for name in wanted for figure in _matching(name, known)))


def one(name: str, known: Collection[str]) -> str:
    """Return the one figure that is wanted; raises PtelistError for what names none, or several."""
    figures = _matching(name, known)
    if len(figures) > 1:
        raise PtelistError(f'"{name}" names {len(figures)} figures: {_some(figures)}; one is wanted')
    return figures[0]


def _matching(name: str, known: Collection[str]) -> list[str]:
    if name in known:
        return [name]
    if any(sign in name for sign in "*?["):
        figures = [figure for figure in known if fnmatchcase(figure, name)]
    else:
        figures = [figure for figure in known if figure.startswith(f"{name}.")]
    if not figures and any(figure == name or figure.startswith(f"{name}.") for figure in OF_BUILDS):
        build = "--kernel-from a kvm.ko with kvm-intel.ko or kvm-amd.ko beside"
        raise PtelistError(f'no figure "{name}" here: only a build tells it: {build}')
    if not figures:
        raise PtelistError(f'no figure "{name}"{_meant(name, known)} ({LIST})')
    return figures


def _meant(name: str, known: Collection[str]) -> str:
    """Return the figures whose names end so, or whose meaning has the word; else those that are spelt alike."""
    ends = [figure for figure in known if figure.endswith(f".{name}")]
    means = [figure for figure in known if name.lower() in MEANINGS.get(figure, "").lower()]
    if ends or means:
        return f"; did you mean {_some(ends or means)}?"
    return suggestion(name, known)


def _some(figures: list[str]) -> str:
    named = figures[:MOST_NAMED]
    return f"{', '.join(named)}, ..." if len(figures) > len(named) else " or ".join(named)
