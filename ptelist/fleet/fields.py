"""What a column of an inventory can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptelist.errors import PtelistError, suggestion
from ptelist.fleet.guess import FieldColumn
from ptelist.scenario.presets.mapping import KernelMap
from ptelist.scenario.units import UNITS
from ptelist.settings.axes import AXES

if TYPE_CHECKING:
    from collections.abc import Iterable

HOST, KERNEL, HOST_MEMORY, COUNT, VMS, PEAK = "host", "kernel", "host-memory", "count", "vms", "peak-vms"
HOST_FIELDS = (KERNEL, *(axis.name for axis in AXES.values() if axis.path.startswith("host.")))
VM_FIELDS = tuple(axis.name for axis in AXES.values() if axis.path.startswith("vm.") and axis.name not in {VMS, PEAK})
FIELDS = (HOST, *HOST_FIELDS, HOST_MEMORY, *VM_FIELDS, COUNT)
"""What a column of an inventory can be: the names of options, and three of its own."""

NEEDED_FIELDS = {
    HOST: "--column host=NAME names it",
    "vcpus": "--column vcpus=NAME names the vCPUs of each VM, --assume vcpus=N says them of all rows",
}
"""What an inventory has to say, with how that is said otherwise."""

NO_PAST = "hosts of a fleet have no past: one host's is that of compare --filling aged --peak-vms"

NO_MAP = KernelMap(())
"""Releases of upstream and Debian alone."""


def mapped(texts: Iterable[str]) -> dict[str, FieldColumn]:
    """Return the columns that FIELD=COLUMN or FIELD=COLUMN:UNIT name; raises PtelistError for other text."""
    columns: dict[str, FieldColumn] = {}
    for text in texts:
        said, equals, column = text.partition("=")
        field = said.replace("_", "-")
        if not equals or not column:
            example = "cpus=ncpu or memory=ram_mb:MiB"
            raise PtelistError(f'--column: expected FIELD=COLUMN, as in {example}, got "{text[:60]}"')
        if field not in FIELDS:
            raise PtelistError(f"--column: unknown field {said}{suggestion(field, FIELDS)}")
        name, _, unit = column.rpartition(":")
        columns[field] = FieldColumn(name, unit) if name and unit in UNITS else FieldColumn(column)
    return columns
