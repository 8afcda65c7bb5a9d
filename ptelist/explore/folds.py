"""A tree of text of which branches open and close: the lines that are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.output.branches import Branch

OPEN_AT_FIRST = 2
"""Levels below the root."""
Path = tuple[int, ...]
"""Which part of which part, from the root on."""


class Seen(NamedTuple):
    """A branch that is seen."""

    branch: Branch
    path: Path
    is_open: bool

    @property
    def depth(self) -> int:
        """Return how many levels it lies below the root."""
        return len(self.path)


class Folds:
    """Which branches of a tree are open."""

    def __init__(self, root: Branch) -> None:
        """Open the first levels."""
        self._root = root
        self._open = {seen.path for seen in self._walk(root, ()) if seen.depth < OPEN_AT_FIRST}

    @property
    def seen(self) -> list[Seen]:
        """Return all that is seen, in order: a branch, then what it rests on if it is open."""
        return list(self._visible(self._root, ()))

    def turn(self, path: Path, *, is_open: bool) -> None:
        """Open or close a branch."""
        (self._open.add if is_open else self._open.discard)(path)

    def turn_all(self, *, is_open: bool) -> None:
        """Open or close all branches below the root."""
        self._open = {seen.path for seen in self._walk(self._root, ()) if is_open or not seen.path}

    def _visible(self, branch: Branch, path: Path) -> Iterator[Seen]:
        is_open = path in self._open
        yield Seen(branch, path, is_open)
        for number, part in enumerate(branch.parts if is_open else ()):
            yield from self._visible(part, (*path, number))

    def _walk(self, branch: Branch, path: Path) -> Iterator[Seen]:
        yield Seen(branch, path, is_open=True)
        for number, part in enumerate(branch.parts):
            yield from self._walk(part, (*path, number))
