"""A machine's kernel and host as settings, each with the file that says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ptelist.errors import PtelistError
from ptelist.readers.host import kconfig, paths, slub_debug
from ptelist.scenario.overlay import Origin, Overlay, Setting
from ptelist.scenario.presets import mapping, shipped, versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptelist.readers.host.snapshot import Snapshot
    from ptelist.scenario.overlay import Fields

DESC = "pte_list_desc"
AUTO, UNAFFECTED = "auto", "Not affected"
"""nx_huge_pages until a module of KVM's is loaded, and how the kernel calls CPUs without iTLB multihit."""

MOST_CPUS, MOST_DIGITS = 1 << 17, 20
"""More than a list of five digits names once, and the most digits of a number."""

SLUB_OPTIONS = ("min_objects", "min_order", "max_order")


def kernel(snapshot: Snapshot, label: str) -> Overlay:
    """Return the profile of the machine's kernel, as its types and parameters change it, and its configuration.

    With neither kvm_intel nor kvm_amd loaded it is not known whether KVM uses TDP. Raises PtelistError if the
    release is not known or has no profile.
    """
    machine = _Machine(snapshot, label)
    release = machine.need(paths.RELEASE)
    if not versions.is_release(release):
        wanted = f'expected a release such as 6.1.0-56-amd64, got "{release[:40]}"'
        raise PtelistError(f"{label}: {paths.RELEASE}: {wanted}: choose one with --kernel")
    try:
        mapping.refuse_other_architecture(release)
    except PtelistError as error:
        raise PtelistError(f"{label}: {paths.RELEASE}: {error}") from None
    try:
        profile = shipped.load(release, "kernels").overlay
    except PtelistError as error:
        raise PtelistError(f"{label}: {error}: choose one with --kernel") from None
    if paths.TYPES in snapshot.files:
        from ptelist.readers.host import types  # noqa: PLC0415 -- reads JSON, for observations that have types

        machine.fields |= types.parse(snapshot.files[paths.TYPES], label)
        machine.set("tree", f"layouts of {label}", paths.TYPES)
    machine.set("release", release, paths.RELEASE)
    if (tdp_mmu := machine.switch(paths.TDP_MMU)) is not None:
        machine.set("tdp_mmu_default", tdp_mmu, paths.TDP_MMU)
    machine.set("tdp_default", None, f"neither {' nor '.join(paths.TDP)}")
    for path in paths.TDP:
        if (tdp := machine.switch(path)) is not None:
            machine.set("tdp_default", tdp, path)
    return Overlay(kernel=machine.fields, config=config(snapshot, label)).over(profile)


def config(snapshot: Snapshot, label: str) -> Fields:
    """Return the configuration of the machine's kernel; if it could not be read, what else tells of it."""
    for path, text in snapshot.files.items():
        if path == paths.CONFIG_GZ or path.startswith(paths.CONFIG):
            release = snapshot.files.get(paths.RELEASE, "").strip()
            return kconfig.fields(text, f"{label}: {path}", f"that of {release}" if release else path)
    machine = _Machine(snapshot, label)
    if paths.PROFILING in snapshot.files:
        machine.set("alloc_profiling", True, paths.PROFILING)
    if paths.KVMGT in snapshot.files:
        machine.set("external_write_tracking", True, paths.KVMGT)
    return machine.fields


def host(snapshot: Snapshot, label: str) -> Overlay:
    """Return the machine as SLUB and the memory controller see it.

    Raises PtelistError if its CPUs are not known, or an option cannot be read.
    """
    machine = _Machine(snapshot, label)
    machine.set("name", "stdin" if label == "-" else label.rpartition("/")[2], "")
    present, possible = (machine.cpus(path) for path in (paths.PRESENT, paths.POSSIBLE))
    machine.set("cpus", len(present), paths.PRESENT)
    if max(possible) + 1 > len(present):
        machine.set("possible_cpus", max(possible) + 1, f"{paths.POSSIBLE}: nr_cpu_ids")
    nodes = paths.NODES in snapshot.files
    machine.set("nodes", len(machine.cpus(paths.NODES)) if nodes else 1, paths.NODES if nodes else "no NUMA")
    for option in SLUB_OPTIONS:
        if (value := machine.option(option)) is not None:
            machine.set(f"slub_{option}", value, paths.CMDLINE)
    machine.set("slub_debug", *machine.debug(DESC))
    if snapshot.slabs:
        machine.set("slab_merge", any(paths.LINK in cells for cells in snapshot.slabs.values()), paths.SLABS)
    machine.set("memcg", *machine.memcg())
    machine.set("nokmem", *machine.nokmem())
    machine.set("alloc_profiling", *machine.profiling())
    machine.set("external_write_tracking", paths.KVMGT in snapshot.files, paths.KVMGT)
    machine.processor()
    return Overlay(host=machine.fields, config=config(snapshot, label))


def online(snapshot: Snapshot, label: str) -> int | None:
    """Return how many CPUs are online, None if it was not read.

    What a CPU keeps of a cache is flushed when it goes (slub_cpu_dead()). Raises
    PtelistError for what is no list of CPUs.
    """
    return len(_Machine(snapshot, label).cpus(paths.ONLINE)) if paths.ONLINE in snapshot.files else None


def whole(snapshot: Snapshot, label: str) -> Overlay:
    """Return kernel and host of a machine."""
    return host(snapshot, label).over(kernel(snapshot, label))


PARTS: dict[str | None, Callable[[Snapshot, str], Overlay]] = {"kernels": kernel, "hosts": host, None: whole}


class _Machine:
    """Answers read out of a snapshot, gathered as settings."""

    def __init__(self, snapshot: Snapshot, label: str) -> None:
        self._snapshot, self._label = snapshot, label
        self._origin = Origin(label)
        self._words = snapshot.files.get(paths.CMDLINE, "").split()
        self.fields: Fields = {}

    def set(self, field: str, value: Any, source: str) -> None:
        self.fields[field] = Setting(value, self._origin, field, f"{self._label}: {source}" if source else self._label)

    def need(self, path: str) -> str:
        if path not in self._snapshot.files:
            reason = self._snapshot.unread.get(path, "not there")
            raise PtelistError(f"{self._label}: {path}: {reason[:1].lower()}{reason[1:]}")
        return self._snapshot.files[path].strip()

    def switch(self, path: str) -> bool | None:
        """Return a module's parameter: Y or N, 1 or 0; None if there is none."""
        text = self._snapshot.files.get(path, "").strip()
        return text in {"Y", "1"} if text else None

    def cpus(self, path: str) -> list[int]:
        """Return the numbers in a list such as 0-3,8."""
        text = self.need(path)
        numbers: list[int] = []
        for item in text.split(","):
            match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", item)
            if match is None:
                raise PtelistError(f'{self._label}: {path}: expected a list such as 0-3,8, got "{text[:40]}"')
            numbers += range(int(match[1]), int(match[2] or match[1]) + 1)
            if len(numbers) > MOST_CPUS:
                raise PtelistError(f"{self._label}: {path}: more than {MOST_CPUS:,} CPUs or nodes")
        if not numbers:
            raise PtelistError(f'{self._label}: {path}: expected a list such as 0-3,8, got "{text[:40]}"')
        return numbers

    def option(self, name: str) -> int | None:
        """Return the last slub_NAME= (or slab_NAME=) of the command line; numbers as the kernel reads them."""
        value = None
        for word in self._words:
            key, _, text = word.partition("=")
            if key in {f"slub_{name}", f"slab_{name}"}:
                try:
                    value = int(text[:MOST_DIGITS], 0)
                except ValueError:
                    value = None
                if value is None or len(text) > MOST_DIGITS:
                    raise PtelistError(f'{self._label}: {paths.CMDLINE}: {key}: not a number, "{text[:40]}"')
        return value

    def debug(self, cache: str) -> tuple[str, str]:
        """Return the slub_debug letters in force for a cache: what its flags say, else the command line."""
        cells = self._snapshot.slabs.get(cache, {})
        cells = self._snapshot.slabs.get(cells.get(paths.LINK, cache), {})
        if all(name in cells for name in slub_debug.FLAG_FILES.values()):
            return slub_debug.flags(cells), f"{paths.SLABS}/{cache}"
        letters = ""
        for word in self._words:
            key, _, text = word.partition("=")
            if key in {"slub_debug", "slab_debug"}:
                letters = slub_debug.letters(text, cache)
        return letters, paths.CMDLINE

    def processor(self) -> None:
        """Set what the modules of KVM and the kernel say of the CPUs; what none says is left out."""
        for vendor, path in zip(("amd", "intel"), paths.TDP, strict=True):
            if path in self._snapshot.files:
                self.set("vendor", vendor, path)
        for field, path in (("avic", paths.AVIC), ("unrestricted_guest", paths.UNRESTRICTED), ("pml", paths.PML)):
            if (on := self.switch(path)) is not None:
                self.set(field, on, path)
        if (split := self.switch(paths.NX_HUGE_PAGES)) is not None and self.need(paths.NX_HUGE_PAGES) != AUTO:
            self.set("itlb_multihit", split, paths.NX_HUGE_PAGES)
        elif paths.ITLB_MULTIHIT in self._snapshot.files:
            self.set("itlb_multihit", self.need(paths.ITLB_MULTIHIT) != UNAFFECTED, paths.ITLB_MULTIHIT)

    def nokmem(self) -> tuple[bool, str]:
        """Return whether no cache may account its objects, whatever cgroups there are."""
        for word in self._words:
            key, _, text = word.partition("=")
            if key == "cgroup.memory" and "nokmem" in text.split(","):
                return True, f"{paths.CMDLINE}: {word}"
        return False, paths.CMDLINE

    def profiling(self) -> tuple[str, str]:
        """Return whether allocations are profiled, could be, or never will until the next boot.

        What the boot option says beats what is built (mm/alloc_tag.c, setup_early_mem_profiling()).
        """
        said = self._snapshot.files.get(paths.PROFILING, "").strip()
        if said == "1":
            return "on", paths.PROFILING
        for word in reversed(self._words):
            key, _, text = word.partition("=")
            if said and key == "sysctl.vm.mem_profiling":
                return "never" if text.startswith("never") else "off", f"{paths.CMDLINE}: {word}"
        for path, text in self._snapshot.files.items():
            if said and path.startswith((paths.CONFIG_GZ, paths.CONFIG)) and kconfig.OFF_AT_BOOT in text.splitlines():
                return "never", f"{path}: {kconfig.OFF_AT_BOOT}"
        return "off", paths.PROFILING

    def memcg(self) -> tuple[bool, str]:
        """Return whether a VMM in a cgroup of its own would be charged for kernel memory."""
        for word in self._words:
            key, _, text = word.partition("=")
            off = {"cgroup_disable": "memory", "cgroup.memory": "nokmem"}.get(key)
            if off in text.split(","):
                return False, f"{paths.CMDLINE}: {word}"
        controllers = self._snapshot.files.get(paths.SUBTREE)
        if controllers is not None and "memory" in controllers.split():
            return True, f"{paths.SUBTREE}: memory"
        for line in self._snapshot.files.get(paths.CGROUPS, "").splitlines():
            match = re.fullmatch(r"memory\s+(\d+)\s+(\d+)\s+1", line)
            if match and match[1] != "0":
                return True, f"{paths.CGROUPS}: memory in hierarchy {match[1]}"
        return False, f"no memory controller in {paths.SUBTREE} or {paths.CGROUPS}"
