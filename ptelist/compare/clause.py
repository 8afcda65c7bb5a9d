"""One thing that is taken for granted, and which figures it bears on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.scenario.vm_structs import ALL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptelist.engine.ledger import Term

MEMORY, CPUS, SLABS, CACHES, LISTS, VM_STRUCTS = "memory", "cpus", "slabs", "caches", "lists", "vm_structs"
"""What a clause may be about."""

WORDS = {
    MEMORY: frozenset(
        ("memory", "low_memory", "l2_memory", "memslots", "tables", "shadow_pages", "page_tables", "lists", "beside")
    ),
    CPUS: frozenset(("cpus", "slabs", "slab_order", "track_srcu", "sheaves")),
    SLABS: frozenset(("slabs", "memcg", "retained", "waste", "charged", "raw")),
    CACHES: frozenset(("filled", "caches", "cache_capacity", "vcpu_caches", "split_caches")),
    LISTS: frozenset(("lists", "rmaps", "parent_ptes")),
    VM_STRUCTS: frozenset(ALL),
}
"""Words in the names of terms and fields, one of which is in the derivation of every figure that it bears on."""


class Clause(NamedTuple):
    """A few words of a sentence about one topic."""

    text: str
    fine: bool = False
    """Whether it is told only to those who ask for all that was assumed."""
    about: str = ""
    """What figures must depend on for it to bear on them; "" if it bears on all."""
    key: str = ""
    """Of the clauses with one key the first is told that holds of all columns."""

    def seen_from(self, touched: frozenset[str] | None) -> Clause:
        """Return it as small print if it bears on none of the figures that touch only these words; None: on all."""
        bears = touched is None or not self.about or WORDS[self.about] & touched
        return self if bears else self._replace(fine=True)


def fine(text: str) -> Clause:
    """Return a clause that is told only to those who ask for all."""
    return Clause(text, fine=True)


def joined(clauses: Iterable[Clause]) -> str:
    """Return clauses as one text."""
    return ", ".join(clause.text for clause in clauses)


def touched(terms: Iterable[Term]) -> frozenset[str]:
    """Return the words in the names of all figures and fields that some figures rest on, but for those that are 0."""
    words: set[str] = set()
    waiting = list(terms)
    for term in waiting:
        words.update(term.name.split("."))
    seen = set()
    while waiting:
        term = waiting.pop()
        if id(term) in seen or not term.high:
            continue
        seen.add(id(term))
        words.update(term.name.split("."))
        words.update(term.field.split("."))
        waiting += term.parts
    return frozenset(words)
