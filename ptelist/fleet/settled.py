"""What a host of a fleet holds, as far as the usual figures need it: few sums, and slabs rounded once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.account import slab_layouts
from ptelist.engine.figure_kinds import DESC_TOTAL, HEADER_TOTAL
from ptelist.engine.interval import Interval

if TYPE_CHECKING:
    from ptelist.engine.cache_layouts import CacheLayout
    from ptelist.engine.facts import Facts
    from ptelist.engine.ledger import Ledger
    from ptelist.fleet.inventory import Cells
    from ptelist.fleet.single import Single
    from ptelist.scenario.models import Scenario


class Settled(NamedTuple):
    """What a host holds under a what-if, as far as the usual figures need it."""

    caches: Ledger
    """The figures of both kmem_caches."""
    rest: Interval
    """Bytes of the MMU's total beside them."""
    rest_change: Interval
    """Against the host as it is."""

    @property
    def total(self) -> Interval:
        """Return the MMU's total."""
        desc, header = self.caches[DESC_TOTAL], self.caches[HEADER_TOTAL]
        return Interval(desc.low + header.low + self.rest.low, desc.high + header.high + self.rest.high)


class HostScenario:
    """A host with any VM on it, the number of the hosts on which each VM holds the same, and its VMs by their cells."""

    __slots__ = ("_layouts", "alike", "scenario", "singles")

    def __init__(self, scenario: Scenario, alike: int) -> None:
        """Take a host with any VM on it."""
        self.scenario, self.alike = scenario, alike
        self.singles: dict[Cells, Single] = {}
        self._layouts: dict[str, tuple[Facts, tuple[CacheLayout, CacheLayout]]] = {}

    def layouts(self, last: Single) -> tuple[Facts, tuple[CacheLayout, CacheLayout]]:
        """Return how the slabs of both caches are laid out, of which the last VM says which PTE_LIST_EXT there is."""
        known = self._layouts.get(last.ext_field)
        if known is None:
            known = self._layouts[last.ext_field] = slab_layouts(self.scenario._replace(vms=(last.vm,)))
        return known
