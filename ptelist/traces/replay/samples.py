"""How long lists were while a trace went by: a few samples, however long it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_SAMPLES = 16


class Sample(NamedTuple):
    """How long lists were after a line."""

    at: int
    lengths: dict[int, int]
    """Lists by length."""


class Samples:
    """Samples of a trace whose length is not known before its end."""

    def __init__(self) -> None:
        """Start before the first batch of lines."""
        self._kept: list[Sample] = []
        self._batches, self._every = 0, 1

    def take(self, at: int, lengths: Callable[[], dict[int, int]]) -> None:
        """Take a sample after a batch: each time at first, and half as often whenever MOST_SAMPLES are there."""
        self._batches += 1
        if self._batches % self._every == 0:
            self._kept.append(Sample(at, lengths()))
        if len(self._kept) == MOST_SAMPLES:
            del self._kept[::2]
            self._every *= 2

    def until(self, end: Sample) -> tuple[Sample, ...]:
        """Return the samples, the last of them one of the end."""
        return (*(sample for sample in self._kept if sample.at < end.at), end)
