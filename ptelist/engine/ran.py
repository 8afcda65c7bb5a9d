"""What slabinfo may count on a host that ran, of whose past nothing is known: packed, up to what it may retain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.engine import slub_parameters
from ptelist.engine.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptelist.engine.ledger import Term
    from ptelist.scenario.models import Scenario


def slabs(ledger: Mapping[str, Term], cache: str) -> Interval:
    """Return the slabs that are needed, and what a busy host may retain beside."""
    needed, retained = ledger[f"{cache}.slabs"], ledger[f"{cache}.slabs.retained"]
    return Interval(needed.low, needed.high + retained.high)


def objects(ledger: Mapping[str, Term], cache: str, scenario: Scenario) -> Interval:
    """Return the objects in use, and the free ones that count as such."""
    kernel, host, held = scenario.kernel, scenario.host, ledger[f"{cache}.objects"]
    stride, per_slab = (ledger[f"{cache}.{figure}"].low for figure in ("stride", "objects_per_slab"))
    sheaf = slub_parameters.sheaf_capacity(cache, stride, host.slub_debug, kernel)
    free = slub_parameters.counted_free(kernel, scenario.config, host, stride, per_slab, sheaf)
    return Interval(held.low, held.high + free)
