"""One VM on a host of some kernel: what it holds, which hosts that have many of its like add up."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ptelist.engine import mmu
from ptelist.engine.account import holdings
from ptelist.engine.figure_kinds import KINDS

if TYPE_CHECKING:
    from ptelist.engine.ledger import Term
    from ptelist.scenario.models import Scenario


class Single:
    """One VM on a host of some kernel."""

    def __init__(self, scenario: Scenario) -> None:
        """Take a host with this one VM."""
        (self.vm,) = scenario.vms
        self.modules = mmu.tdp(scenario.kernel, self.vm), mmu.tdp_mmu(scenario.kernel, self.vm)
        """Parameters of the kvm modules that it needs: tdp and tdp_mmu."""
        self._scenario = scenario
        self._unlike: dict[Single, list[str]] = {}

    @cached_property
    def held(self) -> dict[str, Term]:
        """Return what it holds, worked out when it is first asked for."""
        return holdings(self._scenario)

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """Return both ends of each kind, in the order of KINDS."""
        terms = [self.held.get(name) for name in KINDS]
        return tuple(end for term in terms for end in ((term.low, term.high) if term else (0, 0)))

    def open_unlike(self, before: Single) -> list[str]:
        """Return the kinds that are open and do not follow as they did before."""
        unlike = self._unlike.get(before)
        if unlike is None:
            old = before.held
            unlike = [name for name, term in self.held.items() if not term.exact and term != old.get(name)]
            self._unlike[before] = unlike
        return unlike
