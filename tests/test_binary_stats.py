"""KVM's binary statistics: the format, and descriptors that another process keeps open."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptelist.errors import PtelistError
from ptelist.host import binary_stats

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    assert binary_stats.parse(written(counters, gap=gap), "x") == ("kvm-812", expected)


@given(st.binary(max_size=200) | st.integers(0, 150).map(lambda end: written({"pages_4k": [1], "x": [2]})[:end]))
def test_anything_else_is_one_line(data: bytes) -> None:
    try:
        binary_stats.parse(data, "x")
    except PtelistError as error:
        assert str(error) == "x: not KVM statistics: they end early"  # noqa: PT017 -- or nothing is raised


def test_hostile_counts_end_at_once() -> None:
    with pytest.raises(PtelistError):
        binary_stats.parse(struct.pack("=6I", 0, 0, 2**32 - 1, 24, 24, 24), "x")


VMM = """
import fcntl, sys
kvm = open("/dev/kvm", "rb+", buffering=0)
vm = fcntl.ioctl(kvm, 0xAE01, 0)
fcntl.ioctl(vm, 0xAECE, 0)
print("ready", flush=True)
sys.stdin.read()
"""


def _kvm() -> str:
    """Return why no VM with a statistics descriptor can be made here."""
    try:
        kvm = os.open("/dev/kvm", os.O_RDWR)
        vm = fcntl.ioctl(kvm, 0xAE01, 0)
        os.close(fcntl.ioctl(vm, 0xAECE, 0))
        os.close(vm)
        os.close(kvm)
    except OSError as error:
        return f"no KVM with binary statistics here: {error}"
    return "" if os.geteuid() == 0 else "not root, so another process may not be traced"


@pytest.fixture
def vmm() -> Iterator[int]:
    if why := _kvm():
        pytest.skip(why)
    with subprocess.Popen([sys.executable, "-c", VMM], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdin
        process.stdout.readline()
        yield process.pid
        process.stdin.close()


def test_the_counters_of_a_running_vmm(vmm: int) -> None:
    found = {name: cells for name, cells in binary_stats.beside({}).items() if name.startswith(f"{vmm}/fd/")}
    (cells,) = found.values()
    assert cells["mmu_shadow_zapped"] == "0"
    assert {name: cells for name, cells in binary_stats.beside({f"{vmm}-4": {}}).items() if name in found} == {}


def test_processes_without_any_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "1/fd").mkdir(parents=True)
    (tmp_path / "1/fd/3").symlink_to("anon_inode:kvm-vm")
    (tmp_path / "2").mkdir()
    assert binary_stats.beside({}, tmp_path) == {}


def test_a_descriptor_that_may_not_be_copied_is_passed_over(tmp_path: Path) -> None:
    """This process has none of that number, whatever the link says."""
    fd = tmp_path / str(os.getpid()) / "fd"
    fd.mkdir(parents=True)
    (fd / "1000000").symlink_to(binary_stats.LINK)
    assert binary_stats.beside({}, Path(tmp_path)) == {}
