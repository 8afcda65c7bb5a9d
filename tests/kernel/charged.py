"""Everything that the processes of one cgroup allocate in the kernel, charged or not, by the function that asked.

A trace of every allocation of the machine: whose it is follows from who began whom.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Self

from kernel.allocations import ACCOUNT, FREES, MARK, PAGES, PLACE, PROBE, TAKES, bytes_of, events, site_of
from kernel.guest import GuestError
from kernel.tracing import TRACEFS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kernel.allocations import Event
    from kernel.guest import Guest

BUFFER_KB = 65536
BEGINS = "task_newtask"
"""Said by the task that begins another, be it a thread, an io_uring worker or a vhost task."""
ENTER, LEAVE = "enter", "leave"
"""Marks: the probe is in the cgroup from the one to the other."""
CHARGED = re.compile(r"accounted=true|_ACCOUNT\b")
TWICE = ("kmalloc_large", "kmalloc_order")
"""Pages of a large kmalloc, which is an event of its own."""


class Taken(NamedTuple):
    """Allocations that are alike."""

    charged: bool
    what: str
    """slab, or pages."""
    size: int
    """The bytes of each."""
    site: str
    """The function that asked for it."""


class Trace:
    """A trace from `__enter__` to `__exit__`; `text` is what the kernel wrote."""

    def __init__(self, guest: Guest) -> None:
        """Take the machine."""
        self._guest = guest
        self.text = ""

    def __enter__(self) -> Self:
        self._write("buffer_size_kb", BUFFER_KB)
        for event in (*TAKES, *FREES):
            if self._known(event):
                self._set_up(event)
        self._write(f"events/task/{BEGINS}/enable", 1)
        self._write("tracing_on", 1)
        return self

    def _known(self, event: str) -> bool:
        try:
            return bool(self._guest.text(f"{TRACEFS}/events/kmem/{event}/format"))
        except GuestError:
            return False

    def _set_up(self, event: str) -> None:
        folder = f"events/kmem/{event}"
        if event == PAGES:  # not those of guest memory
            self._write(f"{folder}/filter", ACCOUNT)
        if event in TAKES:
            self._write(f"{folder}/trigger", f"stacktrace if {ACCOUNT}" if event == PAGES else "stacktrace")
        self._write(f"{folder}/enable", 1)

    def mark(self, text: str) -> None:
        """Write a mark into the trace."""
        self._write("trace_marker", text)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._write("tracing_on", 0)
            self.text = self._guest.text(f"{TRACEFS}/trace")

    def _write(self, file: str, text: object) -> None:
        self._guest.ask("write", f"{TRACEFS}/{file}", text)


def parse(text: str) -> dict[Taken, int]:
    """Return how many allocations of each kind the cgroup's processes have made that were not freed since."""
    live: dict[str, Taken] = {}
    for event, is_members in _told_apart(events(text)):
        where = PLACE.search(event.words)
        if not where:
            continue
        live.pop(where[0], None)  # what is freed in bulk is not told
        if is_members and event.name in TAKES:
            size, what = bytes_of(event.name, event.words), "pages" if event.name == PAGES else "slab"
            live[where[0]] = Taken(bool(CHARGED.search(event.words)), what, size, site_of(event.stack))
    found: dict[Taken, int] = {}
    for taken in live.values():
        found[taken] = found.get(taken, 0) + 1
    return found


def _told_apart(every: Iterable[Event]) -> Iterator[tuple[Event, bool]]:
    """Yield what is taken and freed, and whether one of the cgroup's processes does it: RCU frees in any task."""
    members: set[int] = set()
    for event in every:
        if event.name == MARK:
            (members.add if event.words.strip() == ENTER else members.discard)(PROBE)
        elif event.name == BEGINS and event.pid in members:
            members.add(int(event.words.partition("pid=")[2].split()[0]))
        elif event.name != PAGES or not any(name in frame for frame in event.stack for name in TWICE):
            yield event, event.pid in members
