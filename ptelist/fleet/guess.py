"""Columns of an inventory that have a common name for what they are, which is then told."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError
from ptelist.fleet.records import plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


class FieldColumn(NamedTuple):
    """Where a field is: a column's name, and the unit of its plain numbers if they are sizes."""

    name: str
    unit: str = ""


MEMORY, HOST_MEMORY = "memory", "host-memory"
COMMON = {
    "host": (
        "hostname",
        "host-name",
        "node-name",
        "hypervisor",
        "hypervisor-hostname",
        "server",
        "server-name",
        "fqdn",
    ),
    "kernel": (
        "kernel-release",
        "kernelrelease",
        "kernel-version",
        "kernelversion",
        "kernel-ver",
        "kernel-rel",
        "release",
        "uname",
        "uname-r",
        "uname--r",
        "osrelease",
        "os-kernel",
        "host-kernel",
        "linux-kernel",
        "running-kernel",
        "kernel-running",
        "current-kernel",
        "linux-version",
        "ansible-kernel",
    ),
    "cpus": ("ncpu", "ncpus", "cpu-count", "num-cpus", "nproc", "host-cpus", "logical-cpus"),
    "nodes": ("numa-nodes", "nnodes", "numa-node-count"),
    HOST_MEMORY: ("host-memory", "host-ram", "host-mem", "memtotal", "mem-total", "total-memory", "total-mem"),
    "vcpus": ("vcpu", "vcpu-count", "num-vcpus", "nvcpu", "vm-vcpus", "vm-cpus", "vcpus-per-vm"),
    MEMORY: ("vm-memory", "vm-ram", "vm-mem", "memory-per-vm", "ram-per-vm", "mem-per-vm"),
    "count": ("vm-count", "num-vms", "nr-vms", "instances"),
}
"""By field, as columns of options are spelt; sizes without their unit."""

PLAIN_MEMORY = ("ram", "mem", "memory")
"""The memory of VMs, but that of the host where a column names VMs."""

WHOSE = {"kernel": "host-", "cpus": "host-", HOST_MEMORY: "host-", "vcpus": "vm-", MEMORY: "vm-", "count": "vm-"}
"""How a name begins that says whose the field is; of several columns it is that one."""

SIZES = frozenset((MEMORY, HOST_MEMORY))
UNITS = {"kb": "KiB", "kib": "KiB", "mb": "MiB", "mib": "MiB", "gb": "GiB", "gib": "GiB", "tb": "TiB", "tib": "TiB"}
"""How names of columns end; what hypervisors call MB is MiB."""
WITH_UNIT = ("{}-{}", "{}-({})", "{}({})", "{}-[{}]", "{}[{}]")
"""How a size's name and its unit stand together."""


def guessed(names: Iterable[str], known: Collection[str], taken: Collection[str]) -> dict[str, FieldColumn]:
    """Return the columns of fields that are not known, by their most usual names; `taken` ones mean others.

    Raises PtelistError where several columns may be one field, and not one alone says whose it is.
    """
    spelt = {plain(name): name for name in names}
    of_vms = list(_columns(COMMON[MEMORY], spelt, sized=True))
    plain_is = HOST_MEMORY if of_vms else MEMORY
    left = {name: column for name, column in spelt.items() if column not in taken}
    if of_vms and MEMORY in left and MEMORY not in known:
        raise _open(MEMORY, [FieldColumn(left[MEMORY]), *of_vms])
    found: dict[str, FieldColumn] = {}
    for field, common in COMMON.items():
        if field in known or field in left:
            continue
        columns = list(_columns((*common, *PLAIN_MEMORY * (field == plain_is)), left, sized=field in SIZES))
        telling = [each for each in columns if plain(each.name).startswith(WHOSE.get(field, " "))] or columns
        if len(telling) > 1:
            raise _open(field, telling)
        if telling:
            found[field] = telling[0]
    return found


def _columns(common: Iterable[str], spelt: dict[str, str], *, sized: bool) -> Iterator[FieldColumn]:
    """Yield the columns that have such a name, of sizes with a unit behind it."""
    for name in common:
        if name in spelt:
            yield FieldColumn(spelt[name])
        for ending, unit in UNITS.items() if sized else ():
            for whole in (form.format(name, ending) for form in WITH_UNIT):
                if whole in spelt:
                    yield FieldColumn(spelt[whole], unit)


def _open(field: str, columns: list[FieldColumn]) -> PtelistError:
    names = " or ".join(each.name for each in columns)
    deciding = " or ".join(f"--column {_typed(field, each)}" for each in columns)
    return PtelistError(f"{field} may be column {names}: {deciding} decides")


def said(columns: dict[str, FieldColumn]) -> str:
    """Return the guesses as they would be typed."""
    return ", ".join(_typed(field, each) for field, each in columns.items())


def _typed(field: str, column: FieldColumn) -> str:
    return f"{field}={column.name}{column.unit and ':'}{column.unit}"
