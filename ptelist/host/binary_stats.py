"""KVM's binary statistics, read from descriptors that a VMM keeps open.

Only the process of a VM can ask KVM for such a descriptor (KVM_GET_STATS_FD, in
v5.14), but one that is open can be copied by whoever may trace that process.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.host.snapshot import STATS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptelist.host.snapshot import Table

LINK = "anon_inode:kvm-vm-stats"
_HEADER = struct.Struct("=6I")
_DESCRIPTOR = struct.Struct("=IhHII")
_VALUE = struct.Struct("=Q")
MOST_BYTES = 1 << 20
_PIDFD_GETFD = 438
"""Number of the system call on x86-64 (in v5.6); Python has no function for it."""


def parse(data: bytes, label: str) -> tuple[str, dict[str, int]]:
    """Return the id of a VM (or vCPU) and its counters of one value each.

    Raises PtelistError for data that end early or point outside themselves.
    """
    try:
        _, name_size, count, id_offset, desc_offset, data_offset = _HEADER.unpack_from(data)
        step = _DESCRIPTOR.size + name_size
        found = {}
        for start in range(desc_offset, desc_offset + count * step, step):
            _, _, values, offset, _ = _DESCRIPTOR.unpack_from(data, start)
            if values == 1:
                name = _text(data, start + _DESCRIPTOR.size, name_size)
                (found[name],) = _VALUE.unpack_from(data, data_offset + offset)
        return _text(data, id_offset, name_size), found
    except struct.error:
        raise PtelistError(f"{label}: not KVM statistics: they end early") from None


def _text(data: bytes, start: int, size: int) -> str:
    return data[start : start + size].split(b"\0")[0].decode("ascii", "backslashreplace")


def beside(vms: Table, proc: Path = Path("/proc")) -> Table:
    """Return the counters of VMs that debugfs does not show, by process and descriptor.

    Nothing is returned, and nothing raised, for a process that has gone or may not
    be traced.
    """
    known = {name.partition("-")[0] for name in vms}
    found = {}
    for pid, number in _descriptors(proc):
        try:
            name, counters = parse(_copied(pid, number), f"{proc}/{pid}/fd/{number}")
        except (OSError, PtelistError):
            continue
        if name.removeprefix("kvm-") not in known:
            found[f"{pid}/fd/{number}"] = {column: str(counters[column]) for column in STATS if column in counters}
    return found


def _descriptors(proc: Path) -> Iterator[tuple[int, int]]:
    """Yield the process and the number of every statistics descriptor in sight."""
    for process in sorted(proc.glob("[0-9]*")):
        try:
            links = [(int(fd.name), str(fd.readlink())) for fd in (process / "fd").iterdir()]
        except OSError:
            continue
        yield from ((int(process.name), number) for number, target in sorted(links) if target == LINK)


def _copied(pid: int, number: int) -> bytes:
    """Return what another process's descriptor reads."""
    import ctypes  # noqa: PLC0415 -- for descriptors that were found only

    libc = ctypes.CDLL(None, use_errno=True)
    process = os.pidfd_open(pid)
    try:
        copy = libc.syscall(_PIDFD_GETFD, process, number, 0)
        if copy < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        try:
            return os.pread(copy, MOST_BYTES, 0)
        finally:
            os.close(copy)
    finally:
        os.close(process)
