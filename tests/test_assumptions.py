"""What stands below a table: each sentence holds of every column, group of VMs and host it is printed for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers import scenario

from ptelist.assumptions import assume

if TYPE_CHECKING:
    from helpers import Option


def line(topic: str, *presets: str, **options: Option) -> str:
    """Return the one line about a topic."""
    lines = assume([scenario(*presets, **options)], by_preset=False)
    (found,) = (each for each in lines if each.startswith(f"{topic}: "))
    return found


def test_private_memory_is_told_and_leaves_no_memslots_of_smm() -> None:
    """kvm_arch_nr_memslot_as_ids(): one address space where there is private memory."""
    text = line("vm", private_memory="1GiB")
    assert "1 GiB of private memory" in text
    assert "SMM memslots" not in text


def test_dirty_rings_are_told() -> None:
    assert "dirty rings of 4096 entries" in line("vm", dirty_ring=4096)


@pytest.mark.parametrize(
    ("release", "begins"),
    [
        ("6.18", "kernel: 6.18 (tree "),
        ("v6.18", "kernel: 6.18 (tree "),
        ("6.18.3", "kernel: 6.18.3, as 6.18 (tree "),
        ("6.8.0-45-generic", "kernel: 6.8.0-45-generic, as 6.8 (tree "),
        ("6.12.3", "kernel: 6.12.3 of 6.12 (tree "),
        ("6.12.0-9-generic", "kernel: 6.12.0-9-generic, as 6.12.118 of 6.12 (tree "),
    ],
)
def test_a_release_is_told_with_what_its_figures_rest_on(release: str, begins: str) -> None:
    assert line("kernel", kernel=release).startswith(begins)


def test_no_debugging_can_be_said() -> None:
    """As the boot option slub_debug=- does."""
    assert line("host", slub_debug="-") == line("host")
