"""Cells that are empty where others are not: what is assumed there, and of how many hosts or VMs."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from ptelist.engine.guest_memory import USUAL_DIMM
from ptelist.fleet.fields import COUNT
from ptelist.output.note import Note
from ptelist.output.sentence import plural
from ptelist.scenario.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from ptelist.fleet.alike import VmGroup
    from ptelist.fleet.census import Census
    from ptelist.fleet.records import Cells

EMPTY = "empty cells"
"""The topic."""


FOLLOWS = {
    "vcpus-run": "all",
    "populated": "all",
    "possible-cpus": "as cpus",
    "slub-max-order": "the kernel's",
    "dimm-size": format_size(USUAL_DIMM),
    "written": "none to all",
    "private-memory": "none",
    "rmaps": "none",
    "parent-ptes": "none",
    COUNT: "1",
}
"""What holds where no preset says a value."""

ONLY_WITH = {"dimm-size": "dimms", "l2-memory": "nested", "l2-leaf": "nested", "l2-smm": "nested"}
"""Fields on which nothing depends in VMs that are without another."""

WITHOUT = frozenset(("", "0", "off", "no", "false"))


def empty_cells(
    census: Census, fields: tuple[Cells, Cells], assumed: Callable[[str], str], never: Collection[str] = ()
) -> Iterator[Note]:
    """Yield a note on the fields of hosts and VMs that some have and others lack; what all lack is told elsewhere.

    `assumed` says what holds where a field's cell is empty, "" if that follows from others. Fields that `never`
    are there for one to see are told if all lack them, too.
    """
    hosts: Counter[str] = Counter()
    vms: Counter[str] = Counter()
    groups = set(chain.from_iterable(kind.groups for kind in census.hosts))
    lacking = {group: _lacking(group, fields[1], assumed) for group in groups if "" in group.cells or not group.counted}
    for kind, names in census.hosts.items():
        if "" in kind.about.cells:
            empty = [field for field, cell in zip(fields[0], kind.about.cells, strict=True) if not cell]
            hosts.update(dict.fromkeys(empty, len(names)))
        for group in kind.groups:
            if group in lacking:
                vms.update(dict.fromkeys(lacking[group], group.vms * len(names)))
    every = census.groups.values()
    told = [
        f"{field}={assumed(field) or FOLLOWS[field]} of {count:,} of {plural(total, what)}"
        for found, total, what in (
            (hosts, sum(each.hosts for each in every), "host"),
            (vms, sum(each.vms for each in every), "VM"),
        )
        for field, count in found.most_common()
        if 0 < count < total or (count and field in never)
    ]
    if told:
        yield Note(EMPTY, f"ASSUMED {', '.join(told)}")


def _lacking(group: VmGroup, fields: Cells, assumed: Callable[[str], str]) -> list[str]:
    """Return the fields that VMs lack, of those that there is something to depend on."""
    said = dict(zip(fields, group.cells, strict=True))
    whole = {field: cell or assumed(field) for field, cell in said.items()}
    empty = [
        field
        for field, cell in said.items()
        if not cell and (field not in ONLY_WITH or whole.get(ONLY_WITH[field], "").lower() not in WITHOUT)
    ]
    return empty if group.counted else [*empty, COUNT]
