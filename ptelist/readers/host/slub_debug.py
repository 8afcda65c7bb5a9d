"""The slub_debug letters of a cache: what its own files show, and what a boot option asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_DEBUG = "FZPU"
"""What a bare slub_debug turns on."""

FLAG_FILES = {"F": "sanity_checks", "Z": "red_zone", "P": "poison", "U": "store_user", "T": "trace"}


def flags(cells: Mapping[str, str]) -> str:
    """Return the slub_debug letters that a cache's own files show."""
    return "".join(letter for letter, name in FLAG_FILES.items() if cells.get(name, "0") != "0")


def letters(text: str, cache: str) -> str:
    """Return the letters of `FLAGS[,CACHE..][;FLAGS..]` for a cache (parse_slub_debug_flags(), mm/slub.c).

    The first block that names the cache beats the last one that names none.
    """
    general = ""
    for block in text.split(";"):
        said, *names = block.split(",")
        said = said.rpartition("-")[2].upper() if said else DEFAULT_DEBUG
        wanted = "".join(letter for letter in "FZPUTA" if letter in said)
        if not names:
            general = wanted
        elif any(_named(cache, name) for name in names):
            return wanted
    return general


def _named(cache: str, name: str) -> bool:
    """Return whether a cache is meant: what follows an asterisk is ignored."""
    start, star, _ = name.partition("*")
    return cache.startswith(start) if star else cache == name
