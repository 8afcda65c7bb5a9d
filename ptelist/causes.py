"""Why a figure moved: the inputs that changed, and the figures between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ptelist.engine.ledger import Op

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.engine.ledger import Term
    from ptelist.sources.baseline import Baseline, Ends

NAMES = frozenset(("kernel.version", "kernel.tree", "kernel.release", "kernel.seen", "host.name"))
"""Inputs that call things by a name, and say nothing of them."""

SIZEOF = "sizeof"
BYTE = 8


class Step(NamedTuple):
    """One figure that moved, or came into being."""

    figure: str
    before: Ends
    after: Ends


def steps(term: Term, before: dict[str, Ends]) -> list[Step]:
    """Return the figures that a term rests on and that moved, causes before consequences, itself last."""
    found: dict[str, Step] = {}
    _visit(term, before, found, set())
    return list(found.values())


def _visit(term: Term, before: dict[str, Ends], found: dict[str, Step], seen: set[int]) -> None:
    if id(term) in seen:
        return
    seen.add(id(term))
    for part in term.parts:
        _visit(part, before, found, seen)
    old = before.get(term.name)
    if old is not None and old != (term.low, term.high):
        found.setdefault(term.name, Step(term.name, old, (term.low, term.high)))


def causes(term: Term, name: str, before: Baseline, after: Baseline) -> list[str]:
    """Return what changed in scenario `name` that a term rests on, a sentence each.

    Where both sides have layouts of a build, a change of a struct is told by its members.
    """
    old, new = before.entries[name].inputs, after.entries[name].inputs
    sources = after.entries[name].sources
    changed = [path for path, value in new.items() if path not in NAMES and old.get(path) != value]
    relevant = _relevant(term, changed, new, sources) or changed
    if not relevant:
        return [f"no input changed, ptelist's model did (baseline by {before.version}, this is {after.version})"]
    told: dict[str, None] = {}
    for path in relevant:
        struct = _struct(sources.get(path, ""))
        members = list(_members(before.layouts.get(struct, {}), after.layouts.get(struct, {})))
        if members:
            told.setdefault(f"struct {struct}: {', '.join(members)}")
        else:
            source = f" ({sources[path]})" if sources.get(path) else ""
            told.setdefault(f"{path} {_shown(old.get(path))} -> {_shown(new[path])}{source}")
    return list(told)


def _relevant(term: Term, changed: list[str], inputs: dict[str, Any], sources: dict[str, str]) -> list[str]:
    """Return the changed inputs that a term rests on: those with the value and the source of one of its leaves."""
    leaves: set[tuple[int, str]] = set()
    _leaves(term, leaves, set())
    return [
        path for path in changed if not isinstance(inputs[path], list) and (inputs[path], sources.get(path)) in leaves
    ]


def _leaves(term: Term, leaves: set[tuple[int, str]], seen: set[int]) -> None:
    if id(term) not in seen:
        seen.add(id(term))
        if term.op is Op.GIVEN:
            leaves.add((term.low, term.note))
        for part in term.parts:
            _leaves(part, leaves, seen)


def _struct(source: str) -> str:
    """Return the struct that a source names: sources.profile writes `FILE: struct NAME[: ...]`."""
    return source.partition(": struct ")[2].partition(":")[0]


def _members(before: dict[str, tuple[int, ...]], after: dict[str, tuple[int, ...]]) -> Iterator[str]:
    """Yield how a struct's members changed, places that only moved left out, and its size."""
    if not before or not after:
        return
    for name in dict.fromkeys((*before, *after)):
        if name == SIZEOF:
            continue
        old, new = (side[name][1] if name in side else None for side in (before, after))
        if old is None and new is not None:
            yield f"{name} was added ({_width(new)})"
        elif new is None and old is not None:
            yield f"{name} is gone ({_width(old)})"
        elif old is not None and new is not None and old != new:
            yield f"{name} {'grew' if new > old else 'shrank'} {_width(old)} -> {_width(new)}"
    (old_size,), (new_size,) = before[SIZEOF], after[SIZEOF]
    if old_size != new_size:
        yield f"{SIZEOF} {old_size} -> {new_size} bytes"


def _width(bits: int) -> str:
    return f"{bits} bits" if bits % BYTE else f"{bits // BYTE} bytes"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else str(value)
