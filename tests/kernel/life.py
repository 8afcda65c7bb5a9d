"""Every step of a VM's life: what its cgroup is charged, and what the kernel's own files say, is what ptelist predicts.

Printed figures are named here, for each place to look at; none is worked out. What is no MMU's is named and measured.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from guest_steps import ALIASES, PAGE

from kernel.allocations import Allocations
from kernel.charge import FLUSHED, ROOT
from kernel.experiment import NAMED, Experiment, Predicted
from kernel.machine import CACHES, DESC, HEADER, Between, Measured
from ptelist.engine import rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kernel.allocations import Allocated, Site
    from kernel.guest import Guest
    from kernel.machine import Machine
    from ptelist.engine.ledger import Ledger

MIB = 1 << 20
HIGH = 4 << 30
"""Where the second memslot begins, as PCs have it."""
PROBED = 3 * PAGE
"""A vCPU's first run touches code and data, a page each, below this."""
WINDOW = 2 * MIB
"""What one page table maps."""
KVM_MEM_LOG_DIRTY_PAGES = 1
POINTER = 8
"""Charged with each object: its pointer to the cgroup."""

TABLES, HEADERS = "page_tables.bytes.tables", f"{HEADER}.objects.page_tables"
SHADOWED = "page_tables.bytes.shadowed_info"
PARTS = {
    "slab": (f"{DESC}.bytes.used", f"{HEADER}.bytes.used", "vcpu_caches.bytes.arrays"),
    "page_hash": ("page_hash.bytes",),
    "pages": ("shadow_pages.bytes", "page_tables.bytes.pae_roots"),
    "memslots": ("memslots.bytes.rmap_heads", "memslots.bytes.lpage_info", "memslots.bytes.write_track"),
    "dirty_bitmap": ("memslots.bytes.dirty_bitmap",),
    "tables": (TABLES,),
}
"""The figures that are seen together."""
SLOTS = ("memslots", "dirty_bitmap")
"""Parts that follow from memslots, the others from what of them is mapped."""
PLACES = {
    "kernel": ((5, 10), ("slab", "page_hash", "pages", "memslots", "dirty_bitmap")),
    "slab": ((5, 13), ("slab", "page_hash")),
    "sec_pagetables": ((6, 1), ("tables",)),
    "vmalloc.memslots": ((5, 10), ("memslots",)),
    "vmalloc.dirty_bitmap": ((5, 10), ("dirty_bitmap",)),
}
"""Where one looks: from which version on it says it at once, and the parts that it shows.

In memory.stat: `kernel`, before v5.18 memory.current; `slab_unreclaimable`, exact from v5.13 on (2d146aa3aa84);
`sec_pagetables` (v6.1). /proc/vmallocinfo by function.
"""
BESIDE = ("slab_reclaimable", "kernel_stack", "percpu")
"""Of memory.stat, what no tracepoint names: dentries and inodes of debugfs, the stack of a kernel thread."""
BY_EVENT = (6, 1)
"""From here on tracepoints say that a cache is SLAB_ACCOUNT; before, nothing tells what new files take."""
MAKES_FILES = ("vm", "vcpu-", "close")
"""How the steps' names begin."""
VMALLOC = {
    "memslots": (
        "memslot_rmap_alloc",
        "kvm_arch_prepare_memory_region",
        "kvm_alloc_memslot_metadata",
        "kvm_page_track_create_memslot",
        "__vcalloc_noprof",
        "__vmalloc_array_noprof",
    ),
    "dirty_bitmap": ("kvm_set_memslot", "__kvm_set_memory_region", "kvm_set_memory_region", "kvm_alloc_dirty_bitmap"),
}
"""Functions in /proc/vmallocinfo: which of them has which array differs with what the compiler inlined."""
MMU = re.compile(
    r"_*kvm_mmu_topup_memory_cache|mmu_topup_memory_caches|mmu_memory_cache_alloc|_*kvm_mmu_create|kvm_mmu_init_vm"
    r"|kvm_mmu_alloc_page_hash|mmu_alloc_\w+|kvm_mmu_load|tdp_mmu_\w+|kvm_tdp_mmu_\w+|"
    + "|".join(name for names in VMALLOC.values() for name in names)
)
"""Call sites of which ptelist predicts what they take."""


class Stage(NamedTuple):
    """What there is of a VM after a step."""

    slots: int = 0
    vcpus: int = 0
    run: int = 0
    touched: int = 0
    """Bytes of the first memslot, up to the last page touched."""
    high: int = 0
    """The same of the second."""
    dirty: bool = False
    zapped: bool = False
    """Whether a memslot went since, and with it all page tables but roots."""
    alive: bool = True


GONE = Stage(alive=False)

Step = tuple[str, tuple[tuple[object, ...], ...], Stage]
"""A name, the commands, and what there is after them."""


@dataclass(frozen=True)
class VmLife(Experiment):
    """A VM is created, gets memslots and vCPUs; they run, memory is touched; dirty logging; all goes in turn.

    Its memory was there before, so that nothing of a step is the guest's. `mib` in the first memslot, `high_mib` in a
    second one from 4 GiB on, which is touched through 4 KiB pages of the guest's, so that with shadow paging as with
    TDP one more page table is for 2 MiB of it.
    """

    kind = "vm-life"
    paging: str
    mib: int
    high_mib: int
    vcpus: int

    def run(self, guest: Guest, machine: Machine) -> Measured:
        group, reader = _groups(guest, f"{self.paging}-{self.mib}-{self.vcpus}")
        vm, _ = guest.ask("reserve", (self.mib + self.high_mib) * MIB)
        watch = Watch(guest, machine, group, reader)
        for name, commands, _stage in self._steps():
            watch.begin()
            for command, *words in commands:
                guest.ask(command, vm, *words)
            guest.settle()
            watch.end(name)
        guest.ask("write", f"{ROOT}/cgroup.procs", 0)
        return watch.measured()

    def _steps(self) -> Iterator[Step]:
        low, high = self.mib * MIB, self.high_mib * MIB
        stage = Stage()
        yield "vm", (("open",),), stage
        slots = (0, 0, low, 0), (1, HIGH, high, low)
        for number, (slot, address, size, offset) in enumerate(slots, 1):
            stage = stage._replace(slots=number)
            yield f"slot-{slot}", (("slot", slot, address, size, offset, 0),), stage
        for number in range(self.vcpus):
            stage = stage._replace(vcpus=number + 1)
            yield f"vcpu-{number}", (("vcpu", "long"),), stage
        for number in range(self.vcpus):
            stage = stage._replace(run=number + 1, touched=PROBED)
            yield f"run-{number}", (("run", number),), stage
        yield "run-again", tuple(("run", number) for number in range(self.vcpus)), stage
        for address in range(0, high, WINDOW):
            stage = stage._replace(high=address + PAGE)
            first = address // PAGE
            alias = ("map", first, WINDOW // PAGE, HIGH // PAGE + first, WINDOW // PAGE, 1)
            yield f"touch-{address // MIB}", (alias, ("touch", 0, ALIASES + address, 1, PAGE)), stage
        stage = stage._replace(high=high)
        yield "touch-all", (("touch", 0, ALIASES, high // PAGE, PAGE),), stage
        logged = stage._replace(dirty=True)
        for name, flags, after in (("dirty-log", KVM_MEM_LOG_DIRTY_PAGES, logged), ("dirty-log-off", 0, stage)):
            yield name, tuple(("slot", *slot, flags) for slot in slots), after
        yield "unslot-1", (("slot", 1, HIGH, 0, 0, 0),), stage._replace(slots=1, zapped=True)
        yield "unslot-0", (("slot", 0, 0, 0, 0, 0),), stage._replace(slots=0, zapped=True)
        yield "close", (("close",),), GONE

    def predict(self, machine: Machine) -> Predicted:
        predicted: Predicted = {}
        before = self._held(machine, GONE)
        for name, _commands, stage in self._steps():
            after = self._held(machine, stage)
            for cache in CACHES:
                predicted[f"{name}.{cache}"] = machine.objects(cache, after[cache])
            for place in _places(machine, name):
                change = sum(after[part] - before[part] for part in PLACES[place][1])
                predicted[f"{name}.{place}"] = _within_a_page(change)
            before = after
        if machine.version >= BY_EVENT:
            predicted["left.kernel"] = _within_a_page(0)
        return predicted

    def _held(self, machine: Machine, stage: Stage) -> dict[str, int]:
        """Return how many objects both caches have at a stage, and the figures of each part, summed up."""
        held = dict.fromkeys((*PARTS, *CACHES), 0)
        if not stage.alive:
            return held
        memory = (self.mib * MIB, self.high_mib * MIB)[: stage.slots]
        arrays = self._figures(machine, stage, *memory)
        mapped = self._figures(machine, stage, stage.touched, stage.high)
        for part, names in PARTS.items():
            figures = arrays if part in SLOTS else mapped
            held[part] = sum(figures[name].low for name in names)
        if not stage.vcpus:
            held["pages"] = 0  # a scenario has at least one vCPU, with its PAE roots
        for cache in CACHES:
            held[cache] = mapped[f"{cache}.objects"].low
        held["slab"] += sum(held[cache] for cache in CACHES) * self._pointer(machine)
        if machine.kernel.page_hash == "embedded":
            held["page_hash"] = 0  # in struct kvm, which is named
        if stage.zapped:
            self._zap(machine, stage, held, mapped)
        return held

    def _zap(self, machine: Machine, stage: Stage, held: dict[str, int], mapped: Ledger) -> None:
        """Take away the tables of what was mapped, all but the root, which is there with nothing mapped, too."""
        roots = self._figures(machine, stage)
        freed = {name: mapped[name].low - roots[name].low for name in (TABLES, HEADERS, SHADOWED)}
        held["pages"] -= freed[TABLES] + freed[SHADOWED]
        held["tables"] -= freed[TABLES]
        held[HEADER] -= freed[HEADERS]
        held["slab"] -= freed[HEADERS] * (mapped[f"{HEADER}.size"].low + self._pointer(machine))

    def _pointer(self, machine: Machine) -> int:
        """Return what each object is charged beside its own bytes."""
        return rules.obj_ext_bytes(machine.kernel, machine.config, machine.host)

    def _figures(self, machine: Machine, stage: Stage, low: int = 0, high: int = 0) -> Ledger:
        return machine.vm(
            paging=self.paging,
            memory=low + high,
            set=f"vm.low_memory={low or PAGE}",
            vcpus=max(stage.vcpus, 1),
            vcpus_run=stage.run,
            dirty_log=stage.dirty,
        )


def _places(machine: Machine, step: str) -> list[str]:
    """Return where one can look after a step."""
    found = [name for name, (since, _) in PLACES.items() if machine.version >= since]
    if machine.version < BY_EVENT and step.startswith(MAKES_FILES):
        found.remove("kernel")
    return found


def _within_a_page(value: int) -> Between:
    return Between(value - PAGE, value + PAGE, "within a page, which is what is charged at a time")


class Seen(NamedTuple):
    """What the kernel's files say at one time."""

    stat: dict[str, int]
    kernel: int
    vmalloc: dict[str, int]
    """Bytes by function."""
    objects: dict[str, int]


class Watch:
    """Looks at one cgroup after each step."""

    def __init__(self, guest: Guest, machine: Machine, group: str, reader: str) -> None:
        """Enter the cgroup, and look for the first time."""
        self._guest, self._machine, self._group, self._reader = guest, machine, group, reader
        self._allocations = Allocations(guest)
        self._seen = {"": self._look()}

    def begin(self) -> None:
        """Let the next step begin: in the cgroup, and traced."""
        self._guest.ask("write", f"{self._group}/cgroup.procs", 0)
        self._allocations.resume()

    def end(self, step: str) -> None:
        """Look, from another cgroup, at what the step has brought."""
        self._allocations.pause()
        self._allocations.mark(step)
        self._seen[step] = self._look()

    def _look(self) -> Seen:
        """See charge.py for why one waits, in another cgroup."""
        guest = self._guest
        guest.ask("write", f"{self._reader}/cgroup.procs", 0)
        guest.text(f"{self._reader}/memory.stat")
        time.sleep(FLUSHED)
        lines = guest.text(f"{self._group}/memory.stat").splitlines()
        stat = {name: int(value) for name, value in (line.split() for line in lines)}
        kernel = stat.get("kernel", int(guest.text(f"{self._group}/memory.current")))
        objects = {name: guest.count(name).active for name in CACHES}
        return Seen(stat, kernel, by_function(guest.text("/proc/vmallocinfo")), objects)

    def measured(self) -> Measured:
        """Return what changed with each step, less what is named: that is no MMU's."""
        measured: Measured = {}
        sites = self._allocations.end()
        seen = list(self._seen.items())
        for (_, before), (step, after) in pairwise(seen):
            named = self._named(before, after, sites[step])
            measured |= {f"{NAMED}{step}.{name}": size for name, size in named.items()}
            measured |= {f"{step}.{place}": value for place, value in self._changes(step, before, after, named).items()}
        if self._machine.version >= BY_EVENT:
            measured["left.kernel"] = seen[-1][1].kernel - seen[0][1].kernel
        return measured

    @staticmethod
    def _named(before: Seen, after: Seen, sites: Mapping[Site, Allocated]) -> dict[str, int]:
        """Return the bytes of what is no MMU's, by what it is."""
        named = {f"stat.{name}": after.stat.get(name, 0) - before.stat.get(name, 0) for name in BESIDE}
        for (function, of_slab), taken in sites.items():
            if not MMU.fullmatch(function):
                size = taken.bytes + POINTER * taken.objects if of_slab else taken.bytes
                named[f"{'slab' if of_slab else 'pages'}.{function}"] = size
        return {name: size for name, size in named.items() if size}

    def _changes(self, step: str, before: Seen, after: Seen, named: Mapping[str, int]) -> dict[str, int]:
        change = {
            "kernel": after.kernel - before.kernel - sum(named.values()),
            "slab": after.stat["slab_unreclaimable"]
            - before.stat["slab_unreclaimable"]
            - sum(size for name, size in named.items() if name.startswith("slab.")),
            "sec_pagetables": after.stat.get("sec_pagetables", 0) - before.stat.get("sec_pagetables", 0),
        }
        for part, functions in VMALLOC.items():
            change[f"vmalloc.{part}"] = sum(after.vmalloc.get(f, 0) - before.vmalloc.get(f, 0) for f in functions)
        here = {name: change[name] for name in _places(self._machine, step)}
        return here | {name: after.objects[name] for name in CACHES}


def by_function(vmallocinfo: str) -> dict[str, int]:
    """Return the bytes of separate pages by the function that asked for them."""
    found: dict[str, int] = {}
    for line in vmallocinfo.splitlines():
        pages = re.search(r" pages=(\d+)", line)
        if pages:
            function = line.split()[2].partition("+")[0].partition(".")[0]
            found[function] = found.get(function, 0) + int(pages[1]) * PAGE
    return found


def _groups(guest: Guest, name: str) -> tuple[str, str]:
    """Make a cgroup to be watched, and one to watch from."""
    guest.ask("write", f"{ROOT}/cgroup.subtree_control", "+memory")
    groups = f"{ROOT}/life-{name}", f"{ROOT}/reader-{name}"
    for group in groups:
        guest.ask("mkdir", group)
    return groups
