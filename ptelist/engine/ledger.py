"""Figures that can show where they come from.

A `Term` is an interval of integers (exact when both ends meet) together with
the operation and the terms that gave it, down to values with a kernel source.
A `Ledger` is the set of named figures of one scenario.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ptelist.engine.lists.histogram import Lists


class Unit(StrEnum):
    """What a figure counts. Terms of different units are never added."""

    BYTES = "bytes"
    PAGES = "pages"
    SLABS = "slabs"
    OBJECTS = "objects"
    ENTRIES = "entries"
    ORDER = "order"
    COUNT = "count"


class Op(StrEnum):
    """How a term follows from its parts."""

    GIVEN = "given"
    SUM = "sum"
    PRODUCT = "product"
    CEIL_DIV = "ceil_div"
    FLOOR_DIV = "floor_div"
    PACKED = "packed"
    """Slabs that objects fill: of the first part, so many of the second in each; what more there may be is named."""
    REST = "rest"
    """The first part times the second, less the third; what else bounds it is said."""
    HELD = "held"
    """Objects drawn from caches and left in them, its parts; that both are not open at once is said."""
    LISTS = "lists"
    """Descriptors of lists of which the lengths are open, but the same under any rule."""
    RULE = "rule"


class Term(NamedTuple):
    """One figure and its derivation.

    `note` is the source of a given value, or what a rule does, or why the
    interval is open; `low <= high` always, and `low >= 0`. `field` is the
    scenario's one that a given value is of, as `kernel.cache_capacity`.
    """

    name: str
    low: int
    high: int
    unit: Unit
    op: Op
    parts: tuple[Term, ...] = ()
    note: str = ""
    field: str = ""
    lists: Lists | None = None
    """Those that Op.LISTS is about."""

    @property
    def exact(self) -> bool:
        """True when the kernel leaves nothing open."""
        return self.low == self.high

    def walk(self) -> Iterator[Term]:
        """Yield this term and, depth first, all that it rests on."""
        yield self
        for part in self.parts:
            yield from part.walk()


_GIVEN, _SUM, _PRODUCT, _CEIL, _FLOOR, _PACKED, _REST, _HELD, _LISTS, _RULE = Op  # a lookup on the class is slow
_new = tuple.__new__  # and so is the __new__ of a named tuple, which only checks how many fields there are


def given(name: str, value: int, unit: Unit, source: str, path: str = "") -> Term:
    """Return a value that comes from the scenario, with its source and the path of its field."""
    return _new(Term, (name, value, value, unit, _GIVEN, (), source, path, None))


def total(name: str, unit: Unit, parts: Iterable[Term], note: str = "") -> Term:
    """Return the sum of parts; the empty sum is 0."""
    terms = tuple(parts)
    low = high = 0
    for term in terms:
        low += term.low
        high += term.high
    return _new(Term, (name, low, high, unit, _SUM, terms, note, "", None))


def product(name: str, unit: Unit, *parts: Term) -> Term:
    """Return the product of parts, all of them non-negative."""
    low = high = 1
    for term in parts:
        low *= term.low
        high *= term.high
    return _new(Term, (name, low, high, unit, _PRODUCT, parts, "", "", None))


def floor_div(name: str, unit: Unit, dividend: Term, divisor: Term) -> Term:
    """Return dividend / divisor, rounded down; the divisor is positive."""
    low = dividend.low // divisor.high
    high = dividend.high // divisor.low
    return _new(Term, (name, low, high, unit, _FLOOR, (dividend, divisor), "", "", None))


def ceil_div(name: str, unit: Unit, dividend: Term, divisor: Term) -> Term:
    """Return dividend / divisor, rounded up; the divisor is positive."""
    low = -(-dividend.low // divisor.high)
    high = -(-dividend.high // divisor.low)
    return _new(Term, (name, low, high, unit, _CEIL, (dividend, divisor), "", "", None))


FILLERS, LEFT = "fillers", "left_of_sheaves"
"""Parts of slabs that are packed: who fills slabs of its own, and the objects that lie among those in use."""


def packed(name: str, ends: tuple[int, int], note: str, *parts: Term) -> Term:
    """Return the slabs of objects, the first of the parts; the second is how many a slab has room for.

    Others are FILLERS, one if there is no such part, and LEFT, the most of them, else none.
    """
    return _new(Term, (name, *ends, Unit.SLABS, _PACKED, parts, note, "", None))


def rest(name: str, ends: tuple[int, int], unit: Unit, note: str, *parts: Term) -> Term:
    """Return the first of three parts times the second, less the third."""
    return _new(Term, (name, *ends, unit, _REST, parts, note, "", None))


def of_lists(name: str, ends: tuple[int, int], note: str, lists: Lists, *parts: Term) -> Term:
    """Return the descriptors of lists of open lengths."""
    return _new(Term, (name, *ends, Unit.OBJECTS, _LISTS, parts, note, "", lists))


def held(name: str, ends: tuple[int, int], note: str, *parts: Term) -> Term:
    """Return the objects that were drawn from caches, the first of the parts, with what is left in them, the others."""
    return _new(Term, (name, *ends, Unit.OBJECTS, _HELD, parts, note, "", None))


def rule(name: str, low: int, high: int, unit: Unit, note: str, *parts: Term) -> Term:
    """Return what a kernel rule gives that plain arithmetic does not say."""
    return _new(Term, (name, low, high, unit, _RULE, parts, note, "", None))


def fixed(name: str, value: int, unit: Unit, note: str, *parts: Term) -> Term:
    """Return what a kernel rule gives exactly."""
    return _new(Term, (name, value, value, unit, _RULE, parts, note, "", None))


def nothing(name: str, unit: Unit, why: str) -> Term:
    """Return a zero, with the reason for it."""
    return _new(Term, (name, 0, 0, unit, _GIVEN, (), why, "", None))


def named(name: str, term: Term) -> Term:
    """Return the same derivation under another name."""
    return _new(Term, (name, *term[1:]))


TYPICAL = ".typical"
"""Ends the names of figures that are simulated, for a host with a history."""


class Ledger(dict[str, Term]):
    """The figures of one scenario by id, e.g. `pte_list_desc.bytes.slab`."""

    def __missing__(self, name: str) -> Term:
        """Return for a figure that is simulated, where nothing is, what it is simulated of.

        So hosts with a history and fresh ones, of which every history is the same, can stand side by side.
        """
        if not name.endswith(TYPICAL):
            raise KeyError(name)
        whole = name.removesuffix(TYPICAL)
        return self[f"{whole}.total" if whole.endswith(".bytes") else whole]

    def add(self, term: Term) -> Term:
        """Enter a figure under its own name and return it."""
        self[term.name] = term
        return term
