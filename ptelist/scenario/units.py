"""Sizes in text, exactly: "128 B", "1.25 MiB", or a plain number of bytes."""

from __future__ import annotations

import re

UNITS = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
MOST_DIGITS = 40
"""Before the point, and behind it: more than any size has."""

_SIZE = r"([0-9]+)(?:\.([0-9]+))? ?([A-Za-z]*)"


def parse_size(text: str) -> int:
    """Return the bytes that text names.

    A letter alone is a power of 1024, as for the kernel: 64G is 64 GiB. Raises ValueError for anything but a
    decimal number with such a unit behind it; for KB or GB, which mean two things; for parts of a byte.
    """
    match = re.fullmatch(_SIZE, text.strip())
    if match is None or len(match[1]) > MOST_DIGITS or len(match[2] or "") > MOST_DIGITS:
        raise ValueError(f'expected a size such as "4 GiB" or "128 B", got "{text[:40]}"')
    whole, part, said = match[1], match[2] or "", match[3]
    unit = next((unit for unit in UNITS if said.lower() in {unit.lower(), unit[:1].lower()}), None)
    if unit is None:
        clear = f"{said[:1].upper()}iB"
        if clear in UNITS:
            raise ValueError(f'"{said}" is ambiguous or misspelt: write {clear}, as in "{whole} {clear}"')
        raise ValueError(f'unknown unit "{said}": use B, KiB, MiB, GiB or TiB')
    scaled = int(whole + part) * UNITS[unit]
    size, rest = divmod(scaled, int("1" + "0" * len(part)))
    if rest:
        raise ValueError(f'"{text}" is not a whole number of bytes')
    return size


def format_size(size: int) -> str:
    """Return the shortest exact text for a size, e.g. "4 GiB", "640 KiB", "97 B"."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size and size % UNITS[unit] == 0:
            return f"{size // UNITS[unit]} {unit}"
    return f"{size} B"
