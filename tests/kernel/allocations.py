"""What the kernel allocates on a cgroup's account, by the function that asked for it.

The same as /proc/allocinfo says where it is built, which no kernel of Debian's does: from tracepoints, with the stack.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from kernel.guest import GuestError
from kernel.tracing import TRACEFS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kernel.guest import Guest

TAKES = ("kmalloc", "kmalloc_node", "kmem_cache_alloc", "kmem_cache_alloc_node", "mm_page_alloc")
PAGES = TAKES[-1]
FREES = ("kfree", "kmem_cache_free", "mm_page_free")
"""Not all of them are there in every kernel."""
ACCOUNT = "gfp_flags&0x400000"
"""__GFP_ACCOUNT."""
OR_BY_CACHE = f"{ACCOUNT}||accounted==1"
"""From v6.1 on an event also says if its cache is SLAB_ACCOUNT."""
MARK = "tracing_mark_write"
PROBE = 1
"""Its process: a kernel thread that kthreadd makes is charged to kthreadd's cgroup."""
BUFFER_KB = 8192
PAGE = 4096
ALLOCATORS = re.compile(
    r"(trace_event_raw_event|_*alloc_pages?|_*alloc_frozen|_*kmalloc|_*kzalloc|kmem_cache_alloc|_*k?vmalloc|_*k?vzalloc"
    r"|_*vcalloc|_*get_free_page|get_zeroed_page|_*k?v?memdup|_*slab_|___slab|new_slab|allocate_slab)"
)
"""Functions that ask on behalf of others."""
ELSEWHERE = ("d_alloc", "alloc_inode", "new_inode", "kmalloc_large", "kmalloc_order")
"""Dentries and inodes, which memory.stat has as slab_reclaimable; pages of a large kmalloc: an event of its own."""
PLACE = re.compile(r"(?:ptr|pfn)=\S+")


class Allocated(NamedTuple):
    """Allocations of one site."""

    objects: int
    bytes: int

    def more(self, objects: int, size: int) -> Allocated:
        """Return the sum with further ones."""
        return Allocated(self.objects + objects, self.bytes + size)


NOTHING = Allocated(0, 0)

Site = tuple[str, bool]
"""The function, and whether it took objects of a slab rather than pages."""


class Allocations:
    """A trace of all steps from `begin` on; `mark` ends a step, `sites` returns what each took."""

    def __init__(self, guest: Guest) -> None:
        """Set the events up, all of them still off."""
        self._guest = guest
        # Kept open: what opens a file in the course of a step would be the step's.
        (self._switch,) = guest.ask("keep", f"{TRACEFS}/tracing_on")
        (self._marker,) = guest.ask("keep", f"{TRACEFS}/trace_marker")
        self.pause()
        self._write("buffer_size_kb", BUFFER_KB)
        self._events = list(self._set_up())

    def _set_up(self) -> Iterator[str]:
        for event in (*TAKES, *FREES):
            folder = f"events/kmem/{event}"
            try:
                known = self._guest.text(f"{TRACEFS}/{folder}/format")
            except GuestError:
                continue
            if event in TAKES:
                self._choose(folder, known)
            self._write(f"{folder}/enable", 1)
            yield folder

    def _choose(self, folder: str, known: str) -> None:
        wanted = f"common_pid=={PROBE}&&({OR_BY_CACHE if ' accounted;' in known else ACCOUNT})"
        self._write(f"{folder}/filter", wanted)
        self._write(f"{folder}/trigger", f"stacktrace if {wanted}")

    def pause(self) -> None:
        """Trace nothing for now."""
        self._guest.ask("put", self._switch, 0)

    def resume(self) -> None:
        """Trace again."""
        self._guest.ask("put", self._switch, 1)

    def mark(self, step: str) -> None:
        """Say that what was traced since the last mark is this step's."""
        self.resume()
        self._guest.ask("put", self._marker, step)
        self.pause()

    def end(self) -> dict[str, dict[Site, Allocated]]:
        """Switch the events off and return each step's sites."""
        text = self._guest.text(f"{TRACEFS}/trace")
        for folder in self._events:
            self._write(f"{folder}/enable", 0)
            if not folder.endswith(FREES):
                self._write(f"{folder}/trigger", "!stacktrace")
                self._write(f"{folder}/filter", 0)
        self._write("buffer_size_kb", 1)
        self.resume()
        return parse(text)

    def _write(self, file: str, text: object) -> None:
        self._guest.ask("write", f"{TRACEFS}/{file}", text)


def parse(text: str) -> dict[str, dict[Site, Allocated]]:
    """Return what each step took, less what it freed of its own or of earlier steps, by site."""
    steps: dict[str, dict[Site, Allocated]] = {}
    live: dict[str, tuple[Site, int]] = {}
    net: dict[Site, Allocated] = {}
    for _pid, event, words, stack in events(text):
        if event == MARK:
            steps[words.strip()] = {site: taken for site, taken in net.items() if any(taken)}
            net = {}
            continue
        where = PLACE.search(words)
        if not where:
            continue
        site, size = live.pop(where[0], (("", False), 0))
        if event in FREES:
            if size:
                net[site] = net.get(site, NOTHING).more(-1, -size)
        elif not any(name in frame for frame in stack for name in ELSEWHERE):
            site, size = (site_of(stack), event != PAGES), bytes_of(event, words)
            live[where[0]] = site, size
            net[site] = net.get(site, NOTHING).more(1, size)
    return steps


class Event(NamedTuple):
    """What a tracepoint said."""

    pid: int
    name: str
    words: str
    stack: list[str]
    """The functions that called, the innermost one first."""


def events(text: str) -> Iterator[Event]:
    """Yield events with their stacks.

    A stack is an event of its own, behind the one that it belongs to; what an interrupt frees may stand in between.
    """
    found: list[Event] = []
    stack: list[str] = []
    for line in text.splitlines():
        if line.startswith(" => "):
            stack.append(line[4:].strip())
        elif line.endswith(": <stack trace>"):
            stack = next((each.stack for each in reversed(found) if each.name in TAKES), [])
        elif match := re.match(r"\s*\S.*-(\d+)\s+\[\d+\].*?\d+\.\d+: (\w+): (.*)", line):
            found.append(Event(int(match[1]), match[2], match[3], []))
    yield from found


def site_of(stack: list[str]) -> str:
    """Return the function on whose behalf allocators were called, as it is in the source."""
    asked = next((frame for frame in stack if not ALLOCATORS.match(frame)), "")
    if not asked:
        raise ValueError(f"nobody asked for it: the stack is {stack}")
    return asked.partition(".")[0]


def bytes_of(event: str, words: str) -> int:
    """Return what an allocation took."""
    if event == PAGES:
        return PAGE << int(re.search(r"order=(\d+)", words)[1])  # type: ignore[index]
    return int(re.search(r"bytes_alloc=(\d+)", words)[1])  # type: ignore[index]
