"""Why a figure moved: the inputs that changed, and the figures between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.readers.builds.layouts import BYTE, SIZEOF
from ptelist.scenario.models import NAMING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.engine.ledger import Term
    from ptelist.gate.baseline import Baseline


def causes(term: Term, name: str, before: Baseline, after: Baseline) -> list[str]:
    """Return what changed in scenario `name` that a term rests on, a sentence each.

    Where both sides have layouts of a build, a change of a struct is told by its members.
    """
    old, new = before.scenarios[name].inputs, after.scenarios[name].inputs
    sources = after.scenarios[name].sources
    changed = [path for path, value in new.items() if path not in NAMING and old.get(path) != value]
    inputs = {each.field for each in term.walk()}
    relevant = [path for path in changed if path in inputs] or changed
    if not relevant:
        return [f"no input changed, ptelist's model did (baseline by {before.version}, this is {after.version})"]
    told: dict[str, None] = {}
    for path in relevant:
        source = sources.get(path)
        struct = source.struct if source else ""
        members = list(_members(before.layouts.get(struct, {}), after.layouts.get(struct, {})))
        if members:
            told.setdefault(f"struct {struct}: {', '.join(members)}")
        else:
            said = f" ({source})" if source else ""
            told.setdefault(f"{path} {_shown(old.get(path))} -> {_shown(new[path])}{said}")
    return list(told)


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
