"""What a machine says of itself in /proc and /sys: read live, saved, read back.

A saved snapshot is text, fit for a mail: sections that begin as those of
`tail -n +1 FILE...` do, with tables for the slab caches and the VMs.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ptelist.errors import PtelistError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FIRST = "ptelist observation 1"
SLABS, VMS, UNREAD = "/sys/kernel/slab", "/sys/kernel/debug/kvm", "not read"
RELEASE, CMDLINE, SLABINFO = "/proc/sys/kernel/osrelease", "/proc/cmdline", "/proc/slabinfo"
POSSIBLE, PRESENT = "/sys/devices/system/cpu/possible", "/sys/devices/system/cpu/present"
ONLINE = "/sys/devices/system/cpu/online"
NODES = "/sys/devices/system/node/has_normal_memory"
CGROUPS, SUBTREE = "/proc/cgroups", "/sys/fs/cgroup/cgroup.subtree_control"
PROFILING = "/proc/sys/vm/mem_profiling"
TDP_MMU = "/sys/module/kvm/parameters/tdp_mmu"
AMD, INTEL = "/sys/module/kvm_amd/parameters/", "/sys/module/kvm_intel/parameters/"
TDP = (f"{AMD}npt", f"{INTEL}ept")
AVIC, UNRESTRICTED, PML = f"{AMD}avic", f"{INTEL}unrestricted_guest", f"{INTEL}pml"
NX_HUGE_PAGES = "/sys/module/kvm/parameters/nx_huge_pages"
ITLB_MULTIHIT = "/sys/devices/system/cpu/vulnerabilities/itlb_multihit"
KVMGT = "/sys/module/kvmgt/initstate"
CONFIG_GZ, CONFIG = "/proc/config.gz", "/boot/config-"
"""The kernel's own configuration, or what its release is appended to; only lines that bear on a figure are kept."""

CPUS = (POSSIBLE, PRESENT, ONLINE)
MODULES = (TDP_MMU, *TDP, AVIC, UNRESTRICTED, PML, NX_HUGE_PAGES, KVMGT)
FILES = (RELEASE, CMDLINE, *CPUS, NODES, CGROUPS, SUBTREE, PROFILING, *MODULES, ITLB_MULTIHIT, SLABINFO)

LINK, VCPUS, RUN = "link", "vcpus", "vcpus_run"
_LAYOUT = (
    "object_size",
    "slab_size",
    "objs_per_slab",
    "order",
    "align",
    "min_partial",
    "cpu_partial",
    "sheaf_capacity",
)
_CREATED = ("ctor", "destroy_by_rcu", "hwcache_align", "sanity_checks", "red_zone", "poison", "store_user", "trace")
_COUNTS = ("objects", "total_objects", "slabs", "partial", "cpu_slabs", "slabs_cpu_partial")
ATTRIBUTES = (*_LAYOUT, *_CREATED, *_COUNTS)
"""The files of a cache that are read; the dearest walk its partial lists."""

_PAGES = ("pages_4k", "pages_2m", "pages_1g", "nx_lpage_splits", "lpages", "largepages", "nx_largepages_splitted")
_SHADOW = ("mmu_shadow_zapped", "mmu_pte_write", "mmu_pde_zapped", "mmu_flooded", "mmu_recycled", "mmu_cache_miss")
_LISTS = ("max_mmu_rmap_size", "max_mmu_page_hash_collisions", "mmu_shadow_pages", "mmu_unsync")
STATS = (*_PAGES, *_LISTS, *_SHADOW)
"""The counters of a VM that are read: each costs its reader and no one else."""

RMAPS_STAT = "mmu_rmaps_stat"

TELLING = re.compile(r"(sl[au]b_|cgroup[._]|kvm|maxcpus=|nr_cpus=|possible_cpus=|sysctl\.vm\.mem_profiling=)\S*")
"""Words of a kernel command line that bear on a prediction; no other is kept."""

ABSENT = "-"
MOST_BYTES = 1 << 24
_HEADER = re.compile(r"==> (\S.*) <==")

Table = dict[str, dict[str, str]]
"""Rows by name, cells by column; a missing cell was not there or not readable."""


class Files(Protocol):
    """A machine's files: this one's, or those of one that is emulated."""

    def text(self, path: str) -> str:
        """Return what a file says; raises OSError."""

    def data(self, path: str) -> bytes:
        """Return what a file has that may be packed; raises OSError."""

    def names(self, path: str) -> list[str]:
        """Return the sorted entries of a directory; raises OSError."""

    def link(self, path: str) -> str | None:
        """Return where a symbolic link points, None if it is none."""


class Live:
    """The files of this machine, or a copy of some of them."""

    def __init__(self, root: Path = Path("/"), base: str = "/") -> None:
        """Take the directory that has what lies in `base` on the machine."""
        self._root, self._base = root, base

    def text(self, path: str) -> str:
        """Return what a file says; raises OSError."""
        return self.data(path).decode("ascii", "backslashreplace")

    def data(self, path: str) -> bytes:
        """Return what a file has; raises OSError."""
        return self._at(path).read_bytes()

    def names(self, path: str) -> list[str]:
        """Return the sorted entries of a directory; raises OSError."""
        return sorted(entry.name for entry in self._at(path).iterdir())

    def link(self, path: str) -> str | None:
        """Return where a symbolic link points, None if it is none."""
        found = self._at(path)
        return str(found.readlink()) if found.is_symlink() else None

    def _at(self, path: str) -> Path:
        if not path.startswith(self._base):
            raise FileNotFoundError(path)
        return self._root / path.removeprefix(self._base).lstrip("/")


class Snapshot(NamedTuple):
    """Files by path, slab caches and VMs by name, and why something was not read."""

    files: dict[str, str]
    slabs: Table
    vms: Table
    unread: dict[str, str]

    def render(self) -> str:
        """Return the snapshot as text that `parse` reads back."""
        sections = {path: self.files[path] for path in sorted(self.files)}
        sections[SLABS] = _table("cache", (LINK, *ATTRIBUTES), self.slabs)
        sections[VMS] = _table("vm", (VCPUS, RUN, *STATS), self.vms)
        sections[UNREAD] = "".join(f"{path}\t{reason}\n" for path, reason in sorted(self.unread.items()))
        return f"{FIRST}\n" + "".join(f"==> {name} <==\n{text}" for name, text in sections.items())


def _table(what: str, columns: Sequence[str], table: Table) -> str:
    rows = [(what, *columns)]
    rows += [(name, *(cells.get(column, ABSENT) for column in columns)) for name, cells in table.items()]
    return "".join("\t".join(row) + "\n" for row in rows)


def take(files: Files, *, rmaps_stat: bool = False) -> Snapshot:
    """Return what can be read of a machine; what cannot is named with the reason.

    With `rmaps_stat`, also the histogram of rmap lists of every VM: reading it
    takes mmu_lock for write.
    """
    taker = _Taker(files)
    for path in FILES:
        taker.file(path)
    if CMDLINE in taker.files:
        words = [word for word in taker.files[CMDLINE].split() if TELLING.fullmatch(word)]
        taker.files[CMDLINE] = " ".join(words) + "\n"
    taker.config(taker.files.get(RELEASE, "").strip())
    slabs = {name: taker.slab(f"{SLABS}/{name}") for name in taker.names(SLABS)}
    vms = {}
    for name in taker.names(VMS):
        if re.fullmatch(r"\d+-\d+", name):
            vms[name] = taker.vm(f"{VMS}/{name}")
            if rmaps_stat:
                taker.file(f"{VMS}/{name}/{RMAPS_STAT}")
    return Snapshot(taker.files, slabs, vms, taker.unread)


@cache
def here() -> Snapshot:
    """Return this machine's snapshot, taken once: kernel, host and counts are of one moment."""
    return take(Live())


class _Taker:
    """Reads what is there and notes what may not be read."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.files: dict[str, str] = {}
        self.unread: dict[str, str] = {}

    def file(self, path: str) -> None:
        text = self._text(path, path)
        if text is not None:
            self.files[path] = "".join(f"{line}\n" for line in text.splitlines())

    def config(self, release: str) -> None:
        """Keep the lines that tell of the first configuration that is there."""
        from ptelist.host import kconfig  # noqa: PLC0415 -- while reading only

        for path in (CONFIG_GZ, f"{CONFIG}{release}"):
            try:
                text = kconfig.unpacked(self._files.data(path), path)
            except OSError as error:
                self._note(path, error)
            else:
                self.files[path] = "".join(f"{line}\n" for line in kconfig.telling(text))
                return

    def names(self, path: str) -> list[str]:
        try:
            return self._files.names(path)
        except OSError as error:
            self._note(path, error)
            return []

    def slab(self, path: str) -> dict[str, str]:
        """Return where a merged cache's link points, or a cache's own attributes."""
        target = self._files.link(path)
        return self._cells(path, ATTRIBUTES, f"{SLABS}/*") if target is None else {LINK: target}

    def vm(self, path: str) -> dict[str, str]:
        """Return how many vCPUs there are, how many have entered KVM_RUN (from v6.0), and the counters."""
        vcpus = [name for name in self.names(path) if re.fullmatch(r"vcpu\d+", name)]
        pids = [self._text(f"{path}/{name}/pid", f"{VMS}/*") for name in vcpus]
        run = {RUN: str(sum(pid is not None and pid.strip() != "0" for pid in pids))} if any(pids) else {}
        return {VCPUS: str(len(vcpus))} | run | self._cells(path, STATS, f"{VMS}/*")

    def _cells(self, path: str, columns: Iterable[str], whole: str) -> dict[str, str]:
        read = {column: self._text(f"{path}/{column}", whole) for column in columns}
        return {column: " ".join(text.split()) for column, text in read.items() if text is not None}

    def _text(self, path: str, noted: str) -> str | None:
        try:
            return self._files.text(path)
        except OSError as error:
            self._note(noted, error)
            return None

    def _note(self, path: str, error: OSError) -> None:
        """Remember what exists and may not be read; what is not there is no news."""
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            self.unread[path] = error.strerror or str(error)


def parse(text: str, label: str) -> Snapshot:
    """Return what `Snapshot.render` wrote; raises PtelistError with file and line."""
    lines = text.split("\n")
    if lines.pop() or lines[:1] != [FIRST]:
        raise PtelistError(f'{label}: not a whole observation: its first line is "{FIRST}", its last one ends')
    starts = [number for number, line in enumerate(lines) if _HEADER.fullmatch(line)]
    files: dict[str, str] = {}
    tables: dict[str, Table] = {SLABS: {}, VMS: {}}
    unread: dict[str, str] | None = None
    for number, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        name, body = lines[number][4:-4], lines[number + 1 : end]
        if name in tables:
            tables[name] = _rows(body, f"{label}:{number + 2}")
        elif name == UNREAD:
            unread = dict(line.partition("\t")[::2] for line in body)
        else:
            files[name] = "".join(f"{line}\n" for line in body)
    if unread is None:
        raise PtelistError(f'{label}: not a whole observation: the section "{UNREAD}" is missing at its end')
    return Snapshot(files, tables[SLABS], tables[VMS], unread)


def _rows(body: list[str], where: str) -> Table:
    head, *rows = [line.split("\t") for line in body] or [[""]]
    columns = head[1:]
    found = {}
    for number, (name, *cells) in enumerate(rows, 1):
        if len(cells) != len(columns):
            label, _, first = where.rpartition(":")
            wrong = f"{len(cells) + 1} cells, expected {len(head)} as in the heading"
            raise PtelistError(f"{label}:{int(first) + number}: {name[:40]}: {wrong}")
        found[name] = {column: cell for column, cell in zip(columns, cells, strict=True) if cell != ABSENT}
    return found
