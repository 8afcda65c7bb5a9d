"""Every step of a VM's life: what its cgroup is charged, and what the kernel's own files say, is what ptelist predicts.

Printed figures are named here, for each place to look at; none is worked out. What is no MMU's is named and measured.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from guest_steps import ALIASES, PAGE, charged, start

from kernel.allocations import Allocations
from kernel.charge import FLUSHED, ROOT
from kernel.experiment import NAMED, Experiment, Predicted
from kernel.machine import CACHES, DESC, HEADER, Between, Measured

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kernel.allocations import Allocated, Site
    from kernel.guest import Guest
    from kernel.machine import Machine

MIB = 1 << 20
HIGH = 4 << 30
"""Where the second memslot begins, as PCs have it."""
WINDOW = 2 * MIB
"""What one page table maps."""
KVM_MEM_LOG_DIRTY_PAGES = 1
POINTER = 8
"""Charged with each object: its pointer to the cgroup."""

PLACES = {
    "kernel": ((5, 10), "kernel"),
    "slab": ((5, 13), "slab"),
    "sec_pagetables": ((6, 1), "sec_pagetables"),
    "vmalloc.memslots": ((5, 10), "memslots"),
    "vmalloc.dirty_bitmap": ((5, 10), "dirty_bitmap"),
}
"""Where one looks: from which version on it says it at once, and what `ptelist replay` calls it.

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


LONG = 10
"""So often it is waited after a VM is closed: what a worker frees of it is uncharged late on a busy machine."""


class Step(NamedTuple):
    """A name, what the guest is told, and the same for `ptelist replay`."""

    name: str
    commands: tuple[tuple[object, ...], ...]
    lines: tuple[str, ...]


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
        for step in self._steps():
            watch.begin()
            for command, *words in step.commands:
                guest.ask(command, vm, *words)
            for _ in range(LONG if step.name == "close" else 1):
                guest.settle()
            watch.end(step.name)
        guest.ask("write", f"{ROOT}/cgroup.procs", 0)
        return watch.measured()

    def _steps(self) -> Iterator[Step]:
        low, high = self.mib * MIB, self.high_mib * MIB
        aliases = ALIASES if self.paging == "shadow" else HIGH
        yield Step("vm", (("open",),), ("open vm",))
        slots = (0, 0, low, 0), (1, HIGH, high, low)
        for slot, address, size, offset in slots:
            yield Step(f"slot-{slot}", (("slot", slot, address, size, offset, 0),), (f"slot vm {address} {size}",))
        for number in range(self.vcpus):
            yield Step(f"vcpu-{number}", (("vcpu", "long"),), (f"vcpu vm {number}",))
        for number in range(self.vcpus):
            yield Step(f"run-{number}", (("run", number),), tuple(start("vm", number)))
        again = tuple(("run", number) for number in range(self.vcpus))
        yield Step("run-again", again, tuple(f"run vm {number}" for number in range(self.vcpus)))
        for address in range(0, high, WINDOW):
            first = address // PAGE
            alias = ("map", first, WINDOW // PAGE, HIGH // PAGE + first, WINDOW // PAGE, 1)
            touched = (f"touch vm 0 {aliases + address}",)
            yield Step(f"touch-{address // MIB}", (alias, ("touch", 0, ALIASES + address, 1, PAGE)), touched)
        touched = (f"touch vm 0 {aliases}*{high // PAGE}",)
        yield Step("touch-all", (("touch", 0, ALIASES, high // PAGE, PAGE),), touched)
        for name, flags, state in (("dirty-log", KVM_MEM_LOG_DIRTY_PAGES, "on"), ("dirty-log-off", 0, "off")):
            lines = tuple(f"log vm {address} {state}" for _, address, _, _ in slots)
            yield Step(name, tuple(("slot", *slot, flags) for slot in slots), lines)
        for slot, address in ((1, HIGH), (0, 0)):
            yield Step(f"unslot-{slot}", (("slot", slot, address, 0, 0, 0),), (f"unslot vm {address}",))
        yield Step("close", (("close",),), ("close vm",))

    def predict(self, machine: Machine) -> Predicted:
        predicted: Predicted = {}
        lines = ("open vm", "close vm", "mark", *(line for step in self._steps() for line in (*step.lines, "mark")))
        moments = machine.steps(lines, self.paging)
        for step, (before, after) in zip(self._steps(), pairwise(moments), strict=True):
            objects = {DESC: after.held, HEADER: after.headers}
            predicted |= {f"{step.name}.{cache}": machine.objects(cache, objects[cache]) for cache in CACHES}
            for place in _places(machine, step.name):
                predicted[f"{step.name}.{place}"] = _within_a_page(*charged(before, after, PLACES[place][1]))
        if machine.version >= BY_EVENT:
            predicted["left.kernel"] = _within_a_page(*charged(moments[0], moments[-1], "kernel"))
        return predicted


def _places(machine: Machine, step: str) -> list[str]:
    """Return where one can look after a step."""
    found = [name for name, (since, _) in PLACES.items() if machine.version >= since]
    if machine.version < BY_EVENT and step.startswith(MAKES_FILES):
        found.remove("kernel")
    return found


def _within_a_page(low: int, high: int) -> Between:
    return Between(low - PAGE, high + PAGE, "within a page, which is what is charged at a time")


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
