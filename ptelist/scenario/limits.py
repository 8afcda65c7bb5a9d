"""What the fields of a scenario may be, beside their types."""

from collections.abc import Callable
from typing import Annotated, NamedTuple

from ptelist.scenario.units import parse_size


class Limits(NamedTuple):
    """What a value must keep beside its type."""

    least: int | None = None
    most: int | None = None
    multiple_of: int | None = None
    pattern: str | None = None
    """That the whole text matches."""
    shortest: int | None = None
    """The fewest items of a tuple."""
    read: Callable[[object], object] | None = None
    """What the value is read with first; raises ValueError."""


Positive = Annotated[int, Limits(1)]
Natural = Annotated[int, Limits(0)]
MOST_CPUS = 8192
"""x86 kernels are built for no more (NR_CPUS_RANGE_END, arch/x86/Kconfig)."""

Order = Annotated[int, Limits(0, 10)]
Text = Annotated[str, Limits(pattern=r"[^\x00-\x1f\x7f]*")]
Table = tuple[tuple[Natural, Natural], ...]


def _size(value: object) -> object:
    return parse_size(value) if isinstance(value, str) and value.isascii() else value


def _letters(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value in NO_LETTERS:
        return ""
    if not set(value) <= set(DEBUG_LETTERS):
        raise ValueError(f'expected letters of {DEBUG_LETTERS}, or none, got "{ascii(value[:40])[1:-1]}"')
    return value


DEBUG_LETTERS = "FZPUTA"
NO_LETTERS = frozenset(("-", "none"))
DebugLetters = Annotated[str, Limits(read=_letters)]
"""Of the boot option slub_debug; "-" switches all debugging off, as for the kernel, and so does "none"."""

Size = Annotated[int, Limits(0, 1 << 52, 4096, read=_size)]
"""Bytes of guest memory: whole pages, at most the 52 bits of an x86 physical address."""

Span = tuple[Size, Size]
"""First byte and first byte after."""
