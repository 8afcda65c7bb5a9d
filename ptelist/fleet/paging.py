"""Paging of hosts of which not even the kernel tells it: neither kvm_intel nor kvm_amd was loaded when it was saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.output.note import Note
from ptelist.settings.consistency import TDP_UNKNOWN
from ptelist.settings.kinds import Choice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptelist.fleet.what_ifs import WhatIf
    from ptelist.settings.kinds import Chosen
    from ptelist.settings.space import Space

PAGING = "paging"
TDP = "tdp_default"
"""The field of a kernel that tells it."""

ANY: Chosen = {PAGING: Choice("tdp-mmu", "tdp-mmu")}
"""For a host without VMs, on which nothing depends on it."""


def is_open(said: Chosen, space: Space) -> bool:
    """Return whether neither what was said nor the kernel tells it."""
    return PAGING not in said and space.kernel(said)[TDP].value is None


def of_all(what_ifs: Iterable[WhatIf]) -> Chosen:
    """Return the paging that all what-ifs have: hosts as they are then have it, too, where it is open."""
    values = [each.chosen.get(PAGING) for each in what_ifs]
    first = values[0] if values else None
    return {PAGING: first} if first and all(value == first for value in values) else {}


def refused(error: PtelistError, said: Chosen, space: Space) -> PtelistError:
    """Return an error, with what a fleet takes if this is what is not known."""
    if error.where.field != f"kernel.{TDP}" or space.kernel(said)[TDP].value is not None:
        return error
    ways = "--assume paging=tdp-mmu, tdp-legacy or shadow (or --paging, or a column paging)"
    return PtelistError(f"{TDP_UNKNOWN}: say {ways}", error.where)


def note(said: Chosen) -> Note:
    """Return what was assumed of hosts as they are."""
    of = "hosts as they are of which it is not known, with neither kvm_intel nor kvm_amd loaded"
    return Note(PAGING, f"ASSUMED {said[PAGING].label}, as --paging says, of {of}")
