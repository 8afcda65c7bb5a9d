"""What sysfs shows of any cache: the corners that no recorded machine is in."""

from __future__ import annotations

import pytest
from helpers import kernel, scenario

from ptelist.engine import slub_parameters
from ptelist.engine.attributes import Made, layout, stride


def made(name: str, size: int, *, align: int = 8, outside: bool = False, debug: str = "") -> Made:
    return Made(name, size, align, outside, debug)


@pytest.mark.parametrize(
    ("version", "name", "expected"),
    [
        ("6.6", "filp", 192 + 8),  # type-safe by RCU from 6.7, the pointer inside from 6.12
        ("6.12", "filp", 192),
        ("6.12", "io_kiocb", 192 + 8),
        ("6.13", "io_kiocb", 192),
        ("6.14", "vm_area_struct", 192 + 8),
        ("6.16", "vm_area_struct", 192),
        ("6.18", "TCP", 192 + 8),
        ("7.0", "TCP", 192),
        ("7.3", "TCPv6", 192),
        ("7.3", "MPTCP", 192 + 8),
    ],
)
def test_some_caches_say_where_their_free_pointer_lies(version: str, name: str, expected: int) -> None:
    assert stride(made(name, 192, outside=True), kernel(version)) == expected
    assert stride(made(name, 192), kernel(version)) == 192


def test_poison_puts_every_free_pointer_outside() -> None:
    assert stride(made("filp", 192, outside=True, debug="P"), kernel("7.3")) == 200


@pytest.mark.parametrize(
    ("version", "name", "debug", "expected"),
    [
        ("6.0", "kmalloc-128", "U", 128 + 2 * 32),
        ("6.1", "kmalloc-128", "U", 128 + 2 * 32 + 4),
        ("6.1", "dma-kmalloc-128", "U", 128 + 2 * 32 + 4),
        ("6.1", "pte_list_desc", "U", 128 + 2 * 32),
        ("7.3", "kmalloc_buckets", "U", 128 + 2 * 32),  # a cache like any other
        ("6.1", "kmalloc-128", "ZU", 128 + 8 + 2 * 32 + 4 + 8 + 8),  # a red zone behind, two around
        ("6.2", "kmalloc-128", "ZU", 128 + 8 + 8 + 2 * 32 + 4 + 8 + 8),  # and the free pointer outside
        ("6.2", "pte_list_desc", "ZU", 128 + 8 + 2 * 32 + 8 + 8),
        ("6.2", "kmalloc-128", "Z", 128 + 8 + 8 + 8),
    ],
)
def test_tracked_kmalloc_objects_keep_the_size_asked_for(version: str, name: str, debug: str, expected: int) -> None:
    """The sum, rounded up to the alignment of 8."""
    assert stride(made(name, 128, debug=debug), kernel(version)) == -(-expected // 8) * 8


@pytest.mark.parametrize(
    ("version", "name", "size", "debug", "expected"),
    [
        ("6.17", "maple_node", 256, "", 0),
        ("6.18", "maple_node", 256, "", 32),
        ("6.18", "pte_list_desc", 128, "", 0),
        ("7.0", "maple_node", 256, "", 32),  # more than the 28 of its stride
        ("7.0", "vm_area_struct", 192, "", 60),  # less than the 60 of its stride
        ("7.0", "kmem_cache", 256, "", 0),
        ("7.3", "pte_list_desc", 128, "", 60),
        ("7.3", "pte_list_desc", 128, "F", 0),
        ("7.3", "pte_list_desc", 128, "A", 60),
    ],
)
def test_sheaves(version: str, name: str, size: int, debug: str, expected: int) -> None:
    assert slub_parameters.sheaf_capacity(name, size, debug, kernel(version)) == expected


@pytest.mark.parametrize(("debug", "expected"), [("", 120), ("A", 120), ("F", 0)])
def test_debugged_caches_keep_nothing_on_cpus(debug: str, expected: int) -> None:
    found = scenario(kernel="6.1", cpus=2)
    assert layout("any", 128, debug, found)["cpu_partial"] == expected


@pytest.mark.parametrize(
    ("version", "cpus", "nodes", "expected"), [("6.18", 8, 2, 0), ("7.0", 1, 1, 12), ("7.3", 8, 2, 36)]
)
def test_most_sheaves_of_a_host(version: str, cpus: int, nodes: int, expected: int) -> None:
    """Two a CPU and ten full ones a node."""
    found = scenario(kernel=version, cpus=cpus, nodes=nodes)
    assert slub_parameters.most_sheaves(found.kernel, found.host) == expected


@pytest.mark.parametrize(("version", "expected"), [("6.1", 1 + 8), ("5.10", 1 + 31), ("7.3", 1)])
def test_most_slabs_of_a_cpu(version: str, expected: int) -> None:
    """Its own, and ceil(2 x 120 / 32) partial ones; before 5.16 one more than the free objects."""
    assert slub_parameters.slabs_of_cpu(kernel(version), scenario(kernel=version).config, 128, 32) == expected
