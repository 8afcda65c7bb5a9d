"""Hosts and VMs of which an inventory says the same, so that each kind is worked out once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ptelist.fleet.inventory import AboutHost
    from ptelist.fleet.records import Cells


class VmGroup:
    """VMs alike on hosts alike: what rows of an inventory say that say the same, but for the names of their hosts."""

    __slots__ = ("about", "alike", "cells", "counted", "modules", "number", "vcpus", "vms")

    def __init__(  # noqa: PLR0913, PLR0917 -- it has these
        self,
        about: AboutHost,
        cells: Cells,
        vms: int,
        vcpus: int,
        modules: tuple[bool, ...],
        alike: int,
        number: int,
        counted: bool = True,
    ) -> None:
        """Take what is said of the host and of each VM, and how many VMs and vCPUs there are.

        `modules` are parameters of the kvm modules that they need. Where `alike` is the same, so are host and
        modules; `number` tells groups apart. `counted`: whether the inventory says how many VMs there are.
        """
        self.about, self.cells, self.vms, self.vcpus = about, cells, vms, vcpus
        self.modules, self.alike, self.number, self.counted = modules, alike, number, counted


class HostKind(NamedTuple):
    """Hosts of which the inventory says the same."""

    about: AboutHost
    groups: tuple[VmGroup, ...]
    """By their numbers."""
