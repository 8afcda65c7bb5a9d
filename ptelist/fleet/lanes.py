"""Rows of whole numbers side by side in one, so that rows are added up as fast as numbers."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

BITS = 128
"""Of a lane: no sum over the rows of an inventory comes near its half."""

WORD = BITS // 2


class Lanes:
    """So many numbers in one."""

    def __init__(self, count: int) -> None:
        """Take how many there are in a row."""
        self._signs = sum(1 << BITS * lane + BITS - 1 for lane in range(count))
        self._words = Struct("<" + "Qq" * count)

    @staticmethod
    def packed(row: Iterable[int]) -> int:
        """Return a row as one number; the sum of such numbers is that of the rows."""
        return sum(number << BITS * lane for lane, number in enumerate(row))

    def row(self, packed: int) -> list[int]:
        """Return the row; each number must be less than half of a lane, above or below 0."""
        signed = (packed + self._signs) ^ self._signs  # a number below 0 has borrowed from the lane above
        words = iter(self._words.unpack(signed.to_bytes(self._words.size, "little")))
        return [low + (high << WORD) if high else low for low, high in zip(words, words, strict=True)]
