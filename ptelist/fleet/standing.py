"""What stands for the kernel of a host, and whether that is known or assumed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from ptelist.fleet import observations
from ptelist.scenario.presets import mapping, releases
from ptelist.scenario.presets.versions import is_release
from ptelist.settings.named import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptelist.fleet.alike import HostKind
    from ptelist.fleet.census import Census
    from ptelist.fleet.inventory import AboutHost
    from ptelist.fleet.records import Cells


class Standing(NamedTuple):
    """What the kernel of a host counts as."""

    profile: str
    assumed: bool
    """Whether the host has another kernel, or does not say which."""


class Kernels:
    """What stands for the kernels of hosts, each read once."""

    def __init__(self, place: int | None, assumed: str, read: Callable[[str], str]) -> None:
        """Take where the cells of a host have its kernel, that of hosts that do not say, and what reads a cell."""
        self._place, self._assumed, self._read = place, assumed, read
        self._known: dict[str, Standing] = {}

    def of(self, kind: HostKind) -> Standing:
        """Return what the kernel of hosts of a kind counts as."""
        return self._standing(kind.about.cells[self._place] if self._place is not None else "")

    def name(self, kind: HostKind) -> str:
        """Return the kernel of hosts of a kind."""
        return (kind.about.cells[self._place] if self._place is not None else "") or self._assumed

    def assumed(self, census: Census) -> Counter[Cells]:
        """Return in each group how many hosts have a kernel that is assumed."""
        found: Counter[Cells] = Counter()
        known: dict[AboutHost, bool] = {}
        for kind, names in census.hosts.items():
            about = kind.about
            if about not in known:
                known[about] = self.of(kind).assumed
            if known[about]:
                found[about.by] += len(names)
        return found

    def _standing(self, cell: str) -> Standing:
        if cell not in self._known:
            self._known[cell] = _stands(self._read(cell)) if cell else Standing(_name(self._assumed), assumed=True)
        return self._known[cell]


def _stands(kernel: str) -> Standing:
    """Return what counts for a kernel, as inventories name it."""
    if observations.is_saved(kernel):
        version = load(kernel, "kernels").overlay.kernel["version"].value
        return Standing(version, assumed=bool(observations.assumed(kernel)))
    return Standing(_name(kernel), assumed=mapping.parts(kernel) is not None)


def _name(kernel: str) -> str:
    """Return the profile of a kernel: its series, or what stands for it."""
    said = mapping.parts(kernel)
    profile = said[1] if said else kernel
    return releases.read(profile).series if is_release(profile) else profile
