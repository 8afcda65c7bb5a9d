"""What an inventory does not say: what is assumed there, and of how many hosts or VMs."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from ptelist.engine.guest_memory import USUAL_DIMM
from ptelist.fleet.fields import COUNT, KERNEL
from ptelist.output.note import Note
from ptelist.output.sentence import plural
from ptelist.scenario.units import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ptelist.fleet.alike import VmGroup
    from ptelist.fleet.census import Census
    from ptelist.fleet.records import Cells

EMPTY, UNSAID = "empty cells", "not said"
"""The topics: of fields that some have and others lack, and of those that all lack."""

ESSENTIAL = {"host": (KERNEL, "cpus"), "VM": ("memory",)}
"""On which a total depends most; what holds of other fields that all lack stands with what is assumed."""

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


def empty_cells(census: Census, fields: tuple[Cells, Cells], assumed: Callable[[str], str]) -> Iterator[Note]:
    """Yield a note on the essential fields that all hosts or VMs lack, and one on all that some have and others lack.

    `assumed` says what holds where a field's cell is empty, "" if that follows from others.
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
    found = (
        (hosts, fields[0], sum(each.hosts for each in every), "host"),
        (vms, fields[1], sum(each.vms for each in every), "VM"),
    )
    unsaid = []
    for counts, columns, total, what in found:
        lacked = [field for field in ESSENTIAL[what] if field not in columns or counts[field] == total]
        if lacked and total:
            values = ", ".join(f"{field}={assumed(field)}" for field in lacked)
            unsaid.append(f"{values} of {'all ' if total > 1 else ''}{plural(total, what)}")
    if unsaid:
        yield Note(UNSAID, f"ASSUMED {'; '.join(unsaid)}")
    told = [
        f"{field}={assumed(field) or FOLLOWS[field]} of {count:,} of {plural(total, what)}"
        for counts, _, total, what in found
        for field, count in counts.most_common()
        if 0 < count < total
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
