"""What a host shows beside what the ledger says, and what to know when reading it."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, NamedTuple

from ptelist.compare.clauses import UNVERIFIED
from ptelist.observe import counters
from ptelist.observe.watcher import MOST_CACHES, Watcher
from ptelist.output.note import Note
from ptelist.readers.host import paths, slabinfo, vms
from ptelist.readers.host.caches import HostCaches
from ptelist.readers.host.machine import online

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ptelist.compare.comparison import Comparison
    from ptelist.observe.watcher import Check, Observed
    from ptelist.readers.host.caches import Seen
    from ptelist.readers.host.snapshot import Snapshot
    from ptelist.scenario.models import Kernel

KVM_CACHES = ("pte_list_desc", "kvm_mmu_page_header")
OF_HOST = frozenset(("kernel", "config", "host"))


class Observation(NamedTuple):
    """All that `ptelist observe` found."""

    caches: tuple[Observed, ...]
    others: tuple[Observed, ...]
    """With --all-caches, every other cache of the host."""
    vms: tuple[vms.Vm, ...]
    notes: tuple[Note, ...]
    comparison: Comparison

    @property
    def all_caches(self) -> tuple[Observed, ...]:
        """Return each cache that was checked, once."""
        return *self.caches, *self.others

    @property
    def differing(self) -> list[tuple[Observed, Check]]:
        """Return where measurement and prediction cannot be the same."""
        return [(cache, check) for cache in self.all_caches for check in cache.checks if check.agrees is False]


def observe(  # noqa: PLR0913 -- what the options of the command say
    snapshot: Snapshot,
    label: str,
    comparison: Comparison,
    *,
    counts: bool,
    every: bool,
    told: bool = False,
    copy: tuple[Note, ...] = (),
) -> Observation:
    """Return what a snapshot shows beside a scenario.

    `counts`: the scenario says which VMs the host runs, and with `told` what the host
    has been through before. `every`: all caches are checked. `copy`: what is known
    of a copy that stands for the host. Raises PtelistError for a snapshot that cannot be read.
    """
    caches = HostCaches(snapshot, slabinfo.rows(snapshot, label), label)
    watcher = Watcher(comparison, counts=counts, told=told, online=online(snapshot, label))
    kvm = [seen for name in KVM_CACHES if (seen := caches.find(name))]
    others = _others(caches, kvm) if every else ()
    guests = vms.vms(snapshot, label)
    return Observation(
        tuple(map(watcher.kvm, kvm)),
        tuple(each for seen in others if (each := watcher.any(seen))),
        guests,
        (*copy, *_notes(snapshot, comparison.columns[0].scenario.kernel, kvm, guests, counts=counts)),
        comparison if counts else comparison._replace(assumptions=tuple(filter(_of_host, comparison.assumptions))),
    )


def _others(caches: HostCaches, kvm: Sequence[Seen]) -> Iterator[Seen]:
    """Yield the caches beside KVM's, one that KVM's is merged into being the same."""
    known = {seen.directory or seen.name for seen in kvm}
    return (seen for seen in caches.every() if (seen.directory or seen.name) not in known)


def _notes(
    snapshot: Snapshot, kernel: Kernel, kvm: Sequence[Seen], guests: Sequence[vms.Vm], *, counts: bool
) -> Iterator[Note]:
    """Yield what was not read, what VMs tell, and how to have more predicted."""
    missing = [name for name in KVM_CACHES if name not in {seen.name for seen in kvm}]
    if missing and (snapshot.slabs or paths.SLABINFO in snapshot.files):
        yield Note(f"no cache {' or '.join(missing)}", _why_missing(snapshot, is_loaded=bool(kvm)))
    for path, reason in sorted(snapshot.unread.items()):
        yield Note("not read", f"{path} ({reason})" + ("; root may" if reason == os.strerror(errno.EACCES) else ""))
    told: dict[str, list[str]] = {}
    for vm in guests:
        for sentence in counters.sentences(vm, kernel):
            told.setdefault(sentence, []).append(vm.name)
    yield from (Note(_named(names), sentence) for sentence, names in told.items())
    if kvm and not counts:
        yield Note("counts are not predicted", f"say which VMs run, {_options([vm.vcpus for vm in guests])}")


def _why_missing(snapshot: Snapshot, *, is_loaded: bool) -> str:
    """Return why a cache of KVM's is not there, as far as that is known.

    sysfs has all names, slabinfo one of those that are merged; what has no release with it may be a part of a host.
    """
    causes = [] if snapshot.slabs else ["merged under another name (a copy of sysfs says which)"]
    causes += [] if is_loaded else ["kvm is not loaded"]
    causes += [] if paths.RELEASE in snapshot.files else ["not copied"]
    return f"either {', or '.join(causes)}" if len(causes) > 1 else "".join(causes) or "not in sysfs"


def _named(names: Sequence[str]) -> str:
    if len(names) > MOST_CACHES:
        return f"{len(names)} VMs"
    return f"VM{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _options(vcpus: Sequence[int]) -> str:
    """Return options that say which VMs run; vCPU caches are the same in one VM of all their vCPUs."""
    if not vcpus or 0 in vcpus:
        return "e.g. --vms 2 --vcpus 8"
    return f"--vms {len(vcpus)} --vcpus {vcpus[0]}" if len(set(vcpus)) == 1 else f"or as one: --vcpus {sum(vcpus)}"


def _of_host(note: Note) -> bool:
    """Return whether it is about what a layout rests on, which no VM changes."""
    return note.topic in OF_HOST or (note.topic == UNVERIFIED and note.about.startswith("kernel.slub_"))
