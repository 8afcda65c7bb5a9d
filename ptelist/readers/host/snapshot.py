"""What a machine says of itself in /proc and /sys: read live, saved, read back.

A saved snapshot is text, fit for a mail: sections that begin as those of
`tail -n +1 FILE...` do, with tables for the slab caches and the VMs.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ptelist.errors import PtelistError, Where
from ptelist.readers.host import kconfig, paths
from ptelist.readers.host.files import Live

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ptelist.readers.host.files import Files

FIRST = "ptelist observation 1"
UNREAD = "not read"
"""The section with what could not be read."""

TELLING_WORDS = re.compile(r"(sl[au]b_|cgroup[._]|kvm|maxcpus=|nr_cpus=|possible_cpus=|sysctl\.vm\.mem_profiling=)\S*")
"""Words of a kernel command line that bear on a prediction; no other is kept."""

ABSENT = "-"
_HEADER = re.compile(r"==> (\S.*) <==")

Table = dict[str, dict[str, str]]
"""Rows by name, cells by column; a missing cell was not there or not readable."""


class Snapshot(NamedTuple):
    """Files by path, slab caches and VMs by name, and why something was not read."""

    files: dict[str, str]
    slabs: Table
    vms: Table
    unread: dict[str, str]

    def render(self) -> str:
        """Return the snapshot as text that `parse` reads back."""
        sections = {path: self.files[path] for path in sorted(self.files)}
        sections[paths.SLABS] = _table("cache", (paths.LINK, *paths.ATTRIBUTES), self.slabs)
        sections[paths.VMS] = _table("vm", (paths.VCPUS, paths.RUN, *paths.STATS), self.vms)
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
    for path in paths.FILES:
        taker.file(path)
    if paths.CMDLINE in taker.files:
        words = [word for word in taker.files[paths.CMDLINE].split() if TELLING_WORDS.fullmatch(word)]
        taker.files[paths.CMDLINE] = " ".join(words) + "\n"
    taker.config(taker.files.get(paths.RELEASE, "").strip())
    slabs = {name: taker.slab(f"{paths.SLABS}/{name}") for name in taker.names(paths.SLABS)}
    vms = {}
    for name in taker.names(paths.VMS):
        if re.fullmatch(r"\d+-\d+", name):
            vms[name] = taker.vm(f"{paths.VMS}/{name}")
            if rmaps_stat:
                taker.file(f"{paths.VMS}/{name}/{paths.RMAPS_STAT}")
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
        for path in (paths.CONFIG_GZ, f"{paths.CONFIG}{release}"):
            try:
                text = kconfig.unpacked(self._files.data(path), path)
            except OSError as error:
                self._note(path, error)
            else:
                self.files[path] = "".join(f"{line}\n" for line in kconfig.telling(text))
                return

    def names(self, path: str) -> list[str]:
        try:
            return [name for name in self._files.names(path) if name.isascii() and name.isprintable()]
        except OSError as error:
            self._note(path, error)
            return []

    def slab(self, path: str) -> dict[str, str]:
        """Return where a merged cache's link points, or a cache's own attributes."""
        target = self._files.link(path)
        return (
            self._cells(path, paths.ATTRIBUTES, f"{paths.SLABS}/*")
            if target is None
            else {paths.LINK: ascii(target)[1:-1]}
        )

    def vm(self, path: str) -> dict[str, str]:
        """Return how many vCPUs there are, how many have entered KVM_RUN (from v6.0), and the counters."""
        vcpus = [name for name in self.names(path) if re.fullmatch(r"vcpu\d+", name)]
        pids = [self._text(f"{path}/{name}/pid", f"{paths.VMS}/*") for name in vcpus]
        run = {paths.RUN: str(sum(pid is not None and pid.strip() != "0" for pid in pids))} if any(pids) else {}
        return {paths.VCPUS: str(len(vcpus))} | run | self._cells(path, paths.STATS, f"{paths.VMS}/*")

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
    tables: dict[str, Table] = {paths.SLABS: {}, paths.VMS: {}}
    unread: dict[str, str] | None = None
    for number, end in pairwise((*starts, len(lines))):
        name, body = lines[number][4:-4], lines[number + 1 : end]
        if name in tables:
            tables[name] = _rows(body, Where(file=label, line=number + 2))
        elif name == UNREAD:
            unread = dict(line.partition("\t")[::2] for line in body)
        else:
            files[name] = "".join(f"{line}\n" for line in body)
    if unread is None:
        raise PtelistError(f'{label}: not a whole observation: the section "{UNREAD}" is missing at its end')
    return Snapshot(files, tables[paths.SLABS], tables[paths.VMS], unread)


def _rows(body: list[str], heading: Where) -> Table:
    """Return the rows of a table whose heading is at a place."""
    head, *rows = [line.split("\t") for line in body] or [[""]]
    columns = head[1:]
    table = {}
    for number, (name, *cells) in enumerate(rows, heading.line + 1):
        if len(cells) != len(columns):
            wrong = f"{len(cells) + 1} cells, expected {len(head)} as in the heading"
            raise PtelistError(f"{name[:40]}: {wrong}", heading._replace(line=number))
        table[name] = {column: cell for column, cell in zip(columns, cells, strict=True) if cell != ABSENT}
    return table
