"""Who is told what a trace says."""

from __future__ import annotations

from typing import Protocol


class Sink(Protocol):
    """Who is told what a trace says; `at` is the number of a line."""

    def add(self, at: int, key: bytes, entry: bytes, cache: bytes | None = None) -> bool:
        """Add an entry to a list; return whether it was not there yet."""

    def remove(self, key: bytes, entry: bytes) -> bool:
        """Remove an entry; return whether it was there."""

    def zap(self, key: bytes) -> bool:
        """Empty a list."""

    def topup(self, cache: bytes) -> None:
        """Top a cache up."""

    def free(self, cache: bytes) -> None:
        """Free a cache."""


class SpteSink(Protocol):
    """Who is told of SPTEs that were set."""

    def set(self, key: tuple[bytes, bytes], entry: bytes) -> None:
        """Let the SPTE at an address map a page of some size."""


class Doer(Protocol):
    """Who does steps of VMs."""

    def do(self, at: int, words: list[bytes]) -> bool:
        """Do the step of a line; return whether the kernel would have recycled shadow pages by now."""
