"""Why a figure moved: the inputs that changed, those first that move it most."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ptelist.compare.alone import Alone
from ptelist.gate.before import rebuilt
from ptelist.readers.builds.layouts import BYTE
from ptelist.scenario.models import NAMING
from ptelist.scenario.vm_structs import INSIDE, SIZEOF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.engine.ledger import Term
    from ptelist.gate.baseline import Baseline


class Causes:
    """What changed in one scenario between a baseline and now."""

    def __init__(self, name: str, before: Baseline, after: Baseline) -> None:
        """Take the name of a scenario that both have; nothing is worked out before a figure is asked for."""
        self._before, self._after = before, after
        self._old, self._new = before.scenarios[name], after.scenarios[name]

    def of(self, term: Term) -> list[str]:
        """Return what changed that moves a figure, a sentence each.

        Where both sides have layouts of a build, a change of a struct is told by its members.
        """
        old, new = self._old.inputs, self._new.inputs
        paths = self._telling(term)
        if not paths:
            versions = f"baseline by {self._before.version}, this is {self._after.version}"
            return [f"no input changed, ptelist's model did ({versions})"]
        told: dict[str, None] = {}
        for path in paths:
            source = self._new.sources.get(path)
            struct = source.struct if source else ""
            for each in (struct, *INSIDE.get(struct, ())):
                members = list(_members(self._before.layouts.get(each, {}), self._after.layouts.get(each, {})))
                if members:
                    told.setdefault(f"struct {each}: {', '.join(members)}")
                elif each == struct:
                    said = f" ({source})" if source else ""
                    told.setdefault(f"{path} {_shown(old.get(path))} -> {_shown(new[path])}{said}")
        return list(told)

    def _telling(self, term: Term) -> list[str]:
        """Return the inputs that move a figure when they change alone, else those that it rests on, else all."""
        if self._alone and (moving := self._alone.causes(term.name)):
            return [cause.field for cause in moving]
        old, new = self._old.inputs, self._new.inputs
        changed = [path for path, value in new.items() if path not in NAMING and old.get(path) != value]
        inputs = {each.field for each in term.walk()}
        return [path for path in changed if path in inputs] or changed

    @cached_property
    def _alone(self) -> Alone | None:
        """Return both scenarios; None if the baseline's is none of today's."""
        old, new = (rebuilt(entry, self._new) for entry in (self._old, self._new))
        return Alone(old, new) if old and new else None


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
