"""What a cgroup is charged at the marks of steps."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ptelist.engine import charge, memslots, mmu
from ptelist.engine.account import layouts
from ptelist.engine.figure_kinds import DESC, HEADER
from ptelist.engine.interval import Interval
from ptelist.engine.ledger import Unit, fixed
from ptelist.engine.page_tables import window
from ptelist.engine.slab_layout import POINTER
from ptelist.engine.windows import touched
from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.engine.host_machine import Machine
    from ptelist.engine.ledger import Ledger, Term
    from ptelist.engine.memslot_steps import MadeMemslot
    from ptelist.engine.memslots import WindowCounts
    from ptelist.engine.vcpu_machine import Counts
    from ptelist.scenario.models import Scenario


class Charges:
    """The charges of the host of each column."""

    def __init__(self, scenarios: Sequence[Scenario]) -> None:
        """Take the scenarios of the columns."""
        self._scenarios = scenarios
        self._layouts: dict[int, Ledger] = {}

    def at(self, number: int, machine: Machine, counts: Counts) -> dict[str, Interval] | None:
        """Return what all VMs of a column are charged; None if no VM was opened by a step.

        Raises PtelistError for a kernel whose caches are not followed.
        """
        if not machine.opened:
            return None
        scenario = self._scenarios[number]
        kernel, vm = scenario.kernel, scenario.first_vm
        if kernel.shadow_page_caches_per_node and scenario.host.nodes > 1:
            raise PtelistError("open: the caches that a vCPU has for each node are not followed, try --nodes 1")
        layout = self._layouts.get(number) or self._layouts.setdefault(number, layouts(scenario))
        roots = 0 if mmu.tdp(kernel, vm) else counts.vcpus * kernel.pae_roots
        held = charge.Held(
            _held(f"{DESC}.objects", counts.held, Unit.OBJECTS),
            _held(f"{HEADER}.objects", counts.headers, Unit.OBJECTS),
            (_held("pages", (counts.headers + counts.infos + roots) * kernel.page_bytes, Unit.BYTES),),
            _held("tables", counts.tables * kernel.page_bytes, Unit.BYTES),
        )
        strides = [layout[f"{name}.stride"] for name in (DESC, HEADER)]
        figures = charge.memory_stat(scenario, strides, held, self._asked(scenario, machine, counts))
        return {term.name.removeprefix(f"{charge.PREFIX}."): Interval.of(term) for term in figures}

    @staticmethod
    def _asked(scenario: Scenario, machine: Machine, counts: Counts) -> charge.Asked:
        kernel, host, vm = scenario.kernel, scenario.host, scenario.first_vm
        arrays = Counter[int]()
        for size in charge.cache_arrays(kernel, host, vm):
            arrays[size] += counts.running
        if mmu.shadow_root(kernel, vm) and arrays:
            arrays[kernel.cache_capacity * POINTER] -= counts.running - counts.indirect
        slots, bitmaps = Counter[int](), Counter[int]()
        for memslot, count in machine.memslots().items():
            for size in charge.slot_arrays(scenario, vm, rows(scenario, memslot)):
                slots[size] += count
            for pages in logged(scenario, memslot):
                bitmaps[memslots.bitmap(pages)] += count
        return charge.Asked(arrays, {}, {charge.page_hash(kernel, vm): machine.vms}, slots, bitmaps)


def rows(scenario: Scenario, memslot: MadeMemslot | None) -> tuple[WindowCounts, ...]:
    """Return the windows of each size of a memslot, or of those that options give a VM."""
    if memslot is None:
        return memslots.slots(scenario.kernel, scenario.host, scenario.first_vm).rows
    span, page = (memslot.first, memslot.end), scenario.kernel.page_bytes
    return ((touched(span, page), touched(span, window(1, page)), touched(span, window(2, page))),)


def logged(scenario: Scenario, memslot: MadeMemslot | None) -> tuple[int, ...]:
    """Return the pages of each memslot with a dirty bitmap."""
    if memslot is None:
        return memslots.slots(scenario.kernel, scenario.host, scenario.first_vm).logged
    return (touched((memslot.first, memslot.end), scenario.kernel.page_bytes),) if memslot.logged else ()


def _held(name: str, count: int, unit: Unit) -> Term:
    return fixed(name, count, unit, "as the steps have it")
