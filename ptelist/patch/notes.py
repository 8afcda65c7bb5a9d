"""What is to be known beside the figures of a reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.output.note import Note
from ptelist.output.sentence import named
from ptelist.patch.costs import MANY
from ptelist.readers.builds.layouts import layout
from ptelist.readers.builds.vm_structs import lock_debugging

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.patch.states import State, Step
    from ptelist.readers.builds.btf import Btf


def notes(states: Sequence[State], steps: Sequence[Step], btf: Btf, fleet: str) -> Iterator[Note]:
    """Yield what types do not tell, what a configuration does to them, and what the fleet is: "" for no inventory."""
    profile = states[0].chosen["kernel"].value
    text = f"when caches are filled and how far, and which lists there are, is as in kernel profile {profile}"
    known = [name for step in steps for name, fields in step.settings().items() if fields]
    yield Note("not in types", f"{text}{f', but for {named(known)}' if known else ', before and after'}")
    for step in steps:
        if step.untold() and not any(step.settings().values()):
            fields = named([f"kernel.{name}" for name in step.untold()])
            why = f"{step.patch.label} takes {fields} out of them: as before, unless --proposal FILE says it"
            yield Note("not in types", why)
    if inflated := list(debugging(btf)):
        why = f"{named(inflated)}: structs that hold a lock are larger than in a kernel that ships"
        yield Note("debugging", why)
    unsaid = f"{MANY:,} hosts such as the last one; --fleet FILE reads an inventory"
    yield Note("fleet", f"{fleet}, each host as if it ran this kernel, whatever it says it runs" if fleet else unsaid)


def debugging(btf: Btf) -> Iterator[str]:
    """Yield the options that make locks larger in a build, as its types show.

    A raw_spinlock has its magic with DEBUG_SPINLOCK alone (include/linux/spinlock_types_raw.h, in v6.1).
    """
    if lock_debugging(btf):
        yield "CONFIG_DEBUG_LOCK_ALLOC (by PROVE_LOCKING or LOCK_STAT)"
    spinlock = layout(btf, "raw_spinlock")
    if spinlock and spinlock.field("magic"):
        yield "CONFIG_DEBUG_SPINLOCK"
