"""KVM's binary statistics, as the owner of a VM reads them (KVM_GET_STATS_FD, in v5.14)."""

from __future__ import annotations

import struct

_HEADER = struct.Struct("=6I")
_DESCRIPTOR = struct.Struct("=IhHII")
_VALUE = struct.Struct("=Q")


def parse(data: bytes) -> tuple[str, dict[str, int]]:
    """Return the id of a VM (or vCPU) and its counters of one value each."""
    _, name_size, count, id_offset, desc_offset, data_offset = _HEADER.unpack_from(data)
    step = _DESCRIPTOR.size + name_size
    found = {}
    for start in range(desc_offset, desc_offset + count * step, step):
        _, _, values, offset, _ = _DESCRIPTOR.unpack_from(data, start)
        if values == 1:
            name = _text(data, start + _DESCRIPTOR.size, name_size)
            (found[name],) = _VALUE.unpack_from(data, data_offset + offset)
    return _text(data, id_offset, name_size), found


def _text(data: bytes, start: int, size: int) -> str:
    return data[start : start + size].split(b"\0")[0].decode("ascii", "backslashreplace")
