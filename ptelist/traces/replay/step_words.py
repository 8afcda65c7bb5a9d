"""What the words of a step say: addresses, pages, numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.scenario.units import parse_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.engine.host_machine import Machine

MOST_COUNT = 1 << 24
"""Pages of one step: 64 GiB."""

MOST_DIGITS = 8
"""Of a count."""

MOST_ADDRESS = 1 << 57
"""Bytes that a root of five levels maps."""


class PageRun(NamedTuple):
    """Addresses in a row, a page each."""

    first: int
    pages: int

    def addresses(self, page_bytes: int) -> range:
        """Return an address in each page."""
        return range(self.first, self.first + self.pages * page_bytes, page_bytes)

    def leaves(self, page_bytes: int, leaf_bytes: int) -> Iterator[int]:
        """Yield an address in each leaf, which one page or many have together: the first one that is in a page."""
        last = self.first + (self.pages - 1) * page_bytes
        yield self.first
        yield from range((self.first // leaf_bytes + 1) * leaf_bytes, last + 1, leaf_bytes)


def page_name(word: bytes) -> int | bytes:
    """Return what a word says of a page: its address, or else its name."""
    try:
        return address_of(word)
    except ValueError:
        return word


def page_of(machine: Machine, name: int | bytes) -> int | bytes:
    """Return a page, by its name or by an address in it; pages are as large as leaves."""
    if isinstance(name, bytes):
        return name
    return name // machine.mmu.leaf_bytes


def run_of(word: bytes) -> PageRun:
    """Return the addresses in ADDRESS or ADDRESS*COUNT; raises ValueError if there is no such run."""
    first, star, count = word.partition(b"*")
    if star and not 1 <= number_of(count) <= MOST_COUNT:
        raise ValueError(f'expected a count of 1 to {MOST_COUNT:,} behind "*", got "{shown(count)}"')
    return PageRun(address_of(first), int(count) if star else 1)


def number_of(word: bytes) -> int:
    """Return a whole number, 0 for what is none or is far too large."""
    return int(word) if word.isdigit() and len(word) <= MOST_DIGITS else 0


def address_of(word: bytes) -> int:
    """Return the bytes that a word says; raises ValueError if it is no address."""
    text = word.decode("ascii", "replace")
    try:
        said = int(text, 16) if text[:2] in {"0x", "0X"} else parse_size(text)
    except ValueError:
        raise ValueError(f'expected an address such as 0x1000, 4096 or 1GiB, got "{shown(word)}"') from None
    if said >= MOST_ADDRESS:
        raise ValueError(f"no root maps so high an address: {said:#x}")
    return said


def shown(word: bytes | None) -> str:
    """Return a word as messages have it."""
    return (word or b"").decode("ascii", "backslashreplace")[:40]
