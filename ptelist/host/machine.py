"""A machine's kernel and host as settings, each with the file that says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ptelist.errors import PtelistError
from ptelist.host import kconfig
from ptelist.host import snapshot as shot
from ptelist.presets import shipped
from ptelist.scenario.overlay import Origin, Overlay, Setting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ptelist.host.snapshot import Snapshot
    from ptelist.scenario.overlay import Fields

DESC = "pte_list_desc"
DEFAULT_DEBUG = "FZPU"
"""What a bare slub_debug turns on."""

FLAG_FILES = {"F": "sanity_checks", "Z": "red_zone", "P": "poison", "U": "store_user", "T": "trace"}
AUTO, UNAFFECTED = "auto", "Not affected"
"""nx_huge_pages until a module of KVM's is loaded, and how the kernel calls CPUs without iTLB multihit."""

SLUB_OPTIONS = ("min_objects", "min_order", "max_order")


def kernel(snapshot: Snapshot, label: str) -> Overlay:
    """Return the profile of the machine's kernel, as the parameters of its modules change it, and its configuration.

    With neither kvm_intel nor kvm_amd loaded it is not known whether KVM uses TDP. Raises PtelistError if the
    release is not known or has no profile.
    """
    machine = _Machine(snapshot, label)
    release = machine.need(shot.RELEASE)
    try:
        profile = shipped.load(release, "kernels").overlay
    except PtelistError as error:
        raise PtelistError(f"{label}: {error}: choose one with --kernel") from None
    machine.set("release", release, shot.RELEASE)
    if (tdp_mmu := machine.switch(shot.TDP_MMU)) is not None:
        machine.set("tdp_mmu_default", tdp_mmu, shot.TDP_MMU)
    machine.set("tdp_default", None, f"neither {' nor '.join(shot.TDP)}")
    for path in shot.TDP:
        if (tdp := machine.switch(path)) is not None:
            machine.set("tdp_default", tdp, path)
    return Overlay(kernel=machine.fields, config=config(snapshot, label)).over(profile)


def config(snapshot: Snapshot, label: str) -> Fields:
    """Return the configuration of the machine's kernel; if it could not be read, what else tells of it."""
    for path, text in snapshot.files.items():
        if path == shot.CONFIG_GZ or path.startswith(shot.CONFIG):
            release = snapshot.files.get(shot.RELEASE, "").strip()
            return kconfig.fields(text, f"{label}: {path}", f"that of {release}" if release else path)
    machine = _Machine(snapshot, label)
    if shot.PROFILING in snapshot.files:
        machine.set("alloc_profiling", True, shot.PROFILING)
    if shot.KVMGT in snapshot.files:
        machine.set("external_write_tracking", True, shot.KVMGT)
    return machine.fields


def host(snapshot: Snapshot, label: str) -> Overlay:
    """Return the machine as SLUB and the memory controller see it.

    Raises PtelistError if its CPUs are not known, or an option cannot be read.
    """
    machine = _Machine(snapshot, label)
    machine.set("name", "stdin" if label == "-" else label.rpartition("/")[2], "")
    present, possible = (machine.cpus(path) for path in (shot.PRESENT, shot.POSSIBLE))
    machine.set("cpus", len(present), shot.PRESENT)
    if max(possible) + 1 > len(present):
        machine.set("possible_cpus", max(possible) + 1, f"{shot.POSSIBLE}: nr_cpu_ids")
    nodes = shot.NODES in snapshot.files
    machine.set("nodes", len(machine.cpus(shot.NODES)) if nodes else 1, shot.NODES if nodes else "no NUMA")
    for option in SLUB_OPTIONS:
        if (value := machine.option(option)) is not None:
            machine.set(f"slub_{option}", value, shot.CMDLINE)
    machine.set("slub_debug", *machine.debug(DESC))
    if snapshot.slabs:
        machine.set("slab_merge", any(shot.LINK in cells for cells in snapshot.slabs.values()), shot.SLABS)
    machine.set("memcg", *machine.memcg())
    machine.set("nokmem", *machine.nokmem())
    machine.set("alloc_profiling", *machine.profiling())
    machine.set("external_write_tracking", shot.KVMGT in snapshot.files, shot.KVMGT)
    machine.processor()
    return Overlay(host=machine.fields, config=config(snapshot, label))


def online(snapshot: Snapshot, label: str) -> int | None:
    """Return how many CPUs are online, None if it was not read.

    What a CPU keeps of a cache is flushed when it goes (slub_cpu_dead()). Raises
    PtelistError for what is no list of CPUs.
    """
    return len(_Machine(snapshot, label).cpus(shot.ONLINE)) if shot.ONLINE in snapshot.files else None


def whole(snapshot: Snapshot, label: str) -> Overlay:
    """Return kernel and host of a machine."""
    return host(snapshot, label).over(kernel(snapshot, label))


PARTS: dict[str | None, Callable[[Snapshot, str], Overlay]] = {"kernels": kernel, "hosts": host, None: whole}


class _Machine:
    """Answers read out of a snapshot, gathered as settings."""

    def __init__(self, snapshot: Snapshot, label: str) -> None:
        self._snapshot, self._label = snapshot, label
        self._origin = Origin(label)
        self._words = snapshot.files.get(shot.CMDLINE, "").split()
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
        found: list[int] = []
        for item in text.split(","):
            match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", item)
            if match is None:
                raise PtelistError(f'{self._label}: {path}: expected a list such as 0-3,8, got "{text[:40]}"')
            found += range(int(match[1]), int(match[2] or match[1]) + 1)
        return found

    def option(self, name: str) -> int | None:
        """Return the last slub_NAME= (or slab_NAME=) of the command line; numbers as the kernel reads them."""
        found = None
        for word in self._words:
            key, _, text = word.partition("=")
            if key in {f"slub_{name}", f"slab_{name}"}:
                try:
                    found = int(text, 0)
                except ValueError:
                    raise PtelistError(f'{self._label}: {shot.CMDLINE}: {key}: not a number, "{text[:40]}"') from None
        return found

    def debug(self, cache: str) -> tuple[str, str]:
        """Return the slub_debug letters in force for a cache: what its flags say, else the command line."""
        cells = self._snapshot.slabs.get(cache, {})
        cells = self._snapshot.slabs.get(cells.get(shot.LINK, cache), {})
        if all(name in cells for name in FLAG_FILES.values()):
            return flags(cells), f"{shot.SLABS}/{cache}"
        letters = ""
        for word in self._words:
            key, _, text = word.partition("=")
            if key in {"slub_debug", "slab_debug"}:
                letters = _debug_of(text, cache)
        return letters, shot.CMDLINE

    def processor(self) -> None:
        """Set what the modules of KVM and the kernel say of the CPUs; what none says is left out."""
        for vendor, path in zip(("amd", "intel"), shot.TDP, strict=True):
            if path in self._snapshot.files:
                self.set("vendor", vendor, path)
        for field, path in (("avic", shot.AVIC), ("unrestricted_guest", shot.UNRESTRICTED), ("pml", shot.PML)):
            if (on := self.switch(path)) is not None:
                self.set(field, on, path)
        if (split := self.switch(shot.NX_HUGE_PAGES)) is not None and self.need(shot.NX_HUGE_PAGES) != AUTO:
            self.set("itlb_multihit", split, shot.NX_HUGE_PAGES)
        elif shot.ITLB_MULTIHIT in self._snapshot.files:
            self.set("itlb_multihit", self.need(shot.ITLB_MULTIHIT) != UNAFFECTED, shot.ITLB_MULTIHIT)

    def nokmem(self) -> tuple[bool, str]:
        """Return whether no cache may account its objects, whatever cgroups there are."""
        for word in self._words:
            key, _, text = word.partition("=")
            if key == "cgroup.memory" and "nokmem" in text.split(","):
                return True, f"{shot.CMDLINE}: {word}"
        return False, shot.CMDLINE

    def profiling(self) -> tuple[str, str]:
        """Return whether allocations are profiled, could be, or never will until the next boot.

        What the boot option says beats what is built (mm/alloc_tag.c, setup_early_mem_profiling()).
        """
        said = self._snapshot.files.get(shot.PROFILING, "").strip()
        if said == "1":
            return "on", shot.PROFILING
        for word in reversed(self._words):
            key, _, text = word.partition("=")
            if said and key == "sysctl.vm.mem_profiling":
                return "never" if text.startswith("never") else "off", f"{shot.CMDLINE}: {word}"
        for path, text in self._snapshot.files.items():
            if said and path.startswith((shot.CONFIG_GZ, shot.CONFIG)) and kconfig.OFF_AT_BOOT in text.splitlines():
                return "never", f"{path}: {kconfig.OFF_AT_BOOT}"
        return "off", shot.PROFILING

    def memcg(self) -> tuple[bool, str]:
        """Return whether a VMM in a cgroup of its own would be charged for kernel memory."""
        for word in self._words:
            key, _, text = word.partition("=")
            off = {"cgroup_disable": "memory", "cgroup.memory": "nokmem"}.get(key)
            if off in text.split(","):
                return False, f"{shot.CMDLINE}: {word}"
        controllers = self._snapshot.files.get(shot.SUBTREE)
        if controllers is not None and "memory" in controllers.split():
            return True, f"{shot.SUBTREE}: memory"
        for line in self._snapshot.files.get(shot.CGROUPS, "").splitlines():
            match = re.fullmatch(r"memory\s+(\d+)\s+(\d+)\s+1", line)
            if match and match[1] != "0":
                return True, f"{shot.CGROUPS}: memory in hierarchy {match[1]}"
        return False, f"no memory controller in {shot.SUBTREE} or {shot.CGROUPS}"


def flags(cells: Mapping[str, str]) -> str:
    """Return the slub_debug letters that a cache's own files show."""
    return "".join(letter for letter, name in FLAG_FILES.items() if cells.get(name, "0") != "0")


def _debug_of(text: str, cache: str) -> str:
    """Return the letters of `FLAGS[,CACHE..][;FLAGS..]` for a cache (parse_slub_debug_flags(), mm/slub.c).

    The first block that names the cache beats the last one that names none.
    """
    general = ""
    for block in text.split(";"):
        said, *names = block.split(",")
        said = said.rpartition("-")[2].upper() if said else DEFAULT_DEBUG
        letters = "".join(letter for letter in "FZPUTA" if letter in said)
        if not names:
            general = letters
        elif any(_named(cache, name) for name in names):
            return letters
    return general


def _named(cache: str, name: str) -> bool:
    """Return whether a cache is meant: what follows an asterisk is ignored."""
    start, star, _ = name.partition("*")
    return cache.startswith(start) if star else cache == name
