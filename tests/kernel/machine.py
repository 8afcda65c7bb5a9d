"""What was booted, and what ptelist says of caches on such a machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from guest_steps import GUEST, moments, replayed
from helpers import ledger, scenario

from kernel.fetch import VERSIONS
from ptelist.engine import memslots

if TYPE_CHECKING:
    from collections.abc import Iterable

    from guest_steps import Moment, Options
    from helpers import Option

    from kernel.guest import Guest, Row
    from ptelist.engine.ledger import Ledger, Term
    from ptelist.scenario.models import Config, Host, Kernel

Measured = dict[str, int | list[int]]

DESC, HEADER = "pte_list_desc", "kvm_mmu_page_header"
CACHES = (DESC, HEADER)
PID = "pid"
"""The kmem_cache of struct pid."""
GUEST_MEMORY = 16 << 20
"""Of most VMs: one memslot from 0, none for SMM."""


class Between(NamedTuple):
    """A prediction that is not one number, and why."""

    low: int
    high: int | None
    why: str

    def at(self, _: Measured) -> Number:
        """Return what is predicted, whatever was measured."""
        return self


class Beside(NamedTuple):
    """Objects of a merged cache: those of KVM, and as many others as there were at another moment."""

    count: int
    beside: str
    """Where the others were counted alone."""

    def at(self, measured: Measured) -> Number:
        """Return what is predicted, given how many others there were."""
        others = measured[self.beside]
        assert isinstance(others, int)
        return others + self.count


class BesideSlabs(NamedTuple):
    """Slabs of a merged cache: at least KVM's alone, at most those and the others'."""

    low: int
    high: int
    beside: str
    """The moment at which the others were alone: `MOMENT.CACHE.slabs`."""
    why: str

    def at(self, measured: Measured) -> Number:
        """Return what is predicted, given how many slabs the others had."""
        others = measured[self.beside]
        assert isinstance(others, int)
        return between(max(self.low, others and 1), self.high + others, self.why)


Number = int | Between | Beside | BesideSlabs


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
        return tuple(map(int, self._version.split(".")))

    @property
    def kernel(self) -> Kernel:
        """The shipped profile."""
        return scenario(kernel=self._version).kernel

    @property
    def flavour(self) -> str:
        """The preset of the configuration of Debian's kernel, as its release names it."""
        return flavour(self.release)

    @property
    def config(self) -> Config:
        """How the kernel was built."""
        return scenario(**self.options()).config

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
        plain = scenario(memory=GUEST_MEMORY, smm=False)
        (row,) = memslots.slots(self.kernel, plain.host, plain.vms[0]).rows
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
        return {"kernel": self._version, "config": self.flavour, "slab_merge": merge, **sizes, **slub, **more}

    @property
    def _version(self) -> str:
        """The version of a series, which may be one of another flavour."""
        return self.series.partition("-")[0]

    def vm(self, **more: Option) -> Ledger:
        """Return the figures of one of the guest's VMs on this machine."""
        return ledger(**{**self.options(memory=GUEST_MEMORY, leaf="4K", smm=False, vcpus=1), **more})

    def steps(self, lines: Iterable[str], paging: str = "shadow", *, spread: bool = False) -> tuple[Moment, ...]:
        """Return what `ptelist replay` prints at each mark of these steps of VMs."""
        return moments(lines, self._version, VERSIONS, self._replay(paging, spread=spread))

    def replays(self, lines: Iterable[str], paging: str = "shadow") -> bool:
        """Tell whether `ptelist replay` says that it is exact."""
        return replayed(lines, VERSIONS, self._replay(paging)).inexact_from is None

    def _replay(self, paging: str, *, spread: bool = False) -> Options:
        """Return the options of this machine, whatever its kernel."""
        filling = {"filling": "spread"} if spread else {}
        chosen = {**self.options(**filling), "paging": paging}
        del chosen["kernel"]
        return (*((name.replace("_", "-"), _text(value)) for name, value in chosen.items()), *GUEST)

    # what slabinfo says of one cache

    def count(self, guest: Guest, name: str) -> Row:
        """Return a cache's row after a shrink, without the objects that are struct pid, of which each task has one.

        VMs have tasks of their own from v5.2 on, and the kernel makes and ends workers when it likes.
        """
        if not self.counts_tasks(name):
            return guest.count(name)
        while True:
            guest.settle()  # a task that ends is counted no more before RCU frees its struct pid
            tasks, row = guest.tasks(), guest.count(name)
            if guest.tasks() == tasks:
                return row._replace(active=row.active - tasks)

    def counts_tasks(self, name: str) -> bool:
        """Tell whether a task more is an object more: struct pid is in the cache.

        A merged cache has the name of the member that was made first, and pid's is made before those of files.
        """
        return self.merged.get(name) == PID

    def objects(self, name: str, count: Number, beside: str | None = None) -> Number:
        """Return what `count` says if so many objects are KVM's.

        In a merged cache the others' objects count as well: as many as `beside`, the name of another number of the
        experiment. Without such a number there is no upper bound.
        """
        if name not in self.merged or not isinstance(count, int):
            return count
        if beside is None:
            return Between(count, None, f"merged with {self.merged[name]}, whose objects count as well")
        return Beside(count, beside)

    def slabs(self, name: str, moment: Moment, beside: str | None = None) -> Number:
        """Return the slabs at a mark, after a shrink; `beside` is an earlier moment of the experiment."""
        low, high = moment.slabs[name]
        if name not in self.merged:
            return between(low, high, "freed objects leave slabs partly filled, sheaves take objects ahead")
        if beside is None:
            return Between(low, None, f"merged with {self.merged[name]}")
        worker = self.counts_tasks(name)
        return BesideSlabs(low, high + worker, beside, f"beside those of {self.merged[name]}")

    def unshrunk(self, name: str, *, closed: bool, spread: bool, **vm: Option) -> dict[str, Number]:
        """Return the counts as they stand, after vCPUs ran on a fresh machine, or once their VM is `closed`.

        Of a closed VM nothing is in use, but what CPUs keep counts: no more than there ever was.
        """
        if name in self.merged:
            held = self.vm(**vm)
            least = {what: 0 if closed else held[f"{name}.{what}"].low for what in ("objects", "slabs")}
            return {what: Between(low, None, f"merged with {self.merged[name]}") for what, low in least.items()}
        if not closed:
            figures = self.vm(filling="spread" if spread else "packed", **vm)
            return {what: exactly(figures[f"{name}.{what}.raw"]) for what in ("objects", "slabs")}
        figures = self.vm(filling="aged", peak_vms=1, **vm)
        most = {what: figures[f"{name}.{what}.raw"] for what in ("objects", "slabs")}
        return {what: Between(0, term.high, "raw: what CPUs and nodes keep counts") for what, term in most.items()}

    def layout(self, name: str) -> dict[str, int]:
        """Return a cache's geometry as slabinfo has it."""
        figures = self.vm()
        pages = 1 << figures[f"{name}.slab_order"].low
        return {
            "stride": figures[f"{name}.stride"].low,
            "per_slab": figures[f"{name}.objects_per_slab"].low,
            "pages": pages,
        }


def exactly(term: Term) -> Number:
    """Return what a figure says."""
    return between(term.low, term.high, term.note)


def between(low: int, high: int | None, why: str) -> Number:
    """Return what is predicted: one number where it is one."""
    return low if low == high else Between(low, high, why)


def _text(value: Option) -> str:
    return str(value) if not isinstance(value, bool) else "on" if value else "off"


def flavour(release: str) -> str:
    """Return the preset of the configuration of Debian's kernel, as its release names it."""
    return f"debian-{'cloud-' if 'cloud' in release else ''}amd64"


def cpus(text: str) -> int:
    """Return how many CPUs a list such as 0 or 0-127 has; ours begin at 0."""
    return int(text.rpartition("-")[2]) + 1
