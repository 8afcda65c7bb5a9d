"""One VM on a host of some kernel: what it holds, which hosts that have many of its like add up."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import mmu
from ptelist.engine.account import holdings
from ptelist.engine.difference import difference
from ptelist.engine.figure_kinds import BELOW, BESIDE_KMEM_CACHES, DESC, HEADER, KINDS

if TYPE_CHECKING:
    from ptelist.engine.ledger import Term
    from ptelist.scenario.models import Scenario

OBJECTS = tuple(f"{cache}.objects" for cache in (DESC, HEADER))
REST = tuple(kind for figure in BESIDE_KMEM_CACHES for kind in BELOW.get(figure, (figure,)))
"""What makes up the MMU's total beside the kmem_caches."""


class Change(NamedTuple):
    """How a VM differs under a what-if."""

    rest_low: int
    rest_high: int
    """Of the bytes beside the kmem_caches."""
    unlike: tuple[bool, bool]
    """Whether the objects of each cache are open, and for another reason."""


class Single:
    """One VM on a host of some kernel."""

    def __init__(self, scenario: Scenario) -> None:
        """Take a host with this one VM."""
        (self.vm,) = scenario.vms
        self.modules = mmu.tdp(scenario.kernel, self.vm), mmu.tdp_mmu(scenario.kernel, self.vm)
        """Parameters of the kvm modules that it needs: tdp and tdp_mmu."""
        self.ext_field = mmu.ext_field(scenario.kernel, self.vm)
        """Which PTE_LIST_EXT the kernel has with it."""
        self._scenario = scenario
        self._changes: dict[Single, Change] = {}

    @cached_property
    def held(self) -> dict[str, Term]:
        """Return what it holds, worked out when it is first asked for."""
        return holdings(self._scenario)

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """Return both ends of each kind, in the order of KINDS."""
        terms = [self.held.get(name) for name in KINDS]
        return tuple(end for term in terms for end in ((term.low, term.high) if term else (0, 0)))

    @cached_property
    def totals(self) -> tuple[int, ...]:
        """Return both ends of the objects of each kmem_cache, and of all that is beside them in the MMU's total."""
        held = self.held
        desc, header = (held.get(name) for name in OBJECTS)
        rest = [held[name] for name in REST if name in held]
        low, high = sum(term.low for term in rest), sum(term.high for term in rest)
        ends = [end for term in (desc, header) for end in ((term.low, term.high) if term else (0, 0))]
        return ends[0], ends[1], ends[2], ends[3], low, high

    def open_unlike(self, before: Single) -> list[str]:
        """Return the kinds that are open and do not follow as they did before."""
        old = before.held
        return [name for name, term in self.held.items() if not term.exact and term != old.get(name)]

    def change(self, before: Single) -> Change:
        """Return how it differs from the same VM before."""
        found = self._changes.get(before)
        if found is None:
            rest = [difference(before.held.get(name), self.held.get(name)) for name in REST]
            unlike = self.open_unlike(before)
            desc, header = (name in unlike for name in OBJECTS)
            found = Change(sum(each.low for each in rest), sum(each.high for each in rest), (desc, header))
            self._changes[before] = found
        return found
