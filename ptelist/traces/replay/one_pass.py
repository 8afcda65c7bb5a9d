"""One pass over a trace: who is told of what, and the figures, marks and notes that come of it."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

from ptelist.engine import mmu
from ptelist.engine.account import slabs_of
from ptelist.engine.figure_kinds import DESC
from ptelist.engine.ledger import Unit, fixed, product, rule
from ptelist.engine.lists.envelope import Envelope
from ptelist.engine.lists.tally import ListRules, Lists
from ptelist.output.note import Note
from ptelist.traces.replay.samples import Sample, Samples
from ptelist.traces.replay.steps import Steps
from ptelist.traces.replay.trace_reader import ENVELOPE, ODD, STEPS, TraceReader
from ptelist.traces.replay.vm_steps import Stage, StepReplay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ptelist.engine.ledger import Ledger, Term
    from ptelist.scenario.models import Scenario

COUNTS = {
    "live": (Unit.OBJECTS, "descriptors in lists at the end"),
    "peak": (Unit.OBJECTS, "the most in lists at any moment"),
    "held_peak": (Unit.OBJECTS, "the most in lists and in the vCPU caches that were topped up together"),
    "allocs": (Unit.OBJECTS, "descriptors that lists took"),
    "frees": (Unit.OBJECTS, "descriptors that lists gave back"),
    "topups": (Unit.COUNT, "top-ups that filled a vCPU's cache, each up to its capacity"),
    "cached": (Unit.OBJECTS, "descriptors left in vCPU caches at the end, of those that were topped up"),
}

PEAK_BYTES = "replay.peak_bytes"
"""What the descriptors take that lists had at the peak, slabs and caches left aside."""

BYTES = f"{DESC}.bytes"
"""The topic of what these figures are of."""

HELD = "those of lists and vCPU caches together, when they held most"
NO_CACHE = "no vCPU cache is topped up in the trace"

MOST_MARKS = 1 << 17
"""A trace that is marked more often is shown up to here."""

MOST_BYTES = 1 << 28
"""In memory, of marks in all columns: neither is shown what would be more."""

OF_MARK, OF_NUMBER = 512, 8
"""The most bytes in memory that a mark takes, and each number of it."""


class Mark(NamedTuple):
    """What lists took, a number for each column, when the trace was marked."""

    at: int
    text: str
    live: array[int]
    cached: array[int]

    @property
    def held(self) -> tuple[int, ...]:
        """Return the descriptors in lists and caches together: what the slab counter has of them."""
        return tuple(map(sum, zip(self.live, self.cached, strict=True)))

    @property
    def size(self) -> int:
        """Return the bytes in memory that it takes at most."""
        return OF_MARK + OF_NUMBER * (len(self.live) + len(self.cached))

    def data(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"at": self.at, "text": self.text, "live": [*self.live], "cached": [*self.cached], "held": self.held}


class Pass:
    """One pass over a trace."""

    def __init__(self, scenarios: list[Scenario]) -> None:
        """Start before the first line."""
        self._scenarios = scenarios
        first = scenarios[0]
        self._lists = Lists(map(_rule, scenarios))
        self._envelope = Envelope(map(_rule, scenarios), mmu.rmap_cap(first.kernel), 1 + first.first_vm.smm)
        self.steps = StepReplay(scenarios)
        steps = Steps(tuple(self.steps.machines.values()))
        minimum = mmu.desc_topup_min(first.kernel)
        self.reader = TraceReader(self._lists, self._envelope, steps, self._mark, minimum)
        self.marks: list[Mark] = []
        self.stages: list[Stage] = []
        self._samples = Samples()
        self._bytes = 0
        """That all marks so far take in memory."""
        self._unmarked = 0
        """The line of the first mark that is left out."""

    @property
    def upper(self) -> bool:
        """Return whether the trace gives an upper envelope only."""
        return self.reader.kind == ENVELOPE

    @property
    def caches(self) -> bool:
        """Return whether the trace tells what vCPU caches hold."""
        return self.reader.kind == STEPS or any(tally.topups for tally in self._lists.tallies)

    def _mark(self, at: int, text: str) -> None:
        if self._unmarked:
            return
        if len(self.marks) + len(self.stages) == MOST_MARKS or self._bytes > MOST_BYTES:
            self._unmarked = at
        elif self.reader.kind == STEPS:
            self.stages.append(self.steps.stage(at, text))
            self._bytes += self.stages[-1].size
        else:
            cached = array("q", (tally.cached for tally in self._lists.tallies))
            self.marks.append(Mark(at, text, array("q", self._live()), cached))
            self._bytes += self.marks[-1].size

    def _live(self) -> list[int]:
        return self._envelope.live if self.upper else [tally.live for tally in self._lists.tallies]

    def sample(self, at: int) -> None:
        """Take a sample if it is time for one."""
        self._samples.take(at, self._lengths)

    def samples(self, last: int) -> tuple[Sample, ...]:
        """Return the samples, with one of the end."""
        return self._samples.until(Sample(last, self._lengths()))

    def peaks(self) -> tuple[int, tuple[Sample, ...]]:
        """Return the longest list, and each column's lists at its peak; none for an envelope or for steps."""
        if self.upper or self.reader.kind == STEPS:
            return 0, ()
        peaks = zip(self._lists.tallies, self._lists.at_peak(), strict=True)
        return self._lists.longest, tuple(Sample(tally.peak_at, lengths) for tally, lengths in peaks)

    def _lengths(self) -> dict[int, int]:
        if self.reader.kind == STEPS:
            return self.steps.lengths()
        return (self._envelope if self.upper else self._lists).lengths()

    def ledgers(self) -> Iterator[Ledger]:
        """Yield the figures of each column: what was counted, and the slabs of the peak."""
        if self.reader.kind == STEPS:
            yield from self.steps.ledgers()
            return
        for number, scenario in enumerate(self._scenarios):
            counts = {term.name: term for term in self._counts(number, scenario)}
            ledger = slabs_of(scenario, counts["replay.peak" if self.upper else "replay.held_peak"])
            ledger.update(counts)
            ledger.add(product(PEAK_BYTES, Unit.BYTES, counts["replay.peak"], ledger[f"{DESC}.size"]))
            yield ledger

    def _counts(self, number: int, scenario: Scenario) -> Iterator[Term]:
        """Yield what was counted for a column."""
        if not self.upper:
            tally = self._lists.tallies[number]
            for name, (unit, why) in COUNTS.items():
                yield fixed(f"replay.{name}", getattr(tally, name), unit, why)
            return
        why = "SPTEs that were set; their removal is not traced"
        ext = fixed("ext", _rule(scenario).ext, Unit.ENTRIES, "PTE_LIST_EXT")
        for name, most in (("live", self._envelope.live), ("peak", self._envelope.peak)):
            yield rule(f"replay.{name}", 0, most[number], Unit.OBJECTS, why, ext)

    def notes(self, lines: int) -> Iterator[Note]:
        """Yield what to know when reading the figures."""
        for what, (count, first) in sorted(self.reader.odd.items(), key=lambda item: item[1][1]):
            text = ODD[what] + (f" ({count:,} times)" if count > 1 else "")
            yield Note(f"INEXACT from line {first:,} on", text)
        if self._unmarked:
            count = len(self.marks) + len(self.stages)
            full = f"the {count:,} before take the {MOST_BYTES >> 20} MiB that there are for them"
            why = full if count < MOST_MARKS else f"there are more than {MOST_MARKS:,}"
            yield Note("marks", f"from line {self._unmarked:,} on they are left out, {why}")
        ignored = f", {self.reader.ignored:,} of them of other events" if self.reader.ignored else ""
        if self.upper:
            text = f"{lines:,} lines of kvm_mmu_set_spte{ignored}: an UPPER ENVELOPE, no removal is traced"
            yield Note("trace", text)
            yield Note("envelope", "of the rmap lists of one VM; parent_ptes lists are not traced at all")
            return
        state = "not exact" if self.reader.odd else "exact"
        if self.reader.kind == STEPS:
            yield Note("steps", f"{lines:,} lines{ignored}, replayed fault by fault, {state}")
            for name, why in self.steps.slabs.open.items():
                yield Note(f"{name} slabs", f"bounds for any history from some mark on, for {why}")
            yield Note(BYTES, HELD)
            return
        yield Note("trace", f"{lines:,} lines{ignored}, replayed entry by entry, {state}")
        tallies = self._lists.tallies
        if any(tally.short for tally in tallies):
            yield Note(
                "caches",
                "some were in use before the trace, or not traced: top-ups and what caches held are lower bounds",
            )
        yield Note(BYTES, HELD if self.caches else f"those of the lists alone, at their peak: {NO_CACHE}")


def _rule(scenario: Scenario) -> ListRules:
    kernel, vm = scenario.kernel, scenario.first_vm
    return ListRules(mmu.ext(kernel, vm), kernel.list_policy, mmu.desc_capacity(kernel, vm), mmu.desc_topup_min(kernel))
