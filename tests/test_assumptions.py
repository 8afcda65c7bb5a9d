"""What stands below a table: each sentence holds of every column, group of VMs and host it is printed for."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
