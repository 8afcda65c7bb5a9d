"""KVM's binary statistics, as the tests read them from a VM in the emulated machine."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from kernel import binary_stats

NAME = 48


def written(counters: dict[str, list[int]], identity: str = "kvm-812", gap: int = 0) -> bytes:
    """Return what KVM would write: header, id, descriptors, and after a gap the values."""
    descriptors, values = b"", b""
    for name, numbers in counters.items():
        descriptors += struct.pack("=IhHII", 0, 0, len(numbers), len(values), 0) + name.encode().ljust(NAME, b"\0")
        values += struct.pack(f"={len(numbers)}Q", *numbers)
    start = 24 + NAME
    header = struct.pack("=6I", 0, NAME, len(counters), 24, start, start + len(descriptors) + gap)
    return header + identity.encode().ljust(NAME, b"\0") + descriptors + bytes(gap) + values


COUNTERS = st.dictionaries(
    st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=NAME - 1),
    st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=3),
    max_size=6,
)


@given(COUNTERS, st.integers(0, 64))
def test_counters_of_one_value_are_read(counters: dict[str, list[int]], gap: int) -> None:
    expected = {name: numbers[0] for name, numbers in counters.items() if len(numbers) == 1}
    assert binary_stats.parse(written(counters, gap=gap)) == ("kvm-812", expected)
