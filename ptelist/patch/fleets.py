"""What a series costs a fleet: every host of an inventory, as if it ran the tree that was built."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine.figure_kinds import TOTAL
from ptelist.engine.ledger import Unit
from ptelist.errors import PtelistError
from ptelist.fleet.fleet import Fleet
from ptelist.fleet.inventory import Inventory
from ptelist.fleet.reader import Reader
from ptelist.fleet.report import FleetReport
from ptelist.fleet.spread import spread
from ptelist.fleet.standing import Kernels
from ptelist.fleet.totals import add_up
from ptelist.fleet.what_ifs import WhatIf
from ptelist.output.files import opened
from ptelist.output.sentence import plural
from ptelist.patch.costs import Cost
from ptelist.scenario.presets.mapping import KernelMap
from ptelist.settings.defaults import default
from ptelist.settings.space import Space

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ptelist.output.command_line import Options
    from ptelist.patch.states import State
    from ptelist.settings.kinds import Chosen


OF_THE_SERIES = [("kernel", "6.1"), ("kernel-from", "-"), ("proposal", "none")]
"""Options of which each state has its own value."""


MOST_BYTES = 1 << 27
"""Of an inventory: some 2,000,000 rows."""


class Hosts(NamedTuple):
    """An inventory, read once: it is gone through for each patch."""

    path: str
    data: bytes

    def inventory(self, kernel: str) -> Inventory:
        """Return its rows from the first one on, a profile standing for all kernels."""
        return Inventory(BytesIO(self.data), self.path, {}, (), KernelMap([f"*={kernel}"]))


def read(path: str) -> Hosts:
    """Return an inventory; raises PtelistError if it is none, before anything is built."""
    with opened(path, "CSV or JSON lines") as file:
        hosts = Hosts(path, file.read(MOST_BYTES + 1))
    if len(hosts.data) > MOST_BYTES:
        raise PtelistError(f"{path}: larger than {MOST_BYTES >> 20} MiB, expected CSV or JSON lines")
    hosts.inventory(default("kernel"))
    return hosts


def of_inventory(hosts: Hosts, states: Sequence[State], options: Options) -> Cost:
    """Return what its hosts take in each state, whatever kernel each says it has.

    The inventory says what hosts and VMs are; of options those of the kernel and its configuration count,
    and whether it accounts to cgroups.
    """
    axes = [axis for axis, _ in Space((), options).axes]
    options = [each for each, axis in zip(options, axes, strict=True) if axis.part == "kernel" or axis.name == "memcg"]
    chosen = {axis.name: values[0] for axis, values in Space((), options).axes}
    options = [*OF_THE_SERIES, *options]
    pairs = [*pairwise(states), (states[0], states[-1])]
    reports = [_report(hosts, pair, options, chosen) for pair in pairs]
    values = [reports[0].value(None, 0, TOTAL)[0], *(report.value(None, 1, TOTAL)[0] for report in reports)]
    changes = [change for report in reports if (change := report.value(None, 1, TOTAL)[1])]
    counted = reports[0].counted(None)
    name = hosts.path.rpartition("/")[2]
    who = f"the {plural(counted.hosts, 'host')} of {name} ({plural(counted.vms, 'VM')})"
    return Cost(name, who, tuple(values[:-1]), tuple(changes[:-1]), changes[-1])


def _report(hosts: Hosts, pair: Sequence[State], options: Options, chosen: Chosen) -> FleetReport:
    rows = hosts.inventory(pair[0].chosen["kernel"].value)
    fleet = Fleet((rows.host_fields, rows.vm_fields), rows.choices, {}, options)
    fleet.what_ifs = [WhatIf(state.name, state.chosen | chosen) for state in pair]
    census = Reader(rows, fleet, keep_going=False).census(id)
    jobs = [(kind, len(names)) for kind, names in census.hosts.items()]
    sums = add_up(fleet, jobs, [TOTAL], 1, id)
    if sums.unchanged:
        raise PtelistError(f"{hosts.path}: {next(iter(sums.unchanged))[1].error}")
    usual = spread(census, sums.each, TOTAL, 0, None)
    kernels = Kernels(rows.kernel_place, fleet.assumed_kernel, rows.kernel)
    return FleetReport((), census, fleet.what_ifs, {TOTAL: Unit.BYTES}, sums, False, (), (), "", usual, kernels)
