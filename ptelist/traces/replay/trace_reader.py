"""Traces of KVM's lists: a text form of our own, or what ftrace prints.

The text form has an operation a line: `add LIST ENTRY [CACHE]`, `remove LIST ENTRY`,
`zap LIST`, `topup CACHE`, `free CACHE`, `mark TEXT`; # begins a comment. Names are any
words. Steps of VMs are text as well: see `steps`. Of ftrace's (and trace-cmd's, and
perf's) lines those of the probes are read, those of the tracepoint kvm_mmu_set_spte,
and what is written to trace_marker.
"""

from __future__ import annotations

import re
from os.path import commonprefix
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError, Where
from ptelist.traces.replay.events import (
    SET_NAMES,
    SET_SPTE,
    SET_SPTE_EVENT,
    TEXT,
    WANTED,
    WORDS,
    event,
    operation,
    said,
    shown,
)
from ptelist.traces.replay.steps import VERBS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptelist.traces.replay.events import Names
    from ptelist.traces.replay.sinks import Doer, Sink, SpteSink

_LOST = re.compile(rb"\[(?:LOST \d+ EVENTS|(?:\d+ )?EVENTS DROPPED)\]")
_WRITTEN = re.compile(rb"entries-in-buffer/entries-written: (\d+)/(\d+)")
_MARKED = re.compile(rb"\btracing_mark_write: (.*)")

EXACT, ENVELOPE, STEPS = "exact", "envelope", "steps"
LOST, REMOVED, TWICE, CUT, RECYCLED = "lost", "removed", "twice", "cut", "recycled"
ODD = {
    LOST: "events were lost",
    REMOVED: "removed without having been added",
    TWICE: "added twice without having been removed",
    CUT: "the last line has no end and was not used",
    RECYCLED: "more shadow pages than their limit lets stay: the kernel recycles old ones, which is not replayed",
}
"""What makes a trace inexact."""


class TraceReader:
    """Reads lines and tells a sink; knows what was odd, and since when.

    Once it has seen an event it looks for lines of its pattern as well. A block whose every
    line is of a pattern that it looks for is read at one stroke, any other line by line.
    """

    def __init__(
        self, sink: Sink, envelope: SpteSink, steps: Doer, mark: Callable[[int, str], None], minimum: int
    ) -> None:
        """Take who is told of lists, of SPTEs, of steps and of marks, and `min` of a descriptor cache's top-up."""
        self.kind = ""
        """"exact" for events of lists, "envelope" for those of kvm_mmu_set_spte, "steps"; "" for none so far."""
        self.odd: dict[str, tuple[int, int]] = {}
        """What was odd: how often, and in which line first."""
        self.ignored = 0
        self._sink, self._envelope, self._mark, self._minimum = sink, envelope, mark, minimum
        self._steps = steps
        self._patterns: dict[str, tuple[bytes, bytes, Names]] = {}
        self._find: Callable[[bytes], list[tuple[bytes, ...]]] = lambda _: []
        self._groups: dict[str, tuple[int, ...]] = {}

    def feed(self, block: bytes, first: int) -> int:
        """Read whole lines, of which the first has this number, and return how many they are.

        Raises PtelistError, with the number of a line, for an operation that cannot be read.
        """
        count = block.count(b"\n")
        if block.isspace():
            return count
        rows = self._find(block)
        if len(rows) == count:
            self._rows(rows, first)
            return count
        for at, text in enumerate(block[:-1].split(b"\n"), first):
            if not text:
                continue
            line = text + b"\n"
            if rows := self._find(line):
                self._rows(rows, at)
            else:
                self._other(at, line)
        return count

    def _rows(self, rows: list[tuple[bytes, ...]], first: int) -> None:
        """Tell what rows of a pattern's groups say, a row a line; what most lines are, without a call of `_tell`."""
        add, remove = self._sink.add, self._sink.remove
        list_, entry, cache = self._groups["add"]
        from_list, removed = self._groups["remove"]
        for at, row in enumerate(rows, first):
            if row[list_]:
                if not add(at, row[list_], row[entry], row[cache] or None):
                    self._count(TWICE, at)
            elif row[from_list]:
                if not remove(row[from_list], row[removed]):
                    self._count(REMOVED, at)
            else:
                self._rest(row, at)

    def _rest(self, row: tuple[bytes, ...], at: int) -> None:
        """Tell what is rarer than entries that come and go."""
        for op in ("zap", "topup", "free", "set"):
            values = [row[group] for group in self._groups[op]]
            if values[0]:
                self._tell(op, values, at)

    def _tell(self, op: str, values: list[bytes], at: int) -> None:
        """Tell of one operation what it says, in the order of WANTED."""
        sink = self._sink
        if op == "add":
            list_, entry, cache = values
            if not sink.add(at, list_, entry, cache or None):
                self._count(TWICE, at)
        elif op == "remove":
            if not sink.remove(*values):
                self._count(REMOVED, at)
        elif op == "zap":
            sink.zap(*values)
        elif op == "topup":
            cache, minimum = values
            if not minimum or _number(minimum, at) == self._minimum:  # other caches than those for descriptors differ
                sink.topup(cache)
        elif op == "free":
            sink.free(*values)
        else:
            gfn, level, address = values
            self._envelope.set((gfn, level), address)

    def _know(self, op: str, begin: bytes, pattern: bytes, names: Names) -> None:
        """Take text and a pattern behind it for all lines of an operation, if it is the first one."""
        self._patterns.setdefault(op, (begin, pattern, names))
        number, places = 0, {}
        for known, (_, _, names_of) in self._patterns.items():
            places[known] = {name: number + place for place, name in enumerate(names_of)}
            number += len(names_of)
        none = number  # a last group that is always empty
        for known, wanted in (*WANTED.items(), ("set", SET_NAMES)):
            self._groups[known] = tuple(places.get(known, {}).get(name, none) for name in wanted)
        begins = [text for text, _, _ in self._patterns.values()]
        common = commonprefix(begins) or b""  # noqa: RUF071 -- of characters: what begins alike is found fast
        either = b"|".join(re.escape(text[len(common) :]) + rest for text, rest, _ in self._patterns.values())
        self._find = re.compile(re.escape(common) + b"(?:" + either + b")()", re.MULTILINE).findall

    def cut(self, line: bytes, at: int) -> None:
        """Take note of what follows the last newline."""
        if line:
            self._count(CUT, at)

    def _count(self, what: str, at: int) -> None:
        count, first = self.odd.get(what, (0, at))
        self.odd[what] = count + 1, first

    def _other(self, at: int, line: bytes) -> None:
        """Read a line that is of no pattern known so far."""
        words = line.split()
        if not words or words[0].startswith(b"#"):
            match = _WRITTEN.search(line)
            if match and match[1] != match[2]:
                self._count(LOST, at)
        elif words[0] in WORDS:
            self._word(at, words)
        elif words[0] in VERBS and self.kind in {"", STEPS}:
            self._be(STEPS, at)
            if self._steps.do(at, words) and RECYCLED not in self.odd:
                self._count(RECYCLED, at)
        elif words[0] == b"mark":
            self._mark(at, shown(line.partition(b"mark")[2]))
        elif _LOST.search(line):
            self._count(LOST, at)
        elif match := _MARKED.search(line):
            self._mark(at, shown(match[1]))
        elif not self._event(at, line, words):
            self.ignored += 1

    def _word(self, at: int, words: list[bytes]) -> None:
        """Read an operation of the text form."""
        op, names = words[0].decode(), words[1:]
        least, most = WORDS[words[0]]
        if not least <= len(names) <= most:
            wanted = {1: "LIST", 2: "LIST ENTRY", 3: "LIST ENTRY [CACHE]"}[most]
            wanted = "CACHE" if op in {"topup", "free"} else wanted
            raise PtelistError(f'{op} has {len(names)} names, expected "{op} {wanted}"', Where(line=at))
        self._be(EXACT, at)
        for known, (pattern, groups) in TEXT.items():
            self._know(known, b"", pattern, groups)
        self._tell(op, [*names, *[b""] * (len(WANTED[op]) - len(names))], at)

    def _be(self, kind: str, at: int) -> None:
        """Note what the trace is of; the two kinds do not go together."""
        if STEPS in {self.kind, kind} and self.kind not in {"", kind}:
            raise PtelistError("has steps of VMs and events of a trace: leave out one", Where(line=at))
        if self.kind not in {"", kind}:
            raise PtelistError(
                "has events of lists and of kvm_mmu_set_spte, the same entries twice: leave out one", Where(line=at)
            )
        self.kind = kind

    def _event(self, at: int, line: bytes, words: list[bytes]) -> bool:
        """Read a line of an event of ftrace's that was not seen before, or has its arguments in an order of its own.

        Return whether it is one of ours.
        """
        for number, word in enumerate(words):
            if SET_SPTE_EVENT.fullmatch(word):
                self._be(ENVELOPE, at)
                self._know("set", b"kvm_mmu_set_spte:", SET_SPTE, SET_NAMES)
                rows = self._find(line)
                if not rows:
                    raise PtelistError(f"{shown(word)} in more than one form, or cut off", Where(line=at))
                self._rows(rows, at)
                return True
            if op := operation(word, words[number + 1 : number + 2]):
                self._be(EXACT, at)
                self._know(op, word, *event(op))
                if rows := self._find(line):
                    self._rows(rows, at)
                else:
                    self._tell(op, said(op, words[number:], at), at)
                return True
        return False


def _number(text: bytes, at: int) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise PtelistError(f'min= is no number, "{shown(text)}"', Where(line=at)) from None
