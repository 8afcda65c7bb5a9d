"""What was booted, and what ptelist says of caches on such a machine."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from helpers import ledger, scenario

from ptelist.engine import memslots
from ptelist.engine.facts import Facts
from ptelist.engine.kmem_cache import Cache
from ptelist.engine.ledger import Ledger, Unit, fixed

if TYPE_CHECKING:
    from helpers import Option

    from ptelist.scenario import Host, Kernel

DESC, HEADER = "pte_list_desc", "kvm_mmu_page_header"
CACHES = (DESC, HEADER)
GUEST_MEMORY = 16 << 20
"""Of most VMs: one memslot from 0, none for SMM."""


CONFIGURED: dict[tuple[str, str], dict[str, Option]] = {("6.1", "amd64"): {"external_write_tracking": True}}
"""What a version's flavour is built with that the usual one is not."""


class Between(NamedTuple):
    """A prediction that is not one number, and why."""

    low: int
    high: int | None
    why: str


Number = int | Between


class Machine(NamedTuple):
    """The first line of a recorded file."""

    series: str
    release: str
    packages: dict[str, str]
    command_line: str
    smp: str
    cpu: str
    possible: str
    present: str
    online: str
    merged: dict[str, str]
    """Caches that share their slabs with others, and the name of the shared one."""

    @property
    def version(self) -> tuple[int, ...]:
        """The series, to be compared."""
        return tuple(map(int, self.series.partition("-")[0].split(".")))

    @property
    def kernel(self) -> Kernel:
        """The shipped profile."""
        return scenario(kernel=self._configured()["kernel"]).kernel

    @property
    def host(self) -> Host:
        """The machine as ptelist's host."""
        return scenario(**self.options()).host

    @property
    def has_stats(self) -> bool:
        """Tell whether KVM has statistics of pages and rmaps: from v5.14 on, as mmu_rmaps_stat."""
        return self.kernel.rmaps_stat != "none"

    @property
    def memslot(self) -> tuple[int, int, int]:
        """Return how many pages of 4K, 2M and 1G the guest's memslot has."""
        (row,) = memslots.slots(self.kernel, scenario(memory=GUEST_MEMORY, smm=False).vms[0]).rows
        return row

    @property
    def cpus(self) -> int:
        """How many CPUs are online."""
        return cpus(self.online)

    def options(self, **more: Option) -> dict[str, Option]:
        """Return the options that make this machine's scenario; slub_* are boot options and options of ptelist."""
        slub = dict(re.findall(r"\b(slub_\w+)=(\w+)", self.command_line))
        merge = "slab_nomerge" not in self.command_line.split()
        sizes: dict[str, Option] = {"cpus": cpus(self.present), "possible_cpus": cpus(self.possible)}
        return {**self._configured(), "slab_merge": merge, **sizes, **slub, **more}

    def _configured(self) -> dict[str, Option]:
        """Return the options for a series: its version, and what its flavour is configured with."""
        version, _, flavour = self.series.partition("-")
        return {"kernel": version, **CONFIGURED.get((version, flavour), {})}

    def vm(self, **more: Option) -> Ledger:
        """Return the figures of one of the guest's VMs on this machine."""
        return ledger(**{**self.options(memory=GUEST_MEMORY, leaf="4K", smm=False, vcpus=1), **more})

    # objects and slabs of one cache

    def objects(self, name: str, count: int) -> Number:
        """Return what slabinfo says after a shrink if `count` objects are KVM's."""
        if name in self.merged:
            return Between(count, None, f"merged with {self.merged[name]}, whose objects count as well")
        return count

    def slabs(self, name: str, count: int, peak: int | None = None, *, spread: bool = False) -> Number:
        """Return the slabs of `count` objects, of `peak` ones before some were freed, here or there."""
        least = self._cache(name, count, spread=spread)[f"{name}.slabs"]
        most = self._cache(name, max(count, peak or 0), spread=spread)[f"{name}.slabs"]
        if name in self.merged:
            return Between(least.low, None, f"merged with {self.merged[name]}")
        if least.low == most.high:
            return least.low
        return Between(least.low, most.high, least.note or "freed objects leave slabs partly filled")

    def unshrunk(self, name: str, count: int, *, spread: bool = False) -> dict[str, Number]:
        """Return the bounds of the counts as they stand: what CPUs keep counts as in use."""
        figures = self._cache(name, count, spread=spread)
        slabs = figures[f"{name}.slabs"]
        most = slabs.high + figures[f"{name}.slabs.retained"].high
        objects = most * figures[f"{name}.objects_per_slab"].low
        if name in self.merged:
            return {"objects": self.objects(name, count), "slabs": self.slabs(name, count)}
        why = "raw: what CPUs and nodes keep counts as well"
        return {"objects": Between(count, objects, why), "slabs": Between(slabs.low, most, why)}

    def layout(self, name: str) -> dict[str, int]:
        """Return a cache's geometry as slabinfo has it."""
        figures = self._cache(name, 0)
        pages = 1 << figures[f"{name}.slab_order"].low
        return {
            "stride": figures[f"{name}.stride"].low,
            "per_slab": figures[f"{name}.objects_per_slab"].low,
            "pages": pages,
        }

    def _cache(self, name: str, count: int, *, spread: bool = False) -> Ledger:
        filling: dict[str, Option] = {"filling": "spread"} if spread else {}
        return figures_of(name, count, tuple(self.options(**filling).items()))


@cache
def figures_of(name: str, count: int, options: tuple[tuple[str, Option], ...]) -> Ledger:
    """Return the engine's figures of a cache that holds just so many objects."""
    found = scenario(**dict(options))
    figures = Ledger()
    size = ledger(**dict(options))[f"{name}.size"]
    objects = fixed(f"{name}.objects", count, Unit.OBJECTS, "as the experiment has it")
    Cache(figures, Facts(found), found.kernel, found.host, size).account(objects)
    return figures


def cpus(text: str) -> int:
    """Return how many CPUs a list such as 0 or 0-127 has; ours begin at 0."""
    return int(text.rpartition("-")[2]) + 1
