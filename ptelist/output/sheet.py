"""A page that can be drawn and folded: parts of a whole, steps of a difference, and trees of reasons, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.output.page import Table

if TYPE_CHECKING:
    from ptelist.output.branches import Branch


class Part(NamedTuple):
    """A part of a whole, and what that is made of."""

    name: str
    low: int
    high: int
    cells: tuple[str, ...]
    """How much it is, as tables say it: below the heads of the whole."""
    about: str
    """What it is, in half a line."""
    why: Branch
    """How it follows."""
    parts: tuple[Part, ...]


class Whole(NamedTuple):
    """What there is in all, down to its smallest parts."""

    title: str
    head: tuple[str, ...]
    """Of each part's cells, behind the one of its name."""
    root: Part
    folded: bool = False
    """Whether its parts are drawn only, and told when they are asked for."""


class Step(NamedTuple):
    """One step of a difference."""

    name: str
    low: int
    high: int
    cells: tuple[str, ...]
    """How much that is, as tables say it, and in percent if that says anything."""
    why: Branch
    """What it comes of."""


class Waterfall(NamedTuple):
    """A difference, step by step from what was to what is."""

    title: str
    old: Step
    steps: tuple[Step, ...]
    new: Step


class Reasons(NamedTuple):
    """Trees of reasons below each other."""

    title: str
    roots: tuple[Branch, ...]
    levels: int = 1
    """So many levels are open at first."""


Drawing = Table | Whole | Waterfall | Reasons


class Folded(NamedTuple):
    """What is shown when it is asked for; until then its title is."""

    block: Drawing


Block = Drawing | Folded
